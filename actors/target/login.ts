/**
 * The client's side of a PostgreSQL login: StartupMessage, then cleartext, md5 or SCRAM-SHA-256
 * authentication, up to the first ReadyForQuery. Sans-IO: bytes in, bytes out.
 *
 * **Invariant (G4):** the password is used here and leaves only as the server's method asks;
 * no failure names it. A server that does not prove itself in SCRAM is refused, and so is one that
 * asks for a cleartext or md5 password over a connection without TLS. Where the server can bind
 * the login to its certificate, it is bound.
 *
 * Sources: https://www.postgresql.org/docs/current/protocol-flow.html, sasl-authentication.html,
 * RFC 5802, RFC 7677, RFC 5929.
 *
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Reader, Writer } from "#schemas/wire/cursor.ts";
import { encodeBackend } from "#schemas/wire/postgres/backend.ts";
import { bodyOffset, type Frame, Framer } from "#schemas/wire/postgres/frame.ts";
import { encodeStartupPacket } from "#schemas/wire/postgres/startup_message.ts";
import { saltedPassword } from "./salted_password.ts";

export type Credentials = {
  readonly user: string;
  readonly database: string;
  readonly password: string;
};

export type LoginStep =
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  | { readonly kind: "more" }
  /** `bytes`: what the server says of itself, and ReadyForQuery; the key is for CancelRequest. */
  | {
    readonly kind: "ready";
    readonly bytes: Uint8Array;
    readonly processId: number;
    readonly secretKey: Uint8Array;
  }
  | { readonly kind: "failed"; readonly sqlstate: string; readonly reason: string };

export type LoginLimits = {
  /** What a server says up to its first ReadyForQuery, and each message of it. */
  readonly greetingBytesMax: number;
  /** PBKDF2 rounds that a server may ask for. */
  readonly iterationsMax: number;
};

/** What the login runs over. `binding`: the data of `tls-server-end-point`, null without it. */
export type Channel = { readonly encrypted: boolean; readonly binding: Uint8Array | null };

type Scram = {
  readonly clientFirstBare: string;
  readonly nonce: string;
  /** The GS2 header and, when the login is bound, the binding's data. */
  bound: Uint8Array;
  serverSignature: Uint8Array;
};

/** A login under way. `nonce` is random text for SCRAM. */
export class Login {
  readonly #credentials: Credentials;
  readonly #limits: LoginLimits;
  readonly #channel: Channel;
  readonly #framer: Framer;
  readonly #greeting = new Writer(1024);
  #scram: Scram;
  #proven = false;
  #bytes = 0;
  #processId = 0;
  #secretKey: Uint8Array = new Uint8Array(0);

  constructor(credentials: Credentials, nonce: string, channel: Channel, limits: LoginLimits) {
    this.#credentials = credentials;
    this.#limits = limits;
    this.#channel = channel;
    this.#framer = new Framer({ messageBytesMax: limits.greetingBytesMax });
    const clientFirstBare = `n=,r=${nonce}`;
    this.#scram = { clientFirstBare, nonce, bound: nothing, serverSignature: nothing };
  }

  /** The first bytes to send. */
  start(parameters: Readonly<Record<string, string>>): Uint8Array {
    const { user, database } = this.#credentials;
    const all = new Map([["user", user], ["database", database], ...Object.entries(parameters)]);
    const packet = {
      kind: "startup_message",
      minor: 0,
      parameters: all,
      options: new Map(),
    } as const;
    return encodeStartupPacket(packet, new Writer()).bytes();
  }

  /** Takes bytes of the server; gives what to do, in order. Ends with `ready` or `failed`. */
  receive(chunk: Uint8Array): LoginStep[] {
    this.#framer.push(chunk);
    const steps: LoginStep[] = [];
    for (;;) {
      const frame = this.#framer.next();
      if (frame.kind === "need") return steps;
      if (frame.kind === "malformed") return [...steps, failed("08P01", "not protocol messages")];
      this.#bytes += frame.raw.length;
      const step = this.#bytes > this.#limits.greetingBytesMax
        ? failed("08P01", "the server says too much before it is ready")
        : this.#message(frame);
      if (step.kind !== "more") steps.push(step);
      if (step.kind === "failed" || step.kind === "ready") return steps;
    }
  }

  #message(frame: Frame): LoginStep {
    const reader = new Reader(frame.raw, bodyOffset);
    switch (frame.tag) {
      case "R":
        return this.#authentication(reader.int32("authentication"), reader);
      case "K":
        this.#processId = reader.int32("process ID");
        this.#secretKey = reader.rest().slice();
        // The number is told; the key that cancels stays here.
        encodeBackend(
          { kind: "backend_key_data", processId: this.#processId, secretKey: noKey },
          this.#greeting,
        );
        return { kind: "more" };
      case "S":
      case "N":
        this.#greeting.raw(frame.raw);
        return { kind: "more" };
      case "E":
        return failed(errorCode(frame.raw), "the server refused the login");
      case "Z":
        if (!this.#proven) return failed("08P01", "the server skipped authentication");
        // What already came behind it is the session's.
        this.#greeting.raw(frame.raw).raw(this.#framer.takeRest());
        return {
          kind: "ready",
          bytes: this.#greeting.bytes(),
          processId: this.#processId,
          secretKey: this.#secretKey,
        };
      default:
        return failed("08P01", "a message that does not belong to a login");
    }
  }

  #authentication(type: number, reader: Reader): LoginStep {
    const { user, password } = this.#credentials;
    switch (type) {
      case 0:
        // The server has let us in; under SCRAM only after it proved that it knows the secret.
        if (this.#scram.serverSignature.length > 0 && !this.#proven) {
          return failed("28P01", "the server did not prove itself");
        }
        this.#proven = true;
        return { kind: "more" };
      case 3:
        if (!this.#channel.encrypted) return failed("28P01", "a cleartext password needs TLS");
        return passwordMessage(password);
      case 5: {
        if (!this.#channel.encrypted) return failed("28P01", "an md5 password needs TLS");
        const salt = reader.bytes(4, "salt");
        const inner = createHash("md5").update(password + user).digest("hex");
        const outer = createHash("md5").update(inner).update(salt).digest("hex");
        return passwordMessage(`md5${outer}`);
      }
      case 10:
        return this.#saslStart(reader);
      case 11:
        return this.#saslContinue(new TextDecoder().decode(reader.rest()));
      case 12:
        return this.#saslFinal(new TextDecoder().decode(reader.rest()));
      default:
        return failed("28000", "the server asks for a method that is not supported");
    }
  }

  #saslStart(reader: Reader): LoginStep {
    const mechanisms: string[] = [];
    for (let name = reader.cstring("mechanism"); name !== "" && !reader.failed;) {
      mechanisms.push(name);
      name = reader.cstring("mechanism");
    }
    const { binding } = this.#channel;
    const binds = binding !== null && mechanisms.includes("SCRAM-SHA-256-PLUS");
    const mechanism = binds ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256";
    if (!mechanisms.includes(mechanism)) {
      return failed("28000", "the server offers no SASL mechanism that is supported");
    }
    // `y`: we could, and see no offer; a server that did offer it knows then that somebody is
    // between us, and refuses (RFC 5802 section 6).
    const flag = binds ? "p=tls-server-end-point" : binding === null ? "n" : "y";
    const header = new TextEncoder().encode(`${flag},,`);
    this.#scram.bound = binds ? Uint8Array.of(...header, ...binding) : header;
    const first = new TextEncoder().encode(`${flag},,${this.#scram.clientFirstBare}`);
    const writer = new Writer();
    const start = writer.begin("p");
    writer.cstring(mechanism).nullableBytes(first).end(start);
    return { kind: "send", bytes: writer.bytes() };
  }

  #saslContinue(serverFirst: string): LoginStep {
    const attributes = new Map(serverFirst.split(",").map((part) => [part[0], part.slice(2)]));
    const nonce = attributes.get("r") ?? "";
    const salt = decodeBase64(attributes.get("s") ?? "");
    if (salt === null) return failed("28P01", "the server's salt is malformed");
    const iterations = Number(attributes.get("i"));
    const fresh = nonce.startsWith(this.#scram.nonce) && nonce.length > this.#scram.nonce.length;
    if (!fresh) return failed("28P01", "the server's nonce does not extend ours");
    if (!Number.isInteger(iterations) || iterations < 4096) {
      return failed("28P01", "the server asks for too few iterations");
    }
    if (iterations > this.#limits.iterationsMax) {
      return failed("28P01", "the server asks for too many iterations");
    }
    const salted = saltedPassword(this.#credentials.password, salt, iterations);
    const clientKey = hmac(salted, "Client Key");
    const storedKey = createHash("sha256").update(clientKey).digest();
    const withoutProof = `c=${this.#scram.bound.toBase64()},r=${nonce}`;
    const message = `${this.#scram.clientFirstBare},${serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, message);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    this.#scram.serverSignature = hmac(hmac(salted, "Server Key"), message);
    const final = `${withoutProof},p=${proof.toBase64()}`;
    const writer = new Writer();
    writer.message("p", (body) => void body.raw(new TextEncoder().encode(final)));
    return { kind: "send", bytes: writer.bytes() };
  }

  #saslFinal(serverFinal: string): LoginStep {
    const expected = this.#scram.serverSignature;
    const match = /^v=([A-Za-z0-9+/=]{44})(,|$)/.exec(serverFinal);
    const given = match?.[1] === undefined ? null : decodeBase64(match[1]);
    if (expected.length === 0 || given === null || given.length !== expected.length) {
      return failed("28P01", "the server's proof is malformed");
    }
    if (!timingSafeEqual(given, expected)) return failed("28P01", "the server's proof is wrong");
    this.#proven = true;
    return { kind: "more" };
  }
}

const nothing = new Uint8Array(0);
const noKey = new Uint8Array(4);

function decodeBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return null;
  }
}

function passwordMessage(password: string): LoginStep {
  const writer = new Writer();
  writer.message("p", (body) => void body.cstring(password));
  return { kind: "send", bytes: writer.bytes() };
}

function hmac(key: Uint8Array, text: string): Uint8Array {
  return Uint8Array.from(createHmac("sha256", key).update(text).digest());
}

function failed(sqlstate: string, reason: string): LoginStep {
  return { kind: "failed", sqlstate, reason };
}

/** The SQLSTATE of an ErrorResponse; its words may hold a role name and are not taken. */
function errorCode(raw: Uint8Array): string {
  let at = bodyOffset;
  while (at < raw.length && raw[at] !== 0) {
    const end = raw.indexOf(0, at + 1);
    if (end < 0) break;
    if (raw[at] === 0x43 && end - at === 6) {
      return new TextDecoder("latin1").decode(raw.subarray(at + 1, end));
    }
    at = end + 1;
  }
  return "08006";
}
