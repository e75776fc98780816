/**
 * Cuts the stream of COPY data into rows. CopyData messages carry rows as the server likes: a row
 * in each, several in one, or one over many; what leaves is one row in each message.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 *
 * **Invariant:** every byte that comes in is part of exactly one row, and no more than
 * `rowBytesMax` bytes of a row are ever held.
 *
 * @module
 */
import { Writer } from "#schemas/wire/cursor.ts";

/** Why COPY data is not rows; null is none. */
export type CopyFault = "copy_row_too_large" | "copy_malformed";

/** One COPY in one format: takes the body of each CopyData, appends CopyData messages. */
export type CopyRewriter = {
  readonly data: (body: Uint8Array, out: Writer) => CopyFault | null;
  /** At CopyDone: what is left must be nothing, or a row of its own. */
  readonly end: (out: Writer) => CopyFault | null;
};

/**
 * Where the row ends that begins at `start`, its end mark included; -1 when not all of it is there.
 * Called again with more bytes: `scanned` says up to where it looked before.
 */
export type RowEnd = (bytes: Uint8Array, start: number, scanned: number) => number | CopyFault;

export function copyRows(
  rowBytesMax: number,
  rowEnd: RowEnd,
  onRow: (row: Uint8Array, out: Writer) => CopyFault | null,
): { data: CopyRewriter["data"]; rest: () => Uint8Array } {
  const held = new Writer();
  let scanned = 0;
  function data(body: Uint8Array, out: Writer): CopyFault | null {
    if (held.length > 0 && held.length + body.length > rowBytesMax * 2) return "copy_row_too_large";
    const bytes = held.length === 0 ? body : held.raw(body).view();
    let start = 0;
    while (start < bytes.length) {
      const end = rowEnd(bytes, start, start + scanned);
      if (typeof end !== "number") return end;
      if (end < 0) break;
      scanned = 0;
      const fault = onRow(bytes.subarray(start, end), out);
      if (fault !== null) return fault;
      start = end;
    }
    const rest = bytes.length - start;
    if (rest > rowBytesMax) return "copy_row_too_large";
    keep(bytes, start);
    scanned = rest;
    return null;
  }
  function keep(bytes: Uint8Array, start: number): void {
    if (held.length > 0 && start === 0) return;
    // A server sends a row in each message, so nearly always nothing is left.
    if (start === bytes.length) {
      held.clear();
      return;
    }
    const rest = bytes.slice(start);
    held.clear().raw(rest);
  }
  return { data, rest: () => held.bytes() };
}
