/**
 * The rows that `COPY FROM STDIN` brings, as they come: which values are masked ones written back.
 *
 * Theory of operation. CopyData messages cut rows as they like, and so do the requests that carry
 * them. What begins a row is kept until the rest of it comes with a later request; a piece that
 * cannot hold a masked value is only looked at for where its last row ends.
 *
 * **Invariant:** every field of every row is looked at before the row's last byte is passed on.
 * Data that cannot be cut into rows, or a row beyond `copyRowBytesMax`, is unreadable from there.
 *
 * @module
 */
import { type MaskedForms, textsOf } from "#schemas/detectors/masked_forms.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import type { CopyFormat } from "#schemas/mask_plan.ts";
import { uint16At } from "#schemas/wire/cursor.ts";
import {
  binaryFields,
  binaryHeaderEnd,
  binaryTrailer,
  binaryTupleEnd,
} from "#schemas/wire/postgres/copy/binary_rows.ts";
import { csvFieldEnds, csvFieldValue, csvRowEnd } from "#schemas/wire/postgres/copy/csv_rows.ts";
import {
  textFieldEnds,
  textFieldValue,
  textRowEnd,
} from "#schemas/wire/postgres/copy/text_rows.ts";
import type { Destination } from "../analysis/written_values.ts";

/** A COPY under way. Kept with the session: a value, never changed. */
export type CopyingIn = {
  readonly columns: readonly Destination[];
  readonly format: CopyFormat;
  readonly next: "header" | "rows" | "nothing" | "unreadable";
  /** What came of a row that has not ended. */
  readonly rest: Uint8Array;
  /** Whether `rest` may hold a masked value. */
  readonly isSuspect: boolean;
};

export type Copied = {
  readonly copying: CopyingIn;
  /** Where masked values would go. */
  readonly into: readonly Destination[];
};

/** Bytes of one row that are kept; a longer one is not judged. */
export const copyRowBytesMax = 4 * 1024 * 1024;

export function copyBegins(columns: readonly Destination[], format: CopyFormat): CopyingIn {
  const hasHeader = format.format === "binary" || format.header;
  const next = hasHeader ? "header" : "rows";
  return { columns, format, next, rest: new Uint8Array(0), isSuspect: false };
}

/** Takes the data of a CopyData message. */
export function copyContinues(
  copying: CopyingIn,
  data: Uint8Array,
  forms: MaskedForms,
): Copied {
  if (copying.next === "unreadable") return { copying, into: [] };
  const bytes = copying.rest.length === 0 ? data : joinBytes([copying.rest, data]);
  const reader = readerOf(copying.format);
  // Binary fields hold text as it is; in the others an escape may hide it, and counts as a hint.
  const unseen = bytes.subarray(Math.max(0, copying.rest.length - hintBytesMax));
  const isSuspect = copying.isSuspect || mayHold(unseen, forms);
  const into: Destination[] = [];
  let next: CopyingIn["next"] = copying.next;
  let start = 0;
  while (start < bytes.length) {
    const end = reader.end(bytes, start, next);
    if (typeof end !== "number") return { copying: { ...copying, next: "unreadable" }, into };
    if (end < 0) break;
    const row = bytes.subarray(start, end);
    if (next === "header") next = "rows";
    else if (reader.isLast(row)) next = "nothing";
    else if (isSuspect && mayHold(row, forms)) look(row, copying, reader, forms, into);
    start = end;
  }
  const rest = bytes.slice(start);
  if (rest.length > copyRowBytesMax) next = "unreadable";
  return { copying: { ...copying, next, rest, isSuspect: isSuspect && rest.length > 0 }, into };
}

/** At CopyDone: the last row of text or CSV may lack its line feed. */
export function copyEnds(copying: CopyingIn, forms: MaskedForms): Copied {
  const { format, rest } = copying;
  if (rest.length === 0 || format.format === "binary") return { copying, into: [] };
  return copyContinues(copying, Uint8Array.of(lineFeed), forms);
}

/** NULL of the text format is no escape that could hide anything. */
function mayHold(bytes: Uint8Array, forms: MaskedForms): boolean {
  return forms.mayHold(latin1.decode(bytes).replaceAll("\\N", ""));
}

type Reader = {
  end(bytes: Uint8Array, start: number, next: CopyingIn["next"]): number | "copy_malformed";
  isLast(row: Uint8Array): boolean;
  fields(row: Uint8Array): readonly (Uint8Array | null)[];
};

function readerOf(format: CopyFormat): Reader {
  const delimiter = format.delimiter.charCodeAt(0);
  if (format.format === "binary") {
    return {
      end: (bytes, start, next) => {
        if (next === "nothing") return "copy_malformed";
        return next === "header" ? binaryHeaderEnd(bytes, start) : binaryTupleEnd(bytes, start);
      },
      isLast: (row) => uint16At(row, 0) === binaryTrailer,
      fields: binaryFields,
    };
  }
  if (format.format === "text") {
    return {
      end: (bytes, start) => textRowEnd(bytes, start, start),
      isLast: () => false,
      fields: (row) => cut(row, textFieldEnds(row, delimiter)).map(textFieldValue),
    };
  }
  const quote = format.quote.charCodeAt(0);
  const marks = { delimiter, quote, escape: format.escape.charCodeAt(0) };
  const rowEnd = csvRowEnd(marks);
  return {
    end: (bytes, start) => rowEnd(bytes, start, start),
    isLast: () => false,
    fields: (row) => cut(row, csvFieldEnds(row, marks)).map((field) => csvFieldValue(field, marks)),
  };
}

function cut(row: Uint8Array, ends: readonly number[]): readonly Uint8Array[] {
  return ends.map((end, at) => row.subarray(at === 0 ? 0 : (ends[at - 1] ?? 0) + 1, end));
}

function look(
  row: Uint8Array,
  { columns, format }: CopyingIn,
  reader: Reader,
  forms: MaskedForms,
  into: Destination[],
): void {
  for (const [at, field] of reader.fields(row).entries()) {
    if (field === null || field.length < maskedBytesMin || into.length >= namedMax) continue;
    const column = columns[at] ?? null;
    const texts = textsOf(field, format.format === "binary" ? 1 : 0);
    // A carriage return ends rows as well, when the client writes them so.
    const parts = texts.flatMap((text) => text.includes("\r") ? text.split("\r") : [text]);
    if (parts.some((part) => forms.isMasked(part, column?.classes ?? null))) into.push(column);
  }
}

/** Nothing that masking makes is shorter. */
const maskedBytesMin = 3;
/** What hints at a masked value is no longer. */
const hintBytesMax = 128;
/** Columns named in one refusal. */
const namedMax = 16;
const lineFeed = 0x0a;
const latin1 = new TextDecoder("latin1");
