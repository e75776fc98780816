/**
 * Masking of numbers, in text and in their binary formats (`int4send`, `float8send`,
 * `numeric_send` of the server's source).
 *
 * **Invariant:** a masked number is a number of its type: as wide in binary, within its range.
 * Integer tokens are a permutation, so that no two values share one.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { digest, permute16, permute32, permute64 } from "./key.ts";
import type { Ask } from "./ask.ts";
import { lowPopulationZip3 } from "./zip3_data.ts";

export type IntegerKind = "int2" | "int4" | "int8" | "oid";

/** Masks an integer; null when the value is not one of its type. */
export function maskInteger(value: Uint8Array, kind: IntegerKind, ask: Ask): Uint8Array | null {
  const isText = ask.format === 0;
  const number = isBlind(ask) ? 0n : isText ? textInteger(value) : binaryInteger(value, kind);
  if (number === null) return null;
  const masked = maskedInteger(number, kind, ask);
  return ask.format === 1 ? integerBytes(masked, kind) : Buffer.from(String(masked));
}

/** Masks a `float4` or `float8`; a derived value is a whole number that the type holds exactly. */
export function maskFloat(value: Uint8Array, wide: boolean, ask: Ask): Uint8Array | null {
  const number = isBlind(ask) ? 0 : ask.format === 1 ? binaryFloat(value, wide) : textNumber(value);
  if (number === null) return null;
  const masked = maskedReal(number, String(number), wide ? 53 : 24, ask);
  if (ask.format === 0) return Buffer.from(String(masked));
  const bytes = Buffer.alloc(wide ? 8 : 4);
  if (wide) bytes.writeDoubleBE(masked);
  else bytes.writeFloatBE(masked);
  return bytes;
}

/** Masks a `numeric`; a whole number gets the token that an integer column would give it. */
export function maskNumeric(value: Uint8Array, ask: Ask): Uint8Array | null {
  const text = isBlind(ask) ? "0" : ask.format === 1 ? binaryNumeric(value) : plainText(value);
  if (text === null || !numericText.test(text)) return null;
  const canonical = text.replace(/^(-?)0+(?=\d)/, "$1").replace(/\.0*$|(\.\d*?)0+$/, "$1");
  const whole = /^-?\d{1,19}$/.test(canonical) ? BigInt(canonical) : null;
  const masked = whole !== null && BigInt.asIntN(64, whole) === whole
    ? maskedInteger(whole, "int8", ask)
    : BigInt(maskedReal(Number(canonical), canonical, 53, ask));
  return ask.format === 1 ? numericBytes(masked) : Buffer.from(String(masked));
}

/** Masks `money`: always nothing. Its text is the locale's, so no operator can read it. */
export function maskMoney(ask: Ask): Uint8Array {
  return ask.format === 1 ? new Uint8Array(8) : Buffer.from("$0.00");
}

/** Whether the rule gives the type's zero, whatever the value is. */
function isBlind(ask: Ask): boolean {
  return ask.rule.operator === "redact" || ask.rule.operator === "partial";
}

function maskedInteger(value: bigint, kind: IntegerKind, ask: Ask): bigint {
  const { key, rule } = ask;
  switch (rule.operator) {
    case "redact":
    case "partial":
      return 0n;
    case "hash": {
      const bits = kind === "int2" ? 15 : kind === "int8" ? 53 : 31;
      return digest(key, ask, "integer", Buffer.from(String(value))).readBigUInt64BE() &
        ((1n << BigInt(bits)) - 1n);
    }
    case "tokenise":
      if (kind === "int2") return BigInt(permute16(key, ask, Number(value)));
      if (kind === "int4") return BigInt(permute32(key, ask, Number(value)));
      if (kind === "oid") return BigInt.asUintN(32, BigInt(permute32(key, ask, Number(value))));
      return permute64(key, ask, value);
    case "generalise":
      return generalisedInteger(value, rule.to);
  }
}

function generalisedInteger(value: bigint, to: "year" | "age90" | "zip3"): bigint {
  if (to === "age90") return value >= 90n ? 90n : value;
  if (to !== "zip3" || value < 0n || value > 99_999n) return 0n;
  const prefix = value / 100n;
  return lowPopulationZip3.has(String(prefix).padStart(3, "0")) ? 0n : prefix * 100n;
}

/** `bits` is how wide a whole number the type holds exactly. */
function maskedReal(value: number, canonical: string, bits: 24 | 53, ask: Ask): number {
  if (ask.rule.operator === "generalise" && ask.rule.to === "age90" && Number.isFinite(value)) {
    return Math.min(90, Math.trunc(value));
  }
  if (ask.rule.operator !== "hash" && ask.rule.operator !== "tokenise") return 0;
  const bytes = digest(ask.key, ask, "real", Buffer.from(canonical));
  return Number(bytes.readBigUInt64BE() >> BigInt(64 - bits));
}

const integerBytesOf = { int2: 2, int4: 4, oid: 4, int8: 8 } as const;

function binaryInteger(value: Uint8Array, kind: IntegerKind): bigint | null {
  if (value.length !== integerBytesOf[kind]) return null;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (kind === "oid") return BigInt(bytes.readUInt32BE());
  return kind === "int8" ? bytes.readBigInt64BE() : BigInt(bytes.readIntBE(0, value.length));
}

function integerBytes(value: bigint, kind: IntegerKind): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes.subarray(8 - integerBytesOf[kind]);
}

function plainText(value: Uint8Array): string | null {
  if (value.length === 0 || value.length > numericCharsMax) return null;
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
}

function textInteger(value: Uint8Array): bigint | null {
  const text = plainText(value);
  return text === null || !/^-?\d{1,20}$/.test(text) ? null : BigInt(text);
}

function textNumber(value: Uint8Array): number | null {
  const text = plainText(value);
  if (text === null || !/^-?(?:\d[\d.eE+-]*|Infinity|NaN)$/.test(text)) return null;
  return Number(text);
}

function binaryFloat(value: Uint8Array, wide: boolean): number | null {
  if (value.length !== (wide ? 8 : 4)) return null;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  return wide ? bytes.readDoubleBE() : bytes.readFloatBE();
}

const numericText = /^-?(?:\d+(?:\.\d*)?|Infinity|NaN)$/;
/** Longer numbers are masked to NULL: what they are is not worth a megabyte of digits. */
const numericCharsMax = 2048;

/**
 * Reads ndigits, weight, sign, dscale (Int16 each) and base-10000 digits, as plain decimal text.
 */
function binaryNumeric(value: Uint8Array): string | null {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < 8) return null;
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (sign === 0xc000) return "NaN";
  if (sign === 0xd000) return "Infinity";
  if (sign === 0xf000) return "-Infinity";
  if (bytes.length !== 8 + count * 2 || weight * 4 + scale > numericCharsMax) return null;
  let whole = "";
  let fraction = "";
  for (let place = Math.max(weight, 0); place >= -Math.ceil(scale / 4); place--) {
    const index = weight - place;
    const digit = index < 0 || index >= count ? 0 : bytes.readUInt16BE(8 + index * 2);
    if (digit > 9999) return null;
    if (place >= 0) whole += String(digit).padStart(4, "0");
    else fraction += String(digit).padStart(4, "0");
  }
  const shown = whole.replace(/^0+(?=\d)/, "");
  const tail = scale === 0 ? "" : `.${fraction.slice(0, scale).padEnd(scale, "0")}`;
  return `${sign === 0x4000 ? "-" : ""}${shown}${tail}`;
}

function numericBytes(value: bigint): Uint8Array {
  const digits: number[] = [];
  for (let left = value < 0n ? -value : value; left > 0n; left /= 10_000n) {
    digits.unshift(Number(left % 10_000n));
  }
  const bytes = Buffer.alloc(8 + digits.length * 2);
  bytes.writeUInt16BE(digits.length, 0);
  bytes.writeInt16BE(Math.max(digits.length - 1, 0), 2);
  bytes.writeUInt16BE(value < 0n ? 0x4000 : 0, 4);
  digits.forEach((digit, index) => bytes.writeUInt16BE(digit, 8 + index * 2));
  return bytes;
}
