/**
 * Rewrites DataRow messages by the plan of their columns.
 *
 * **Invariant:** a row leaves with as many columns as it came with; a row that no program covers,
 * or whose column count is not the program's, leaves with nothing but NULL.
 *
 * Rows are the bulk of all traffic, so a column's work is settled once (`columnProgram`) and a row
 * in which nothing changes is passed on as it came, without a copy of any value.
 *
 * @module
 */
import type { ColumnPlan } from "#schemas/mask_plan.ts";
import { int32At, type Malformed, malformed, uint16At, type Writer } from "#schemas/wire/cursor.ts";
import { bodyOffset, type Frame } from "#schemas/wire/postgres/frame.ts";
import { mapBinaryArray } from "./arrays.ts";
import {
  type Detection,
  detectionWithout,
  type DetectorClasses,
  maskDetected,
  mayHold,
} from "#schemas/detectors/detect.ts";
import type { MaskingKey } from "./key.ts";
import { constantMask, valueMasker } from "./operators.ts";
import { elementOf, holdsText, kindOf } from "./types.ts";

/** What is known of a column besides its plan. */
export type ColumnFacts = {
  /** 0 when not known. */
  readonly typeOid: number;
  readonly format: 0 | 1;
  /** The column is masked whatever its plan says: the plan is not of this column. */
  readonly whole: boolean;
  /** False when the type may be that of another statement: text is then looked for all the same. */
  readonly typeIsCertain: boolean;
};

/** What to do to the values of one column. `counts` grows by class as values are masked. */
export type ColumnProgram =
  & { readonly classes: readonly string[]; maskedValues: number }
  & (
    | { readonly does: "keep" }
    | {
      readonly does: "constant";
      readonly bytes: Uint8Array | null;
      /** Also in place of NULL. */
      readonly nullsToo: boolean;
    }
    | { readonly does: "mask"; readonly mask: (value: Uint8Array) => Uint8Array | null }
    | { readonly does: "scan"; readonly scan: (value: Uint8Array) => Uint8Array | null }
  );

/** The columns of a result. */
export type RowProgram = { readonly columns: readonly ColumnProgram[] };

/** What every program is made with. */
export type Means = {
  readonly key: MaskingKey;
  readonly detectors: DetectorClasses;
  /** Finds of detectors, by class; grows. */
  readonly found: Map<string, number>;
  readonly detectionsMax: number;
};

export function columnProgram(plan: ColumnPlan, facts: ColumnFacts, means: Means): ColumnProgram {
  const classes = plan.classes.length === 0 ? ["opaque"] : plan.classes;
  const base = { classes, maskedValues: 0 };
  const { typeOid, format } = facts;
  if (facts.whole || plan.mask.operator === "null") {
    return { ...base, does: "constant", bytes: null, nullsToo: false };
  }
  if (plan.mask.operator === "keep") {
    const scan = scanner(plan, facts, means);
    return scan === null ? { ...base, does: "keep" } : { ...base, does: "scan", scan };
  }
  const className = classes[0] ?? "opaque";
  const bytes = constantMask(format, typeOid, plan.mask, className, means.key);
  // Whether an expression is NULL, and how many elements it has, may be made to tell a value.
  const isDerived = plan.origin === null && plan.mask.operator === "redact";
  if (bytes !== undefined) return { ...base, does: "constant", bytes, nullsToo: isDerived };
  if (isDerived) return { ...base, does: "constant", bytes: null, nullsToo: false };
  return {
    ...base,
    does: "mask",
    mask: valueMasker(format, typeOid, plan.mask, className, means.key),
  };
}

/** Appends the rewritten row; gives why, when it is malformed, and leaves the writer as it was. */
export function rewriteRow(
  frame: Frame,
  program: RowProgram | null,
  counts: Map<string, number>,
  out: Writer,
): Malformed | null {
  const before = out.length;
  const start = out.begin("D");
  const fault = rewriteFields(frame.raw, bodyOffset, program, counts, out);
  if (fault === null) out.end(start);
  else out.truncate(before);
  return fault;
}

/**
 * Appends rewritten fields, of a DataRow or of a tuple of COPY in binary format: from `start` to
 * the end of the bytes an Int16 count, then for each field an Int32 length, -1 for NULL, and bytes.
 * What lies between fields that change is copied in one piece, lengths and all.
 */
export function rewriteFields(
  bytes: Uint8Array,
  start: number,
  program: RowProgram | null,
  counts: Map<string, number>,
  out: Writer,
): Malformed | null {
  const end = bytes.length;
  if (end - start < 2) return malformed("truncated", "column count", start);
  const count = uint16At(bytes, start);
  const columns = program?.columns.length === count ? program.columns : null;
  let at = start + 2;
  let copied = start;
  let uncovered = 0;
  for (let index = 0; index < count; index++) {
    if (end - at < 4) return malformed("truncated", "value length", at);
    const length = int32At(bytes, at);
    const value = at + 4;
    if (length < -1) return malformed("negative_length", "value length", at);
    if (length > end - value) return malformed("truncated", "value", value);
    const next = length < 0 ? value : value + length;
    const column = columns?.[index];
    if (column === undefined) {
      if (length >= 0) {
        uncovered++;
        out.copy(bytes, copied, at - copied).int32(-1);
        copied = next;
      }
    } else if (length < 0 || !isUntouched(column, bytes, value, next)) {
      const given = length < 0 ? null : bytes.subarray(value, next);
      const masked = given === null ? rewriteNull(column) : rewriteValue(column, given);
      if (masked !== given) {
        out.copy(bytes, copied, at - copied).nullableBytes(masked);
        copied = next;
      }
    }
    at = next;
  }
  if (at !== end) return malformed("trailing_bytes", "message", at);
  if (uncovered > 0) counts.set("opaque", (counts.get("opaque") ?? 0) + uncovered);
  out.copy(bytes, copied, end - copied);
  return null;
}

/** Whether a value, which is not NULL, leaves as it came without being read further. */
export function isUntouched(
  column: ColumnProgram,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  return column.does === "keep" || column.does === "scan" && !mayHold(bytes, start, end);
}

/**
 * One value of a column; the very same bytes when nothing changes. Valid until the next value, so
 * it is to be written at once.
 */
export function rewriteValue(column: ColumnProgram, value: Uint8Array): Uint8Array | null {
  switch (column.does) {
    case "keep":
      return value;
    case "scan":
      return column.scan(value);
    case "constant":
      column.maskedValues++;
      return column.bytes;
    case "mask":
      column.maskedValues++;
      return column.mask(value);
  }
}

/** What stands in place of a NULL of a column: null for NULL itself. */
export function rewriteNull(column: ColumnProgram | undefined): Uint8Array | null {
  if (column?.does !== "constant" || !column.nullsToo) return null;
  return rewriteValue(column, noBytes);
}
const noBytes = new Uint8Array(0);

/** Moves what the columns counted into `counts`. */
export function collectCounts(program: RowProgram, counts: Map<string, number>): void {
  for (const column of program.columns) {
    if (column.maskedValues === 0) continue;
    for (const name of column.classes) {
      counts.set(name, (counts.get(name) ?? 0) + column.maskedValues);
    }
    column.maskedValues = 0;
  }
}

/** What looks for identifiers in a column that is kept; null when there is nothing to look for. */
function scanner(
  plan: ColumnPlan,
  facts: ColumnFacts,
  means: Means,
): ((value: Uint8Array) => Uint8Array | null) | null {
  const { typeOid, format } = facts;
  // A class that is revealed in this column is not hidden again by its detector.
  const detection = detectionWithout(means.detectors, plan.classes, means.detectionsMax);
  if (detection === null) return null;
  const count = (name: string, times: number) => {
    means.found.set(name, (means.found.get(name) ?? 0) + times);
  };
  if (!holdsText(typeOid, format)) {
    if (facts.typeIsCertain || format === 1) return null;
    return (value) => looksLikeScalar(value) ? value : scanText(value, "text", detection, count);
  }
  const kind = kindOf(typeOid);
  if (kind === "array" && format === 1) {
    const elementOid = elementOf(typeOid);
    const element = (value: Uint8Array) => scanBinary(value, elementOid, detection, count);
    return (value) =>
      mayHold(value, 0, value.length) ? mapBinaryArray(value, elementOid, element) : value;
  }
  if (format === 1) return (value) => scanBinary(value, typeOid, detection, count);
  const form = kind === "json" || kind === "jsonb" ? "json" : "text";
  return (value) => scanText(value, form, detection, count);
}

type Count = (className: string, times: number) => void;

function scanText(
  value: Uint8Array,
  form: "text" | "json",
  detection: Detection,
  count: Count,
): Uint8Array {
  return maskDetected(value, form, detection, count);
}

/** In a binary type that is not known a find cannot be cut out without breaking it: NULL. */
function scanBinary(
  value: Uint8Array,
  typeOid: number,
  detection: Detection,
  count: Count,
): Uint8Array | null {
  const kind = kindOf(typeOid);
  if (kind === "text" || kind === "xml") return scanText(value, "text", detection, count);
  if (kind === "json") return scanText(value, "json", detection, count);
  if (kind === "jsonb" && value[0] === 1) {
    const inner = value.subarray(1);
    const masked = scanText(inner, "json", detection, count);
    if (masked === inner) return value;
    const versioned = new Uint8Array(masked.length + 1);
    versioned[0] = 1;
    versioned.set(masked, 1);
    return versioned;
  }
  return scanText(value, "text", detection, count) === value ? value : null;
}

/** Whether a text is a number, a date or a time by its characters alone. */
function looksLikeScalar(value: Uint8Array): boolean {
  if (value.length > 40) return false;
  for (const byte of value) {
    const isDigit = byte >= 0x30 && byte <= 0x39;
    const isMark = byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x3a ||
      byte === 0x20;
    if (!isDigit && !isMark) return false;
  }
  // An SSN is digits and dashes too: three, two, four.
  return !/^\d{3}[- .]\d{2}[- .]\d{4}$/.test(String.fromCharCode(...value));
}
