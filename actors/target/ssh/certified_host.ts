/**
 * Learns a host's key by its certificate: the first key exchange of a connection, up to the host's
 * signature, and no further. ssh2 knows no certificates; what is learnt here is pinned for it.
 *
 * Sans-IO: bytes in, bytes out. RFC 4253 sections 4.2, 6 to 8, RFC 8731.
 *
 * **Invariant (G4):** no credential takes part. A key is given out only when a certificate that
 * counts vouches for it and its holder signed this very exchange.
 *
 * @module
 */
import { createHash, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { int32At, Reader, Writer } from "#schemas/wire/cursor.ts";
import { type CertificateDemand, certifiedKey } from "./host_certificate.ts";
import { isSigned, keyFields, putBytes, putText, readBytes, readText } from "./signature.ts";

export type CertifiedHostStep =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** The host's plain public key. */
  | { readonly kind: "certified"; readonly key: Uint8Array }
  /** `none`: the host shows no certificate; `refused`: it shows one that does not count. */
  | { readonly kind: "failed"; readonly reason: "none" | "refused" | "misbehaved" };

const message = {
  disconnect: 1,
  ignore: 2,
  debug: 4,
  kexInit: 20,
  ecdhInit: 30,
  ecdhReply: 31,
} as const;

const version = "SSH-2.0-Sallyport";
const versionBytesMax = 255;
const packetBytesMax = 35_000;
/** Lines that a host may say before its version, together. */
const greetingBytesMax = 64 * 1024;

const keyExchanges = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
const certificateTypes = Object.keys(keyFields).filter((type) => type !== "ssh-rsa")
  .map((type) => `${type}-cert-v01@openssh.com`)
  .concat(["rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com"]);
/** Agreed on and never used. */
const ciphers = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"]
  .concat(["chacha20-poly1305@openssh.com"]);
const codes = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512"];

export class CertifiedHost {
  readonly #demand: CertificateDemand;
  readonly #keys = generateKeyPairSync("x25519");
  readonly #ownInit: Uint8Array;
  #waiting = new Uint8Array(0);
  #hostVersion: Uint8Array | null = null;
  #greeted = 0;
  #hostInit: Uint8Array | null = null;
  #over = false;

  /** `cookie` is 16 random bytes. */
  constructor(demand: CertificateDemand, cookie: Uint8Array) {
    this.#demand = demand;
    this.#ownInit = kexInit(cookie);
  }

  start(): Uint8Array {
    const to = new Writer().raw(new TextEncoder().encode(`${version}\r\n`));
    return to.raw(packet(this.#ownInit)).bytes();
  }

  receive(chunk: Uint8Array): readonly CertifiedHostStep[] {
    const joined = new Uint8Array(this.#waiting.length + chunk.length);
    joined.set(this.#waiting);
    joined.set(chunk, this.#waiting.length);
    this.#waiting = joined;
    const steps: CertifiedHostStep[] = [];
    while (!this.#over) {
      const step = this.#next();
      if (step === null) break;
      if (step !== "skipped") steps.push(step);
      if (step !== "skipped" && step.kind !== "send") this.#over = true;
    }
    return steps;
  }

  #next(): CertifiedHostStep | "skipped" | null {
    if (this.#hostVersion === null) return this.#line();
    if (this.#waiting.length < 5) return null;
    const length = int32At(this.#waiting, 0) >>> 0;
    const padding = this.#waiting[4] ?? 0;
    if (length > packetBytesMax || length < padding + 2) return misbehaved;
    if (this.#waiting.length < 4 + length) return null;
    const payload = this.#waiting.slice(5, 4 + length - padding);
    this.#waiting = this.#waiting.slice(4 + length);
    return this.#message(payload);
  }

  #line(): CertifiedHostStep | "skipped" | null {
    const end = this.#waiting.indexOf(0x0a);
    if (end < 0) return this.#waiting.length > greetingBytesMax ? misbehaved : null;
    const line = this.#waiting.slice(0, this.#waiting[end - 1] === 0x0d ? end - 1 : end);
    this.#waiting = this.#waiting.slice(end + 1);
    const text = new TextDecoder("latin1").decode(line.subarray(0, versionBytesMax));
    if (text.startsWith("SSH-2.0-") || text.startsWith("SSH-1.99-")) {
      if (line.length > versionBytesMax) return misbehaved;
      this.#hostVersion = line;
      return "skipped";
    }
    this.#greeted += end + 1;
    return this.#greeted > greetingBytesMax || text.startsWith("SSH-") ? misbehaved : "skipped";
  }

  #message(payload: Uint8Array): CertifiedHostStep | "skipped" {
    switch (payload[0]) {
      case message.ignore:
      case message.debug:
        return "skipped";
      case message.kexInit:
        return this.#hostInit === null ? this.#agree(payload) : misbehaved;
      case message.ecdhReply:
        return this.#hostInit === null ? misbehaved : this.#prove(payload);
      default:
        return misbehaved;
    }
  }

  #agree(payload: Uint8Array): CertifiedHostStep {
    this.#hostInit = payload;
    const from = new Reader(payload, 1);
    from.bytes(16, "cookie");
    const exchanges = readText(from, "key exchanges").split(",");
    const types = readText(from, "host keys").split(",");
    for (let list = 0; list < 8; list++) readBytes(from, "lists");
    const follows = from.uint8("guess follows");
    if (from.failed) return misbehaved;
    if (!certificateTypes.some((type) => types.includes(type))) return failed("none");
    const first = keyExchanges.find((name) => exchanges.includes(name));
    // A host that guesses how we agree would have to be followed; none does.
    if (first === undefined || follows !== 0) return misbehaved;
    const to = new Writer().uint8(message.ecdhInit);
    return { kind: "send", bytes: packet(putBytes(to, this.#ownPublic()).bytes()) };
  }

  #prove(payload: Uint8Array): CertifiedHostStep {
    const from = new Reader(payload, 1);
    const certificate = readBytes(from, "host key");
    const theirs = readBytes(from, "public value");
    const signature = readBytes(from, "signature");
    if (from.failed || from.remaining > 0 || theirs.length !== 32) return misbehaved;
    const key = certifiedKey(certificate, this.#demand);
    if (key === null) return failed("refused");
    const secret = this.#secret(theirs);
    if (secret === null) return misbehaved;
    const exchange = new Writer();
    putText(exchange, version);
    putBytes(exchange, this.#hostVersion ?? new Uint8Array(0));
    putBytes(exchange, this.#ownInit);
    putBytes(exchange, this.#hostInit ?? new Uint8Array(0));
    putBytes(exchange, certificate);
    putBytes(exchange, this.#ownPublic());
    putBytes(exchange, theirs);
    putBytes(exchange, mpint(secret));
    const hash = createHash("sha256").update(exchange.view()).digest();
    return isSigned(key, hash, signature) ? { kind: "certified", key } : failed("refused");
  }

  #ownPublic(): Uint8Array {
    // The key itself stands last in its encoding (RFC 8410 section 4).
    return this.#keys.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  }

  /** Null for a value that gives everybody the same secret (RFC 7748 section 6.1). */
  #secret(theirs: Uint8Array): Uint8Array | null {
    try {
      const x = theirs.toBase64({ alphabet: "base64url", omitPadding: true });
      const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
      const secret = diffieHellman({ privateKey: this.#keys.privateKey, publicKey });
      return secret.every((byte) => byte === 0) ? null : secret;
    } catch {
      return null;
    }
  }
}

function failed(reason: "none" | "refused" | "misbehaved"): CertifiedHostStep {
  return { kind: "failed", reason };
}
const misbehaved = failed("misbehaved");

function kexInit(cookie: Uint8Array): Uint8Array {
  const to = new Writer().uint8(message.kexInit).raw(cookie);
  const lists = [keyExchanges, certificateTypes, ciphers, ciphers, codes, codes, ["none"], [
    "none",
  ]];
  for (const list of [...lists, [], []]) putText(to, list.join(","));
  return to.uint8(0).int32(0).bytes();
}

/** RFC 4253 section 6, before keys: padded to eight bytes, at least four of padding. */
function packet(payload: Uint8Array): Uint8Array {
  const padding = 4 + (8 - (payload.length + 9) % 8) % 8;
  const to = new Writer().int32(1 + payload.length + padding).uint8(padding).raw(payload);
  return to.raw(new Uint8Array(padding)).bytes();
}

/** RFC 4251 section 5: no leading zeros, but one where the first bit is set. */
function mpint(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return (digits[0] ?? 0) < 0x80 ? digits : Uint8Array.from([0, ...digits]);
}
