/**
 * Masking of what is text or holds text: `text` and its kin, JSON, XML, `bytea`, `tsvector`.
 *
 * **Invariant:** JSON stays JSON, XML stays XML, and an operator that cannot read a value falls
 * back to redaction, never to the value.
 *
 * @module
 */
import { Buffer, isUtf8 } from "node:buffer";
import type { Ask } from "./ask.ts";
import { starsMin } from "#schemas/detectors/masked_forms.ts";
import { generaliseCommonDate, generaliseYearText } from "./temporal.ts";
import { lowPopulationZip3 } from "./zip3_data.ts";

/** Masks text of any length limit; `padded` says that trailing blanks do not count (`bpchar`). */
export function maskText(value: Uint8Array, padded: boolean, ask: Ask): Uint8Array {
  const { rule } = ask;
  const text = padded ? trimBlanks(value) : value;
  switch (rule.operator) {
    case "redact":
    case "hash":
    case "tokenise":
      return ask.marker(text);
    case "partial":
      return partialText(text, rule.first, rule.last) ?? ask.redacted;
    case "generalise": {
      const common = rule.to === "year" ? generaliseCommonDate(text, ask.key.thisYear) : null;
      if (common !== null) return common;
      const short = shortAscii(text);
      const general = short === null ? null : generalisedText(short, rule.to, ask);
      return general === null ? ask.redacted : Buffer.from(general);
    }
  }
}

/** Masks `json`, or `jsonb` whose binary format has a version byte before the text. */
export function maskJson(value: Uint8Array, kind: "json" | "jsonb", ask: Ask): Uint8Array | null {
  const versioned = kind === "jsonb" && ask.format === 1;
  if (versioned && isKeyed(ask) && value[0] !== 1) return null;
  const marker = ask.marker(jsonInner(versioned ? value.subarray(1) : value));
  return Buffer.concat([versioned ? versionedQuote : quote, marker, quote]);
}

/** Masks `xml`. */
export function maskXml(value: Uint8Array, ask: Ask): Uint8Array {
  const isMarked = value.length < 256 && startsWith(value, "<masked>") &&
    endsWith(value, "</masked>");
  const inner = isMarked ? value.subarray(8, value.length - 9) : value;
  return Buffer.concat([Buffer.from("<masked>"), ask.marker(inner), Buffer.from("</masked>")]);
}

/** Masks `bytea`: the bytes of the marker; in text format in hexadecimal. */
export function maskBytea(value: Uint8Array, ask: Ask): Uint8Array {
  const isHex = ask.format === 0 && value[0] === 0x5c && value[1] === 0x78;
  const raw = isHex ? Buffer.from(Buffer.from(value).toString("latin1", 2), "hex") : value;
  const marker = ask.marker(raw);
  return ask.format === 1 ? marker : Buffer.from(`\\x${Buffer.from(marker).toString("hex")}`);
}

/** Masks `tsvector`: one lexeme, the redaction marker. Binary: count, lexeme, no positions. */
export function maskTsvector(ask: Ask): Uint8Array {
  const apostrophe = Buffer.from("'");
  if (ask.format === 0) return Buffer.concat([apostrophe, ask.redacted, apostrophe]);
  return Buffer.concat([Buffer.of(0, 0, 0, 1), ask.redacted, Buffer.of(0, 0, 0)]);
}

const quote = Buffer.from('"');
const versionedQuote = Buffer.of(1, 0x22);

function isKeyed(ask: Ask): boolean {
  return ask.rule.operator === "hash" || ask.rule.operator === "tokenise";
}

/** Inside a JSON string without escapes, so that a token within one is known again. */
function jsonInner(text: Uint8Array): Uint8Array {
  const isString = text.length >= 2 && text[0] === 0x22 && text[text.length - 1] === 0x22;
  const isPlain = isString && !text.includes(0x5c);
  return isPlain ? text.subarray(1, -1) : text;
}

/**
 * Stars for all but the first and last characters, `starsMin` at least, so that it is known for
 * what it is when it is written back. When those would be all of it, stars for the whole; null when
 * the bytes are not UTF-8, whose characters cannot be told apart.
 */
function partialText(value: Uint8Array, first: number, last: number): Uint8Array | null {
  if (!isUtf8(value)) return null;
  let count = 0;
  for (const byte of value) if ((byte & 0xc0) !== 0x80) count++;
  if (first + last >= count) return Buffer.alloc(first + last + starsMin, 0x2a);
  const head = offsetOf(value, first);
  const tail = offsetOf(value, count - last);
  const stars = Buffer.alloc(Math.max(starsMin, count - first - last), 0x2a);
  return Buffer.concat([value.subarray(0, head), stars, value.subarray(tail)]);
}

/** The byte offset of a character of valid UTF-8. */
function offsetOf(value: Uint8Array, character: number): number {
  let seen = 0;
  for (let i = 0; i < value.length; i++) {
    if (((value[i] ?? 0) & 0xc0) === 0x80) continue;
    if (seen === character) return i;
    seen++;
  }
  return value.length;
}

function generalisedText(
  text: string,
  to: "year" | "age90" | "zip3",
  ask: Ask,
): string | null {
  if (to === "year") return generaliseYearText(text, ask.key.thisYear);
  if (to === "age90") {
    if (text === "90+") return text;
    if (!/^\d{1,3}$/.test(text)) return null;
    return Number(text) >= 90 ? "90+" : text;
  }
  const zip = /^(\d{3})(?:\*\*|\d{2}(?:[- ]?\d{4})?)$/.exec(text);
  if (zip?.[1] === undefined) return null;
  return `${lowPopulationZip3.has(zip[1]) ? "000" : zip[1]}**`;
}

function shortAscii(value: Uint8Array): string | null {
  if (value.length === 0 || value.length > 64) return null;
  return Buffer.from(value).toString("latin1").trim();
}

function trimBlanks(value: Uint8Array): Uint8Array {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0x20) end--;
  return value.subarray(0, end);
}

function startsWith(value: Uint8Array, text: string): boolean {
  return Buffer.from(value.subarray(0, text.length)).toString("latin1") === text;
}

function endsWith(value: Uint8Array, text: string): boolean {
  return startsWith(value.subarray(Math.max(0, value.length - text.length)), text);
}
