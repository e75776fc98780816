/**
 * The passage of a server's bytes: cuts them into messages, counts rows and bytes, and lets nothing
 * more of a response pass once it would exceed its limit.
 *
 * A message is judged by its header, before any of its body has passed, so that one message may be
 * larger than all that may leave; a header that is not complete waits for its rest. Behind the
 * limit only settings and notifications pass, which are no part of the response.
 *
 * **Invariant:** what passes is whole messages, in order, and of rows and bytes never more than the
 * limit; what is counted is what passed.
 *
 * @module
 */
import type { VolumeCut, VolumeLimit } from "#schemas/volume.ts";
import { int32At } from "#schemas/wire/cursor.ts";
import { bodyOffset } from "#schemas/wire/postgres/frame.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

export type Passage = {
  /** The response to a request begins; null limits nothing, as of a login. */
  begin(volume: VolumeLimit | null): void;
  /** The response is over: what comes before the next one is no part of any. */
  reopen(): void;
  /** COPY data follows; with `header` its first row is none. */
  copies(format: "text" | "binary", header: boolean): void;
  /**
   * Takes bytes of the server, in chunks of any size. @returns those that pass, views of the chunk
   * where they can be; null when they are not of the protocol, or not due.
   */
  take(chunk: Uint8Array): readonly Uint8Array[] | null;
  /** Rows that passed since `begin`. */
  readonly rows: number;
  /** Bytes that had passed with the newest message that a limit holds for. */
  readonly counted: number;
  /** Set once the limit is reached. */
  readonly cut: VolumeCut | null;
};

/**
 * `isDue` is asked of each message before any of it passes; `heard` is called at the end of each
 * but rows; `raw` is there where it is kept.
 */
export function openPassage(
  messageBytesMax: number,
  isDue: (tag: string) => boolean,
  heard: (tag: string, raw: Uint8Array) => void,
): Passage {
  let volume: VolumeLimit | null = null;
  let rows = 0;
  let bytes = 0;
  let counted = 0;
  let cut: VolumeCut | null = null;
  let copy = { binary: false, headers: 0 };
  const header = new Uint8Array(bodyOffset);
  let headerBytes = 0;
  /** Of the message under way: its tag, the bytes to come, whether it passes, what is kept. */
  let tag = 0;
  let left = 0;
  let passes = false;
  let kept: Uint8Array[] | null = null;
  return {
    begin(limit) {
      [volume, rows, bytes, counted, cut] = [limit, 0, 0, 0, null];
    },
    reopen() {
      [volume, cut] = [null, null];
    },
    copies(format, withHeader) {
      copy = { binary: format === "binary", headers: withHeader ? 1 : 0 };
    },
    take,
    get rows() {
      return rows;
    },
    get counted() {
      return counted;
    },
    get cut() {
      return cut;
    },
  };

  function take(chunk: Uint8Array): readonly Uint8Array[] | null {
    const passed: Uint8Array[] = [];
    let at = 0;
    /** Where the bytes begin that pass in one piece; -1 when none do. */
    let from = left > 0 && passes ? 0 : -1;
    const pause = (end: number) => {
      if (from >= 0 && end > from) passed.push(chunk.subarray(from, end));
      from = -1;
    };
    while (at < chunk.length) {
      if (left === 0) {
        const start = at;
        const isWhole = headerBytes === 0 && chunk.length - at >= bodyOffset;
        if (!isWhole) {
          pause(at);
          const some = chunk.subarray(at, at + bodyOffset - headerBytes);
          header.set(some, headerBytes);
          headerBytes += some.length;
          at += some.length;
          if (headerBytes < bodyOffset) break;
          headerBytes = 0;
        } else at += bodyOffset;
        if (!open(isWhole ? chunk : header, isWhole ? start : 0)) return null;
        if (!passes) pause(start);
        else if (!isWhole) passed.push(header.slice());
        if (passes && from < 0) from = isWhole ? start : at;
      }
      const some = Math.min(left, chunk.length - at);
      kept?.push(chunk.slice(at, at + some));
      at += some;
      left -= some;
      if (left === 0) close();
    }
    pause(at);
    return passed;
  }

  /** @returns false when it cannot be a message. */
  function open(from: Uint8Array, at: number): boolean {
    const length = int32At(from, at + 1);
    if (length < 4 || length >= messageBytesMax) return false;
    tag = from[at] ?? 0;
    if (!isDue(String.fromCharCode(tag))) return false;
    left = length - 4;
    passes = admits(length + 1);
    kept = keptTags.has(tag) ? [from.slice(at, at + bodyOffset)] : null;
    return true;
  }

  function admits(size: number): boolean {
    const isRow = tag === tagOf.dataRow || tag === tagOf.copyData && isCopyRow(size);
    const isLimited = growingTags.has(tag) || tag === tagOf.error && size > errorBytesFree;
    if (cut === null && volume !== null && isLimited) {
      const { rowsMax, rowsOf, bytesMax, bytesOf } = volume;
      if (isRow && rows >= rowsMax) cut = { by: "rows", of: rowsOf };
      else if (bytes + size > bytesMax) cut = { by: "bytes", of: bytesOf };
    }
    if (cut !== null) return asideTags.has(tag);
    if (isRow) rows++;
    bytes += size;
    if (isLimited) counted = bytes;
    return true;
  }

  /** Neither a header line nor the two bytes that end binary data are rows. */
  function isCopyRow(size: number): boolean {
    if (copy.binary) return size > bodyOffset + 2;
    if (copy.headers === 0) return true;
    copy.headers--;
    return false;
  }

  function close(): void {
    if (tag === tagOf.dataRow || tag === tagOf.copyData) return;
    const raw = kept === null ? nothing : joinBytes(kept);
    kept = null;
    heard(String.fromCharCode(tag), raw);
  }
}

const tagOf = { dataRow: 0x44, copyData: 0x64, error: 0x45 } as const;
/** What is wrong is told in any case; a longer error may hold a value, as long as a table. */
const errorBytesFree = 2048;
/** Messages that a statement can make as large, or as many, as it likes. */
const growingTags = tags("DdNV");
/** ParameterStatus and NotificationResponse. */
const asideTags = tags("SA");
/** Messages whose body the conversation reads. */
const keptTags = tags("CEHKSZ");
const nothing = new Uint8Array(0);

function tags(text: string): ReadonlySet<number> {
  return new Set([...text].map((one) => one.charCodeAt(0)));
}
