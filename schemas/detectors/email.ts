/**
 * E-mail addresses: an RFC 5322 dot-atom, an `@` and a domain of two labels or more; in UTF-8 both
 * may hold other letters (RFC 6531).
 *
 * @module
 */
import { isLetter, type Range } from "./scan.ts";

/** The address around the `@` at `at`, from `floor` on. */
export function emailAt(bytes: Uint8Array, at: number, floor: number): Range | null {
  let start = localStart(bytes, at, floor);
  // Behind a backslash stands a control character of JSON or COPY, not a letter of the address.
  if (bytes[start - 1] === 0x5c && isLetter(bytes[start]) && start < at - 1) start++;
  while (start < at && bytes[start] === 0x2e) start++;
  const end = domainEnd(bytes, at + 1);
  return start < at && end !== null ? { start, end } : null;
}

/** Where an address whose `@` may come at `end` would begin at the earliest. */
export function localStart(bytes: Uint8Array, end: number, floor: number): number {
  let start = end;
  const lowest = Math.max(floor, end - localBytesMax);
  while (start > lowest && localBytes[bytes[start - 1] ?? 0] === 1) start--;
  return start;
}

/** Whether what follows the bytes may be part of the domain behind the `@` at `at`. */
export function mayGoOn(bytes: Uint8Array, at: number): boolean {
  if (bytes.length - at > domainBytesMax + 2) return false;
  for (let i = at + 1; i < bytes.length; i++) {
    if (isLabelByte[bytes[i] ?? 0] !== 1 && bytes[i] !== 0x2e) return false;
  }
  return true;
}

const localBytesMax = 64;
const domainBytesMax = 255;

/** 1 for letters, digits, the marks of an atom, the full stop and what is not ASCII. */
const localBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isAtom = /[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]/.test(String.fromCharCode(byte));
  return byte >= 0x80 || isAtom ? 1 : 0;
});

const isLabelByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  return byte >= 0x80 || /[A-Za-z0-9-]/.test(String.fromCharCode(byte)) ? 1 : 0;
});

/** Where the last label ends that can be a top-level domain; null when there is none. */
function domainEnd(bytes: Uint8Array, start: number): number | null {
  let at = start;
  let labels = 0;
  let end: number | null = null;
  while (at - start <= domainBytesMax) {
    const label = at;
    while (isLabelByte[bytes[at] ?? 0x20] === 1 && at - start <= domainBytesMax) at++;
    if (at === label) break;
    labels++;
    if (labels > 1) end = topLevelEnd(bytes, label, at) ?? end;
    if (bytes[at] !== 0x2e) break;
    at++;
  }
  return end;
}

/** Two letters or more; a label that begins outside of ASCII counts as it is. */
function topLevelEnd(bytes: Uint8Array, label: number, end: number): number | null {
  if ((bytes[label] ?? 0) >= 0x80) return end;
  let at = label;
  while (at < end && isLetter(bytes[at])) at++;
  if (bytes[label] === 0x78 && bytes[label + 2] === 0x2d) return end; // xn-- (RFC 5890)
  return at - label >= 2 ? at : null;
}
