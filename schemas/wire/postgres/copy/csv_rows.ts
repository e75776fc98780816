/**
 * COPY data in CSV format: fields between delimiters, quoted where they must be, so that a row may
 * hold line feeds. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * @module
 */

/** The bytes that mean something. */
export type CsvMarks = {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
};

/** Remembers between calls whether the bytes seen so far end inside quotes. */
export function csvRowEnd(
  marks: CsvMarks,
): (bytes: Uint8Array, start: number, scanned: number) => number {
  let quoted = false;
  let skipped = false;
  return (bytes, start, scanned) => {
    if (scanned === start) quoted = skipped = false;
    for (let i = scanned; i < bytes.length; i++) {
      const byte = bytes[i];
      if (skipped) skipped = false;
      else if (quoted && byte === marks.escape && marks.escape !== marks.quote) skipped = true;
      else if (byte === marks.quote) quoted = !quoted;
      else if (byte === lineFeed && !quoted) return i + 1;
    }
    return -1;
  };
}

/** Where each field ends: at a delimiter outside of quotes, and at the line feed. */
export function csvFieldEnds(row: Uint8Array, marks: CsvMarks): number[] {
  const ends: number[] = [];
  const end = row.length - 1;
  let quoted = false;
  for (let i = 0; i < end; i++) {
    const byte = row[i];
    if (quoted && byte === marks.escape && marks.escape !== marks.quote) i++;
    else if (byte === marks.quote) quoted = !quoted;
    else if (byte === marks.delimiter && !quoted) ends.push(i);
  }
  ends.push(end);
  return ends;
}

/** The value of a field; the very same bytes when nothing in it is quoted. */
export function csvFieldValue(field: Uint8Array, marks: CsvMarks): Uint8Array {
  if (!field.includes(marks.quote)) return field;
  const plain: number[] = [];
  let quoted = false;
  for (let i = 0; i < field.length; i++) {
    const byte = field[i] ?? 0;
    const next = field[i + 1];
    const isEscape = quoted && byte === marks.escape &&
      (next === marks.quote || next === marks.escape);
    if (isEscape) plain.push(field[++i] ?? 0);
    else if (byte === marks.quote) quoted = !quoted;
    else plain.push(byte);
  }
  return Uint8Array.from(plain);
}

const lineFeed = 0x0a;
