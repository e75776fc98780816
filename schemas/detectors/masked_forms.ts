/**
 * What masking leaves where a value was, as it is known again when somebody writes it back: by its
 * shape alone, without the masking key.
 *
 * - `[ssn]`, `tok_ssn_…` and `hmac:…`, of redact, tokenise and hash, in text, JSON, XML, `bytea`
 *   and arrays: wherever they are written;
 * - `J***n`, `021**` and `90+`, of partial, `zip3` and `age90`: for a column of such a class, or
 *   one that is not known;
 * - 0001-01-01, the years 5000 to 8999, the nil UUID and version 8, `0.0.0.0`, `fd…` and `02:…`,
 *   of dates, UUIDs and addresses: for a column of a class.
 *
 * **Invariant:** what `isMasked` knows, `mayHold` does not rule out. Numbers, times, booleans, the
 * first of a year and NULL are nothing that could be told from a value.
 *
 * @module
 */
import type { Operator } from "#schemas/mask_plan.ts";
import { int32At } from "../wire/cursor.ts";
import { safeName } from "./redacted.ts";

/** A class as far as its masked values depend on it. */
export type MaskedClass = { readonly mask: Operator; readonly detectors: readonly string[] };

export type MaskedForms = {
  /**
   * Whether a text is what masking made, or holds it. `classes` are those of the column it is
   * written to, none for an unprotected one, null when the column is not known.
   */
  isMasked(text: string, classes: readonly string[] | null): boolean;
  /** Whether SQL may hold such a text, in whatever way it is written; false is certain. */
  mayHold(sql: string): boolean;
};

/** The forms of a configuration's classes. */
export function maskedForms(configured: Readonly<Record<string, MaskedClass>>): MaskedForms {
  const names = [...Object.keys(configured).map(safeName), "opaque", "masked"];
  const markers = markerPatterns(configured, names);
  const hint = hintOf(names);
  const ofClass = new Map(
    Object.entries(configured).map(([name, { mask }]) => [name, patternsOf(mask)]),
  );
  const shapes = [...ofClass.values()].flatMap(({ shape }) => shape === null ? [] : [shape]);
  return { isMasked, mayHold: (sql) => hint.test(sql) };

  function isMasked(text: string, classes: readonly string[] | null): boolean {
    if (markers.some((pattern) => pattern.test(text))) return true;
    if (hexIn(text).some((inner) => isMasked(inner, classes))) return true;
    const parts = partsOf(text);
    const isShaped = (shape: RegExp) => parts.some((part) => shape.test(part));
    if (classes === null) return shapes.some(isShaped);
    return classes.some((name) => {
      const { shape, typed } = ofClass.get(name) ?? patternsOf({ operator: "redact" });
      return shape !== null && isShaped(shape) || typed.some(isShaped);
    });
  }
}

/** A text, and the elements of an array or members of an object that is written as text. */
function partsOf(text: string): readonly string[] {
  const trimmed = text.trim();
  // `partial` may show a blank or a bracket, so the whole is always one of them.
  const whole = trimmed === text ? [text] : [text, trimmed];
  const isComposed = /^[{[(]/.test(trimmed) && trimmed.length <= composedCharsMax;
  return isComposed ? [...whole, ...trimmed.split(/[\][{}(),"\\]+/)] : whole;
}

/** A longer array or object is looked at for markers alone. */
const composedCharsMax = 65_536;

/**
 * A value of the wire as the texts to look at: the elements of an array in binary format, else the
 * value, without the bytes that `jsonb` and `tsvector` have around theirs.
 */
export function textsOf(value: Uint8Array, format: 0 | 1): readonly string[] {
  if (format === 0) return [decoder.decode(value)];
  const parts = arrayElements(value) ?? [value];
  return parts.map((part) => decoder.decode(part).replace(around, ""));
}

/** Stars that stand in place of what `partial` hides are never fewer. */
export const starsMin = 3;

/**
 * A marker of any class where it is all of a value, or of an element of JSON, XML or an array; one
 * that a detector leaves, tokens and hashes, in the middle of a text as well.
 */
function markerPatterns(
  configured: Readonly<Record<string, MaskedClass>>,
  names: readonly string[],
): readonly RegExp[] {
  const detected = Object.entries(configured)
    .flatMap(([name, { detectors }]) => detectors.length > 0 ? [safeName(name)] : []);
  const keyed = String.raw`(?<![\w-])tok_[A-Za-z0-9_-]{1,63}_[a-z2-7]{24}(?![A-Za-z0-9])` +
    String.raw`|(?<!\w)hmac:[0-9a-f]{32}(?!\w)`;
  const inText = detected.length === 0 ? keyed : String.raw`\[(?:${detected.join("|")})\]|${keyed}`;
  const whole = String.raw`(?:^|["'{},>(])\s{0,8}\[(?:${names.join("|")})\]\s*(?:$|["'{},<)\\])`;
  return [new RegExp(inText), new RegExp(whole)];
}

type ClassPatterns = {
  /** Of a text; null when it has no other form than the markers. */
  readonly shape: RegExp | null;
  /** Of what is typed; blank for every operator: what is derived from a column is redacted. */
  readonly typed: readonly RegExp[];
};

function patternsOf(mask: Operator): ClassPatterns {
  switch (mask.operator) {
    case "partial": {
      const { first, last } = mask;
      const stars = String.raw`\*{${starsMin},}`;
      return { shape: new RegExp(`^.{${first}}${stars}.{${last}}$`, "su"), typed: blank };
    }
    case "generalise":
      if (mask.to === "zip3") return { shape: /^\d{3}\*\*$/, typed: blank };
      return { shape: mask.to === "age90" ? /^90\+$/ : null, typed: blank };
    case "hash":
    case "tokenise":
      return { shape: null, typed: derived };
    default:
      return { shape: null, typed: blank };
  }
}

/* Dates as PostgreSQL and JSON write them; a driver may show another time zone. */
const blank = [
  /^0001-01-01(?:$|[ T])/,
  /^0{8}-0{4}-0{4}-0{4}-0{12}$/,
  /^0\.0\.0\.0(?:\/32)?$/,
  /^00(?::00){5}(?:(?::00){2})?$/,
];
const derived = [
  ...blank,
  /^[5-8]\d{3}-\d\d-\d\d(?:$|[ T])/,
  /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i,
  /^fd[0-9a-f]{2}:[0-9a-f:]{2,36}(?:\/128)?$/i,
  /^02(?::[0-9a-f]{2}){5}(?:(?::[0-9a-f]{2}){2})?$/i,
];

/** Whatever a backslash or Unicode escape hides counts as well. */
function hintOf(names: readonly string[]): RegExp {
  return new RegExp(
    [
      String.raw`\[(?:${names.join("|")})\]`,
      String.raw`\*\*|tok_|hmac:|\\|[uU]&['"]|90\+|0001-01-01`,
      String.raw`[5-8]\d{3}-\d\d-\d\d|0{8}-0{4}|[0-9a-fA-F]{4}-8[0-9a-fA-F]{3}-`,
      String.raw`0\.0\.0\.0|[fF][dD][0-9a-fA-F]{2}:|0[02](?::[0-9a-fA-F]{2}){5}`,
    ].join("|"),
  );
}

/** What values of `bytea` say, alone or in an array: hexadecimal digits hold no other `\x`. */
function hexIn(text: string): readonly string[] {
  if (!text.includes("\\x")) return [];
  return [...text.matchAll(hexBytes)].map(([, digits = ""]) =>
    decoder.decode(Uint8Array.fromHex(digits.slice(0, digits.length & ~1)))
  );
}

/* A marker is all of the value, and short. */
const hexBytes = /\\x([0-9a-fA-F]{6,1024})(?![0-9a-fA-F])/g;

/**
 * The elements of what reads as `array_send` writes: Int32 dimensions, flags, element type; for
 * each dimension its length and lower bound; for each element Int32 length, -1 for NULL, and bytes.
 */
function arrayElements(value: Uint8Array): readonly Uint8Array[] | null {
  if (value.length < 20) return null;
  const dimensions = int32At(value, 0);
  if (dimensions < 1 || dimensions > 6 || int32At(value, 4) >>> 1 !== 0) return null;
  const elements: Uint8Array[] = [];
  let at = 12 + dimensions * 8;
  while (at + 4 <= value.length) {
    const length = int32At(value, at);
    if (length < -1 || length > value.length - at - 4) return null;
    at += 4;
    if (length > 0) elements.push(value.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  return at === value.length ? elements : null;
}

const decoder = new TextDecoder();
// deno-lint-ignore no-control-regex -- a version, counts and lengths
const around = /^[\0-\x1f]+|[\0-\x1f]+$/g;
