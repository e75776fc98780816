/**
 * Public keys and signatures as SSH writes them (RFC 4253 section 6.6, RFC 5656, 8332, 8709).
 *
 * **Invariant:** no SHA-1, no DSA, no RSA key below 2048 bits.
 *
 * @module
 */
import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { Reader, Writer } from "#schemas/wire/cursor.ts";

/** Key fields by key type: how many strings follow the type's name. */
export const keyFields: Readonly<Record<string, number>> = {
  "ssh-ed25519": 1,
  "ecdsa-sha2-nistp256": 2,
  "ecdsa-sha2-nistp384": 2,
  "ecdsa-sha2-nistp521": 2,
  "ssh-rsa": 2,
};

const curves: Readonly<Record<string, { name: string; bytes: number; hash: string }>> = {
  "ecdsa-sha2-nistp256": { name: "P-256", bytes: 32, hash: "sha256" },
  "ecdsa-sha2-nistp384": { name: "P-384", bytes: 48, hash: "sha384" },
  "ecdsa-sha2-nistp521": { name: "P-521", bytes: 66, hash: "sha512" },
};

const rsaHashes: Readonly<Record<string, string>> = {
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
};
const rsaBytesMin = 256;

/** Says whether `signature` of `data` is by `key`, both in SSH's encodings. Never throws. */
export function isSigned(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return check(key, data, signature);
  } catch {
    return false;
  }
}

function check(key: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const from = new Reader(key);
  const type = readText(from, "key type");
  const fields = Array.from({ length: keyFields[type] ?? 0 }, () => readBytes(from, "key"));
  const signed = new Reader(signature);
  const algorithm = readText(signed, "algorithm");
  const value = readBytes(signed, "signature");
  if (from.failed || signed.failed || from.remaining + signed.remaining > 0) return false;
  const [first = new Uint8Array(0), second = new Uint8Array(0)] = fields;
  const curve = curves[type];
  if (curve !== undefined) {
    if (algorithm !== type || second.length !== 1 + 2 * curve.bytes || second[0] !== 4) {
      return false;
    }
    const x = second.subarray(1, 1 + curve.bytes);
    const y = second.subarray(1 + curve.bytes);
    const jwk = { kty: "EC", crv: curve.name, x: base64url(x), y: base64url(y) };
    const pair = new Reader(value);
    const parts = [readBytes(pair, "r"), readBytes(pair, "s")].map((part) => {
      return padded(part, curve.bytes);
    });
    if (pair.failed || pair.remaining > 0) return false;
    const joined = Uint8Array.from(parts.flatMap((part) => [...part]));
    const dsaEncoding = "ieee-p1363";
    return verify(curve.hash, data, { key: keyOf(jwk), dsaEncoding }, joined);
  }
  if (type === "ssh-ed25519") {
    if (algorithm !== type || first.length !== 32 || value.length !== 64) return false;
    const jwk = { kty: "OKP", crv: "Ed25519", x: base64url(first) };
    return verify(null, data, keyOf(jwk), value);
  }
  const hash = rsaHashes[algorithm];
  const modulus = unsigned(second);
  if (type !== "ssh-rsa" || hash === undefined || modulus.length < rsaBytesMin) return false;
  const jwk = { kty: "RSA", e: base64url(unsigned(first)), n: base64url(modulus) };
  return verify(hash, data, keyOf(jwk), value);
}

function keyOf(jwk: JsonWebKey) {
  return createPublicKey({ key: jwk, format: "jwk" });
}

/** A `string` of RFC 4251 section 5. */
export function readBytes(from: Reader, field: string): Uint8Array {
  return from.bytes(from.int32(field), field);
}

const ascii = new TextDecoder("latin1");
/** A name: what is not ASCII is no name that is compared with ours. */
export function readText(from: Reader, field: string): string {
  return ascii.decode(readBytes(from, field));
}

export function putBytes(to: Writer, bytes: Uint8Array): Writer {
  return to.int32(bytes.length).raw(bytes);
}

export function putText(to: Writer, text: string): Writer {
  return putBytes(to, new TextEncoder().encode(text));
}

/** An mpint without its sign byte. */
function unsigned(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  return bytes.subarray(start);
}

function padded(mpint: Uint8Array, length: number): Uint8Array {
  const digits = unsigned(mpint);
  if (digits.length > length) throw new RangeError("Number is too large for its curve");
  const whole = new Uint8Array(length);
  whole.set(digits, length - digits.length);
  return whole;
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
