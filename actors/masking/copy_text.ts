/**
 * Masks COPY data in text format: fields between delimiters, rows ended by a line feed, escapes
 * with a backslash. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * **Invariant:** a row leaves as one line.
 *
 * @module
 */
import type { CopyFormat } from "#schemas/mask_plan.ts";
import type { Writer } from "#schemas/wire/cursor.ts";
import {
  isTextEndMark,
  textControls,
  textFieldEnds,
  textFieldValue,
  textRowEnd,
} from "#schemas/wire/postgres/copy/text_rows.ts";
import { copyFields } from "./copy_fields.ts";
import type { CopyRewriter } from "./copy_rows.ts";
import type { RowProgram } from "./rows.ts";

export function copyText(
  format: CopyFormat,
  program: RowProgram,
  rowBytesMax: number,
  counts: Map<string, number>,
): CopyRewriter {
  const delimiter = format.delimiter.charCodeAt(0);
  const form = {
    delimiter,
    rowEnd: textRowEnd,
    isNoRow: isTextEndMark,
    fieldEnds: (row: Uint8Array) => textFieldEnds(row, delimiter),
    valueOf: textFieldValue,
    write: (value: Uint8Array, out: Writer) => writeEscaped(value, delimiter, out),
  };
  return copyFields(form, format, program, rowBytesMax, counts);
}

const backslash = 0x5c;

/** The letter that stands behind a backslash for a byte; 0 for none. */
const escaped = new Uint8Array(256);
for (const [letter, control] of textControls) escaped[control] = letter;

function writeEscaped(value: Uint8Array, delimiter: number, out: Writer): void {
  let plain = 0;
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] ?? 0;
    const letter = escaped[byte] ?? 0;
    if (letter === 0 && byte !== backslash && byte !== delimiter) continue;
    out.copy(value, plain, i - plain).uint8(backslash).uint8(letter === 0 ? byte : letter);
    plain = i + 1;
  }
  out.copy(value, plain, value.length - plain);
}
