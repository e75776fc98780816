/**
 * COPY data in text format: fields between delimiters, rows ended by a line feed, escapes with a
 * backslash. https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 *
 * @module
 */

/** Where the row ends, its line feed included, looking from `scanned` on; -1 when not there. */
export function textRowEnd(bytes: Uint8Array, _start: number, scanned: number): number {
  return bytes.indexOf(lineFeed, scanned) + 1 || -1;
}

/** `\.` alone ends the data in old servers; it is not a row. */
export function isTextEndMark(row: Uint8Array): boolean {
  return row.length === 3 && row[0] === backslash && row[1] === 0x2e;
}

/** Where each field ends: at a delimiter that no backslash stands before, and at the line feed. */
export function textFieldEnds(row: Uint8Array, delimiter: number): number[] {
  const ends: number[] = [];
  const end = row.length - 1;
  for (let i = 0; i < end; i++) {
    const byte = row[i];
    if (byte === backslash) i++;
    else if (byte === delimiter) ends.push(i);
  }
  ends.push(end);
  return ends;
}

/** The value of a field; the very same bytes when nothing in it is escaped. */
export function textFieldValue(field: Uint8Array): Uint8Array {
  if (!field.includes(backslash)) return field;
  const plain: number[] = [];
  for (let i = 0; i < field.length; i++) {
    let byte = field[i] ?? 0;
    if (byte === backslash && i + 1 < field.length) {
      i++;
      byte = field[i] ?? 0;
      const code = octalOrHex(field, i);
      if (code !== null) {
        plain.push(code.value);
        i += code.length - 1;
        continue;
      }
      byte = textControls.get(byte) ?? byte;
    }
    plain.push(byte);
  }
  return Uint8Array.from(plain);
}

/** The control characters that letters stand for behind a backslash. */
export const textControls: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x76, 0x0b],
]);

const lineFeed = 0x0a;
const backslash = 0x5c;

/** `\123` and `\x4F`, which a server reads and does not write. */
function octalOrHex(field: Uint8Array, at: number): { value: number; length: number } | null {
  const text = String.fromCharCode(...field.subarray(at, at + 3));
  const octal = /^[0-7]{1,3}/.exec(text)?.[0];
  if (octal !== undefined) return { value: parseInt(octal, 8) & 0xff, length: octal.length };
  const hex = /^x([0-9a-fA-F]{1,2})/.exec(text)?.[1];
  return hex === undefined ? null : { value: parseInt(hex, 16), length: hex.length + 1 };
}
