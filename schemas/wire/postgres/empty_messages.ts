/**
 * The messages without a body: `Byte1(tag)  Int32(4)`.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

/** Frontend messages without a body, and their tags. */
export const emptyFrontendTags = {
  sync: "S",
  flush: "H",
  terminate: "X",
  copy_done: "c",
} as const;

/** Backend messages without a body, and their tags. */
export const emptyBackendTags = {
  bind_complete: "2",
  close_complete: "3",
  parse_complete: "1",
  portal_suspended: "s",
  no_data: "n",
  empty_query_response: "I",
  copy_done: "c",
} as const;

export type EmptyFrontend = { readonly kind: keyof typeof emptyFrontendTags };
export type EmptyBackend = { readonly kind: keyof typeof emptyBackendTags };

export function decodeEmpty<K extends string>(
  frame: Frame,
  kind: K,
): { readonly kind: K } | Malformed {
  return readerOf(frame).end({ kind });
}

export function encodeEmpty(tag: string, writer: Writer): Writer {
  return writer.end(writer.begin(tag));
}
