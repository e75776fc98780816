/**
 * What a masked text looks like, so that people, agents and the gateway itself can tell it from a
 * value: `[ssn]` redacted, `tok_ssn_…` a token, `hmac:…` a hash, stars for what is hidden.
 *
 * **Invariant:** every marker is printable ASCII without quote, backslash, comma, semicolon or
 * control character, so that it is the same bytes in every client encoding and needs no escape in
 * JSON, XML, CSV or an array.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { digest, type MaskingKey, type Scope } from "./key.ts";

/** A class name as it may stand in a marker. */
export function safeName(className: string): string {
  const safe = className.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 63);
  return safe === "" ? "masked" : safe;
}

/** `[ssn]`: what a redacted text of class `ssn` becomes. */
export function redactedText(className: string): string {
  return `[${safeName(className)}]`;
}

/** `tok_<class>_<24 base32 characters>` for a value's bytes; a token of this key is its own. */
export function tokenText(key: MaskingKey, scope: Scope, value: Uint8Array): string {
  const prefix = `tok_${safeName(scope.className)}_`;
  const known = asciiOf(value, prefix.length + 24);
  if (known?.startsWith(prefix) === true) {
    const sealed = base32Decode(known.slice(prefix.length));
    if (sealed !== null && isSealed(key, scope, sealed)) return known;
  }
  return prefix + base32(seal(key, scope, digest(key, scope, "text", value).subarray(0, 11)));
}

/** `hmac:<32 hexadecimal characters>` for a value's bytes; a hash of this key is its own. */
export function hashText(key: MaskingKey, scope: Scope, value: Uint8Array): string {
  const known = asciiOf(value, hashPrefix.length + 32);
  if (known !== null && hashed.test(known)) {
    const sealed = Buffer.from(known.slice(hashPrefix.length), "hex");
    if (isSealed(key, scope, sealed)) return known;
  }
  const tag = digest(key, scope, "text", value).subarray(0, 12);
  return hashPrefix + seal(key, scope, tag).toString("hex");
}

/**
 * Whether a text is recognisably masked: a whole redaction marker, token, hash, a run of stars or
 * the inside of one of the markers for JSON and XML. For judging what is written back, by shape
 * alone: a real value of that shape is taken for a masked one.
 */
export function isMasked(text: string): boolean {
  const xml = /^<masked>([^<]{1,200})<\/masked>$/.exec(text);
  const inner = xml?.[1] ?? text.replace(/^"(.*)"$/, "$1").replace(/^'(.*)'$/, "$1");
  return redacted.test(inner) || token.test(inner) || hashed.test(inner) || inner === "90+" ||
    /^\d{3}\*\*$/.test(inner) || /\*{3}/.test(inner);
}

const hashPrefix = "hmac:";
const redacted = /^\[[A-Za-z0-9_-]{1,63}\]$/;
const token = /^tok_[A-Za-z0-9_-]{1,63}_[a-z2-7]{24}$/;
const hashed = /^hmac:[0-9a-f]{32}$/;
const sealBytes = 4;

/**
 * Adds a keyed check to a tag. A text that merely looks like a token is a value and is masked; only
 * one that this key made is left as it is, which makes masking twice the same as masking once.
 */
function seal(key: MaskingKey, scope: Scope, tag: Uint8Array): Buffer {
  return Buffer.concat([tag, digest(key, scope, "seal", tag).subarray(0, sealBytes)]);
}

function isSealed(key: MaskingKey, scope: Scope, sealed: Buffer): boolean {
  return sealed.equals(seal(key, scope, sealed.subarray(0, sealed.length - sealBytes)));
}

function asciiOf(value: Uint8Array, length: number): string | null {
  if (value.length !== length) return null;
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
}

// RFC 4648 section 6, in lower case and without padding: fifteen bytes are 24 characters.
const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(held >>> bits) & 31];
    }
    held &= 0xff;
  }
  return text;
}

function base32Decode(text: string): Buffer | null {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value < 0) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >>> bits) & 0xff);
  }
  return Buffer.from(bytes);
}
