/**
 * What SCRAM binds a login to: the server's certificate, as a hash (`tls-server-end-point`). A
 * server that was reached through somebody else's TLS cannot prove itself then.
 *
 * Source: RFC 5929 section 4.1; RFC 5280 section 4.1 for the certificate.
 *
 * @module
 */
import { createHash } from "node:crypto";

/**
 * The binding's data for a certificate in DER; null where its signature names no hash function (as
 * Ed25519) or is of no kind known here, for which the RFC defines none.
 */
export function serverEndPoint(certificate: Uint8Array): Uint8Array | null {
  const outer = element(certificate, 0);
  const signed = outer === null ? null : element(certificate, outer.start);
  const algorithm = signed === null ? null : element(certificate, signed.end);
  const name = algorithm === null ? null : element(certificate, algorithm.start);
  if (name === null || certificate[algorithm?.start ?? 0] !== objectIdentifier) return null;
  const hash = hashes.get(certificate.subarray(name.start, name.end).toHex());
  if (hash === undefined) return null;
  return Uint8Array.from(createHash(hash).update(certificate).digest());
}

const objectIdentifier = 0x06;

/** Signature algorithms by the bytes of their object identifier. MD5 and SHA-1 become SHA-256. */
const hashes: ReadonlyMap<string, string> = new Map([
  // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224.
  ["2a864886f70d010104", "sha256"],
  ["2a864886f70d010105", "sha256"],
  ["2a864886f70d01010b", "sha256"],
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2a864886f70d01010e", "sha224"],
  // 1.2.840.10045.4: ECDSA with SHA-1, SHA-224, SHA-256, SHA-384, SHA-512.
  ["2a8648ce3d0401", "sha256"],
  ["2a8648ce3d040301", "sha224"],
  ["2a8648ce3d040302", "sha256"],
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
]);

/** Where the contents of the DER element at `at` begin and end; null when it is none. */
function element(bytes: Uint8Array, at: number): { start: number; end: number } | null {
  const first = bytes[at + 1];
  if (first === undefined) return null;
  const digits = first < 0x80 ? 0 : first & 0x7f;
  if (digits > 4) return null;
  let length = digits === 0 ? first : 0;
  for (let digit = 0; digit < digits; digit++) length = length * 256 + (bytes[at + 2 + digit] ?? 0);
  const start = at + 2 + digits;
  return start + length > bytes.length ? null : { start, end: start + length };
}
