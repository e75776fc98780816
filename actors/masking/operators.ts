/**
 * Masks one value of a result, of whatever type, in text or in binary format.
 *
 * **Invariant:** NULL stays NULL; every other result is a valid value of the column's type or NULL;
 * and a value whose type or writing is not understood becomes NULL, never itself.
 *
 * @example A masked int4 in binary is four bytes; a masked text says what it was
 * ```ts
 * import { maskValue } from "#actors/masking/operators.ts";
 * import { maskingKey } from "#actors/masking/key.ts";
 * import { equal } from "node:assert/strict";
 * const key = maskingKey(new Uint8Array(32).fill(7), null);
 * const text = new TextEncoder().encode("536-22-1234");
 * const masked = maskValue(text, 0, 25, { operator: "redact" }, "ssn", key);
 * equal(new TextDecoder().decode(masked ?? undefined), "[ssn]");
 * const id = Uint8Array.of(0, 0, 0, 9);
 * equal(maskValue(id, 1, 23, { operator: "hash" }, "mrn", key)?.length, 4);
 * ```
 * @module
 */
import { Buffer } from "node:buffer";
import type { Operator } from "#schemas/mask_plan.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { maskInet, maskMac, maskUuid } from "./addresses.ts";
import { mapBinaryArray, mapTextArray } from "./arrays.ts";
import { type Ask, askOf } from "./ask.ts";
import type { MaskingKey } from "./key.ts";
import { maskFloat, maskInteger, maskMoney, maskNumeric } from "./numbers.ts";
import { maskDate, maskInterval, maskTime, maskTimestamp } from "./temporal.ts";
import { maskBytea, maskJson, maskText, maskTsvector, maskXml } from "./texts.ts";
import { elementOf, type Kind, kindOf } from "./types.ts";

/**
 * Masks `value`, which is of type `typeOid` in `format` (0 text, 1 binary). `className` names the
 * data class in markers and scopes keyed results. Redaction, for a type that is not text, gives the
 * type's own nothing: 0, false, 0001-01-01, the nil UUID.
 */
export function maskValue(
  value: Uint8Array | null,
  format: 0 | 1,
  typeOid: number,
  operator: Operator,
  className: string,
  key: MaskingKey,
): Uint8Array | null {
  return valueMasker(format, typeOid, operator, className, key)(value);
}

/**
 * `maskValue` for the values of one column, its dispatch done once. What it gives may be memory
 * that the next call reuses.
 */
export function valueMasker(
  format: 0 | 1,
  typeOid: number,
  operator: Operator,
  className: string,
  key: MaskingKey,
): (value: Uint8Array | null) => Uint8Array | null {
  if (operator.operator === "keep") return (value) => value;
  if (operator.operator === "null") return () => null;
  const ask = askOf(operator, format, className, key);
  const kind = kindOf(typeOid);
  if (kind !== "array") {
    return (value) => value === null ? null : maskKind(value, kind, typeOid, ask);
  }
  const elementOid = elementOf(typeOid);
  const element = (part: Uint8Array) => maskKind(part, kindOf(elementOid), elementOid, ask);
  return (value) => {
    if (value === null) return null;
    return format === 1 ? mapBinaryArray(value, elementOid, element) : mapTextArray(value, element);
  };
}

/**
 * Masks a value of COPY in text or CSV, whose type is not told: as text when the catalog knows
 * nothing better of the column.
 */
export function copyTypeOid(typeOid: number): number {
  return typeOid === 0 ? textOid : typeOid;
}

const textOid = 25;
const bpcharOid = 1042;

function maskKind(value: Uint8Array, kind: Kind, typeOid: number, ask: Ask): Uint8Array | null {
  switch (kind) {
    case "text":
      return maskText(value, typeOid === bpcharOid, ask);
    case "char":
      return Buffer.of(0x2a);
    case "json":
    case "jsonb":
      return maskJson(value, kind, ask);
    case "xml":
      return maskXml(value, ask);
    case "bytea":
      return maskBytea(value, ask);
    case "bool":
      // Two values have nothing to hide behind: any keyed result would be one of them.
      return ask.format === 1 ? Uint8Array.of(0) : Buffer.from("f");
    case "int2":
    case "int4":
    case "int8":
    case "oid":
      return maskInteger(value, kind, ask);
    case "float4":
    case "float8":
      return maskFloat(value, kind === "float8", ask);
    case "numeric":
      return maskNumeric(value, ask);
    case "money":
      return maskMoney(ask);
    case "date":
      return maskDate(value, ask);
    case "timestamp":
    case "timestamptz":
      return maskTimestamp(value, kind === "timestamptz", ask);
    case "time":
    case "timetz":
      return maskTime(kind === "timetz", ask);
    case "interval":
      return maskInterval(ask);
    case "uuid":
      return maskUuid(value, ask);
    case "inet":
    case "cidr":
      return maskInet(value, kind === "cidr", ask);
    case "macaddr":
      return maskMac(value, 6, ask);
    case "macaddr8":
      return maskMac(value, 8, ask);
    case "tsvector":
      return maskTsvector(ask);
    case "array":
    case "other":
      return null;
    default:
      return unreachable(kind);
  }
}

/**
 * What every value of a column becomes, when that is the same for all of them; undefined when it
 * depends on the value.
 */
export function constantMask(
  format: 0 | 1,
  typeOid: number,
  operator: Operator,
  className: string,
  key: MaskingKey,
): Uint8Array | null | undefined {
  const kind = kindOf(typeOid);
  if (operator.operator === "null" || kind === "other") return null;
  const isBlind = operator.operator === "redact" ||
    operator.operator === "partial" && kind !== "text";
  if (!isBlind || kind === "array") return undefined;
  return maskValue(new Uint8Array(0), format, typeOid, operator, className, key);
}
