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
import { safeName } from "#schemas/detectors/redacted.ts";
import { int32At } from "#schemas/wire/cursor.ts";
import { derivedKey, type MaskingKey, type Scope } from "./key.ts";
import { hmac, keyedCheck, type KeyedHash } from "./sha256.ts";

/** Gives the marker of a value: bytes that stay as they are until the next call, and no longer. */
export type Marker = (value: Uint8Array) => Uint8Array;

/**
 * `tok_<class>_<24 base32 characters>` for a value's bytes; a token of this key is its own. RFC
 * 4648 section 6, in lower case and without padding: fifteen bytes are 24 characters.
 */
export function tokenMarker(key: MaskingKey, scope: Scope): Marker {
  const prefix = `tok_${safeName(scope.className)}_`;
  return keyedMarker(key, scope, { prefix, tagBytes: 11, digits: base32 });
}

/** `hmac:<32 hexadecimal characters>` for a value's bytes; a hash of this key is its own. */
export function hashMarker(key: MaskingKey, scope: Scope): Marker {
  return keyedMarker(key, scope, { prefix: "hmac:", tagBytes: 12, digits: base16 });
}

/** How bytes are written as text: digits of so many bits, and what each character stands for. */
type Digits = {
  readonly bits: number;
  readonly characters: Uint8Array;
  /** By character code; -1 for what is no digit. */
  readonly values: Int8Array;
};
const base32 = digitsOf(5, "abcdefghijklmnopqrstuvwxyz234567");
const base16 = digitsOf(4, "0123456789abcdef");

type KeyedForm = {
  readonly prefix: string;
  /** 9 to 12: three words, of which the last bytes are left out. */
  readonly tagBytes: number;
  readonly digits: Digits;
};

const checkBytes = 4;
const digest = new Int32Array(8);

/**
 * The marker of a value is a tag, HMAC-SHA-256 cut short, and a keyed check of the tag. A text that
 * merely looks like a marker is a value and is masked; only one that this key made is left as it
 * is, which makes masking twice the same as masking once. The check hides nothing: who could forge
 * one would see his own forgery unchanged. So it may be short, and costs one compression.
 */
function keyedMarker(key: MaskingKey, scope: Scope, form: KeyedForm): Marker {
  const { prefix, tagBytes, digits } = form;
  const sealed = new Uint8Array(tagBytes + checkBytes);
  const length = prefix.length + sealed.length * 8 / digits.bits;
  const marker = Buffer.from(prefix.padEnd(length));
  let keys: { readonly tag: KeyedHash; readonly check: KeyedHash } | null = null;
  return (value) => {
    // Not before a value asks for it: a column of integers has no markers.
    keys ??= { tag: derivedKey(key, scope, "text"), check: derivedKey(key, scope, "check") };
    if (value.length === length && hasPrefix(value, marker, prefix.length)) {
      const isRead = readDigits(digits, value, prefix.length, sealed);
      if (isRead && int32At(sealed, tagBytes) === checkOf(keys.check, sealed, tagBytes)) {
        return value;
      }
    }
    hmac(keys.tag, value, digest);
    for (let i = 0; i < tagBytes; i++) sealed[i] = (digest[i >> 2] ?? 0) >>> (24 - (i & 3) * 8);
    putInt32(sealed, tagBytes, checkOf(keys.check, sealed, tagBytes));
    writeDigits(digits, sealed, marker, prefix.length);
    return marker;
  };
}

function checkOf(key: KeyedHash, sealed: Uint8Array, tagBytes: number): number {
  const last = int32At(sealed, 8) & (-1 << (12 - tagBytes) * 8);
  return keyedCheck(key, int32At(sealed, 0), int32At(sealed, 4), last);
}

function hasPrefix(value: Uint8Array, marker: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (value[i] !== marker[i]) return false;
  return true;
}

function putInt32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (24 - i * 8);
}

function digitsOf(bits: number, alphabet: string): Digits {
  const characters = Buffer.from(alphabet);
  const values = new Int8Array(256).fill(-1);
  characters.forEach((character, value) => values[character] = value);
  return { bits, characters, values };
}

/** Writes bytes whose bits are a multiple of a digit's. */
function writeDigits(digits: Digits, bytes: Uint8Array, out: Uint8Array, start: number): void {
  const { bits, characters } = digits;
  const mask = (1 << bits) - 1;
  let at = start;
  let have = 0;
  let held = 0;
  for (let i = 0; i < bytes.length; i++) {
    held = ((held & 0xff) << 8) | (bytes[i] ?? 0);
    for (have += 8; have >= bits;) {
      have -= bits;
      out[at++] = characters[(held >>> have) & mask] ?? 0;
    }
  }
}

/** Fills `bytes` from the digits; false when a character is none. */
function readDigits(digits: Digits, text: Uint8Array, start: number, bytes: Uint8Array): boolean {
  let at = start;
  let have = 0;
  let held = 0;
  for (let i = 0; i < bytes.length; i++) {
    for (; have < 8; have += digits.bits) {
      const value = digits.values[text[at++] ?? 0] ?? -1;
      if (value < 0) return false;
      held = ((held & 0xff) << digits.bits) | value;
    }
    have -= 8;
    bytes[i] = held >>> have;
  }
  return true;
}
