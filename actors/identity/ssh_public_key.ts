/**
 * Reads one SSH public key as its file holds it: type, base64, comment (RFC 4253 section 6.6).
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The longest key that is read: RSA of 16,384 bits and some. */
const keyBytesMax = 4096;
const types: ReadonlySet<string> = new Set([
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
]);

/** The key's fingerprint, `SHA256:...`; null when it is no key of a type that edges take. */
export function fingerprintOf(line: string): string | null {
  const match = /^([a-z0-9-]{1,32}) ([A-Za-z0-9+/]{32,5600}={0,2})(?: [^\r\n]{0,256})?\s?$/.exec(
    line,
  );
  const [, type = "", text = ""] = match ?? [];
  if (!types.has(type)) return null;
  const blob = bytesOf(text);
  if (blob === null || blob.length > keyBytesMax) return null;
  const name = new TextEncoder().encode(type);
  // The blob says its own type, and an edge goes by the blob.
  const head = Uint8Array.of(0, 0, 0, name.length, ...name);
  if (!head.every((byte, index) => blob[index] === byte)) return null;
  const digest = createHash("sha256").update(blob).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

function bytesOf(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return null;
  }
}
