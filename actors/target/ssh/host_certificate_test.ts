/** Certificates that do not count, and hosts that show another's. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash, createPublicKey, diffieHellman, generateKeyPairSync, sign } from "node:crypto";
import { Reader, Writer } from "#schemas/wire/cursor.ts";
import { CertifiedHost, type CertifiedHostStep } from "./certified_host.ts";
import { certifiedKey } from "./host_certificate.ts";
import { putBytes, putText, readBytes } from "./signature.ts";

const type = "ssh-ed25519";
const authority = newKey();
const host = newKey();
const nowMs = 1_000_000_000;
const demand = { authorities: [pin(authority)], host: "lab.example", nowMs };

Deno.test("a certificate counts as long as nothing of it is changed", () => {
  const certificate = certificateOf(host);
  deepStrictEqual(certifiedKey(certificate, demand), host.blob);
  for (let at = 0; at < certificate.length; at++) {
    const changed = certificate.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    strictEqual(certifiedKey(changed, demand), null, `byte ${at}`);
  }
  strictEqual(certifiedKey(certificate.subarray(0, -1), demand), null);
  strictEqual(certifiedKey(Uint8Array.from([...certificate, 0]), demand), null);
});

Deno.test("a certificate counts for a host, its names, its time, and without options", () => {
  strictEqual(certifiedKey(certificateOf(host, { kind: 1 }), demand), null);
  strictEqual(certifiedKey(certificateOf(host, { options: 1 }), demand), null);
  const certificate = certificateOf(host);
  strictEqual(certifiedKey(certificate, { ...demand, host: "other.example" }), null);
  strictEqual(certifiedKey(certificate, { ...demand, nowMs: nowMs * 3 }), null);
  strictEqual(certifiedKey(certificate, { ...demand, nowMs: 0 }), null);
  strictEqual(certifiedKey(certificate, { ...demand, authorities: [pin(host)] }), null);
  ok(certifiedKey(certificate, { ...demand, host: "LAB.example" }) !== null);
});

Deno.test("a host must hold the key that its certificate is for", () => {
  deepStrictEqual(meet(certificateOf(host), host), { kind: "certified", key: host.blob });
  deepStrictEqual(meet(certificateOf(host), newKey()), { kind: "failed", reason: "refused" });
});

Deno.test("a host without certificates, and one that talks on, are told apart", () => {
  const none = new CertifiedHost(demand, new Uint8Array(16));
  const init = packet(kexInit("ssh-ed25519"));
  deepStrictEqual(none.receive(join(text("SSH-2.0-host\r\n"), init)), [
    { kind: "failed", reason: "none" },
  ]);
  const talking = new CertifiedHost(demand, new Uint8Array(16));
  let steps: readonly CertifiedHostStep[] = [];
  for (let line = 0; line < 100 && steps.length === 0; line++) {
    steps = talking.receive(text(`${"x".repeat(1000)}\n`));
  }
  deepStrictEqual(steps, [{ kind: "failed", reason: "misbehaved" }]);
});

Deno.test("hostile bytes are answered, byte by byte or at once, and never thrown at", () => {
  const good = join(text("SSH-2.0-host\r\n"), packet(kexInit("ssh-ed25519-cert-v01@openssh.com")));
  for (let at = 0; at < good.length; at++) {
    const bytes = good.slice();
    bytes[at] = 0xff;
    const whole = new CertifiedHost(demand, new Uint8Array(16));
    const piecewise = new CertifiedHost(demand, new Uint8Array(16));
    const expected = whole.receive(bytes).map(({ kind }) => kind);
    const steps = [...bytes].flatMap((byte) => [...piecewise.receive(Uint8Array.of(byte))]);
    deepStrictEqual(steps.map(({ kind }) => kind), expected, `byte ${at}`);
  }
});

type Key = { readonly blob: Uint8Array; sign(data: Uint8Array): Uint8Array };

/** What comes of an exchange with a host that shows `certificate` and signs with `key`. */
function meet(certificate: Uint8Array, key: Key): CertifiedHostStep | undefined {
  const client = new CertifiedHost(demand, new Uint8Array(16));
  const [clientVersion, clientInit] = split(client.start());
  const init = kexInit("ssh-ed25519-cert-v01@openssh.com");
  const [send] = client.receive(join(text("SSH-2.0-host\r\n"), packet(init)));
  if (send?.kind !== "send") return send;
  const theirs = readBytes(new Reader(payloadOf(send.bytes), 1), "public value");
  const pair = generateKeyPairSync("x25519");
  const own = pair.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const x = theirs.toBase64({ alphabet: "base64url", omitPadding: true });
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
  const secret = diffieHellman({ privateKey: pair.privateKey, publicKey });
  const hashed = new Writer();
  for (const part of [clientVersion, text("SSH-2.0-host"), clientInit, init]) {
    putBytes(hashed, part);
  }
  for (const part of [certificate, theirs, own, mpint(secret)]) putBytes(hashed, part);
  const hash = createHash("sha256").update(hashed.view()).digest();
  const reply = new Writer().uint8(31);
  for (const part of [certificate, own, key.sign(hash)]) putBytes(reply, part);
  return client.receive(packet(reply.bytes()))[0];
}

function certificateOf(key: Key, changes: { kind?: number; options?: number } = {}): Uint8Array {
  const to = new Writer();
  putText(to, `${type}-cert-v01@openssh.com`);
  putBytes(to, new Uint8Array(32));
  putBytes(to, key.blob.subarray(-32));
  to.int32(0).int32(7).int32(changes.kind ?? 2);
  putText(to, "lab");
  putBytes(to, putText(new Writer(), "lab.example").bytes());
  const seconds = nowMs / 1000;
  to.int32(0).int32(seconds - 10).int32(0).int32(seconds + 10);
  putBytes(to, new Uint8Array(changes.options ?? 0));
  putBytes(to, new Uint8Array(0));
  putBytes(to, new Uint8Array(0));
  putBytes(to, authority.blob);
  return putBytes(to, authority.sign(to.bytes())).bytes();
}

function newKey(): Key {
  const pair = generateKeyPairSync("ed25519");
  const raw = pair.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const named = (bytes: Uint8Array) => putBytes(putText(new Writer(), type), bytes).bytes();
  return { blob: named(raw), sign: (data) => named(sign(null, data, pair.privateKey)) };
}

function pin(key: Key): string {
  return `${type} ${key.blob.toBase64()}`;
}

function kexInit(hostKeyType: string): Uint8Array {
  const to = new Writer().uint8(20).raw(new Uint8Array(16));
  putText(to, "curve25519-sha256");
  putText(to, hostKeyType);
  for (let list = 0; list < 8; list++) putText(to, "none");
  return to.uint8(0).int32(0).bytes();
}

function packet(payload: Uint8Array): Uint8Array {
  const to = new Writer().int32(payload.length + 5).uint8(4).raw(payload);
  return to.raw(new Uint8Array(4)).bytes();
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const from = new Reader(bytes);
  const length = from.int32("length");
  return bytes.subarray(5, 4 + length - from.uint8("padding"));
}

/** The version line without its end, and the payload behind it. */
function split(bytes: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const end = bytes.indexOf(0x0a);
  return [bytes.subarray(0, end - 1), payloadOf(bytes.subarray(end + 1))];
}

function mpint(secret: Uint8Array): Uint8Array {
  const start = secret.findIndex((byte) => byte !== 0);
  const digits = [...secret.subarray(start)];
  return Uint8Array.from((digits[0] ?? 0) < 0x80 ? digits : [0, ...digits]);
}

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
