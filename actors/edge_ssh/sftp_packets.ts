/**
 * Borders of sftp packets in both directions: UInt32 length, then type and body
 * (draft-ietf-secsh-filexfer-02 section 3).
 *
 * @module
 */
import { int32At, Writer } from "#schemas/wire/cursor.ts";
import type { Continuation, InputCutter } from "./input.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

/** SSH_FXP_* of the requests that the edge tells apart. */
const init = 1;
const handleBased: ReadonlySet<number> = new Set([
  4, // CLOSE
  5, // READ
  6, // WRITE
  8, // FSTAT
  10, // FSETSTAT
  12, // READDIR
]);
const status = 101;
const permissionDenied = 3;

/**
 * Cuts a client's bytes at packet borders. Operations by path stand in a request of their own, for
 * one denied packet denies its request; those by handle are batched.
 */
export function sftpInput(limits: {
  readonly sftpPacketBytesMax: number;
  readonly continuationBytesMax: number;
}): InputCutter {
  let chunks: Uint8Array[] = [];
  let waiting = 0;
  return {
    push(bytes) {
      chunks.push(bytes);
      waiting += bytes.length;
    },
    next,
    waiting: () => waiting,
  };

  function next(): Continuation | { readonly wait: "bytes" } | { readonly error: string } {
    const all = joinBytes(chunks);
    chunks = all.length === 0 ? [] : [all];
    const sftpIds: number[] = [];
    let end = 0;
    while (all.length - end >= 9) {
      const length = int32At(all, end) >>> 0;
      if (length < 5 || length > limits.sftpPacketBytesMax) {
        return { error: "an sftp packet is too short or over the limit" };
      }
      if (all.length - end < 4 + length) break;
      const type = all[end + 4] ?? 0;
      const alone = !handleBased.has(type);
      if (end > 0 && (alone || end + 4 + length > limits.continuationBytesMax)) break;
      // INIT has a version where others have a number.
      if (type !== init) sftpIds.push(int32At(all, end + 5) >>> 0);
      end += 4 + length;
      if (alone) break;
    }
    if (end === 0) return { wait: "bytes" };
    chunks = end < all.length ? [all.subarray(end)] : [];
    waiting -= end;
    return { messages: [{ kind: "data", data: all.subarray(0, end) }], sftpIds };
  }
}

/** Knows whether a stream of packets stands between two of them. */
export class SftpBorders {
  #head: number[] = [];
  #left = 0;

  pass(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      this.#head.push(bytes[at++] ?? 0);
      if (this.#head.length < 4) continue;
      this.#left = int32At(Uint8Array.from(this.#head), 0) >>> 0;
      this.#head = [];
    }
  }

  atBorder(): boolean {
    return this.#left === 0 && this.#head.length === 0;
  }
}

/** SSH_FXP_STATUS with SSH_FX_PERMISSION_DENIED (section 7). */
export function sftpDenied(id: number, message: string): Uint8Array {
  const text = new TextEncoder().encode(message);
  const writer = new Writer();
  writer.int32(1 + 4 + 4 + 4 + text.length + 4);
  writer.uint8(status).int32(id).int32(permissionDenied);
  writer.int32(text.length).raw(text).int32(0);
  return writer.bytes();
}
