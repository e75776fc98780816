/**
 * The messages a server sends, as one union.
 *
 * **Invariant:** a tag that is not known is malformed: `unknown_tag`. Only a frame that reads to
 * its last byte is a message.
 *
 * @example
 * ```ts
 * import { backendBytes, decodeBackend } from "#schemas/wire/postgres/backend.ts";
 * import { Framer } from "#schemas/wire/postgres/frame.ts";
 * import { deepEqual } from "node:assert/strict";
 * const framer = new Framer({ messageBytesMax: 1024 });
 * framer.push(backendBytes({ kind: "ready_for_query", status: "idle" }));
 * const frame = framer.next();
 * if (frame.kind === "frame") {
 *   deepEqual(decodeBackend(frame), { kind: "ready_for_query", status: "idle" });
 * }
 * ```
 * @module
 */
import { unreachable } from "#schemas/unreachable.ts";
import { type Malformed, malformed, Writer } from "../cursor.ts";
import {
  type Authentication,
  decodeAuthentication,
  encodeAuthentication,
} from "./authentication.ts";
import {
  type BackendKeyData,
  decodeBackendKeyData,
  encodeBackendKeyData,
} from "./backend_key_data.ts";
import {
  type CommandComplete,
  decodeCommandComplete,
  encodeCommandComplete,
} from "./command_complete.ts";
import { type CopyData, decodeCopyData, encodeCopyData } from "./copy_data.ts";
import { type CopyResponse, decodeCopyResponse, encodeCopyResponse } from "./copy_response.ts";
import { type DataRow, decodeDataRow, encodeDataRow } from "./data_row.ts";
import { decodeEmpty, type EmptyBackend, emptyBackendTags, encodeEmpty } from "./empty_messages.ts";
import {
  decodeErrorResponse,
  decodeNoticeResponse,
  encodeErrorResponse,
  encodeNoticeResponse,
  type ErrorResponse,
  type NoticeResponse,
} from "./error_response.ts";
import type { Frame } from "./frame.ts";
import {
  decodeFunctionCallResponse,
  encodeFunctionCallResponse,
  type FunctionCallResponse,
} from "./function_call_response.ts";
import {
  decodeNegotiateProtocolVersion,
  encodeNegotiateProtocolVersion,
  type NegotiateProtocolVersion,
} from "./negotiate_protocol_version.ts";
import {
  decodeNotificationResponse,
  encodeNotificationResponse,
  type NotificationResponse,
} from "./notification_response.ts";
import {
  decodeParameterDescription,
  encodeParameterDescription,
  type ParameterDescription,
} from "./parameter_description.ts";
import {
  decodeParameterStatus,
  encodeParameterStatus,
  type ParameterStatus,
} from "./parameter_status.ts";
import { decodeReadyForQuery, encodeReadyForQuery, type ReadyForQuery } from "./ready_for_query.ts";
import {
  decodeRowDescription,
  encodeRowDescription,
  type RowDescription,
} from "./row_description.ts";

export type BackendMessage =
  | Authentication
  | BackendKeyData
  | CommandComplete
  | CopyData
  | CopyResponse
  | DataRow
  | EmptyBackend
  | ErrorResponse
  | FunctionCallResponse
  | NegotiateProtocolVersion
  | NoticeResponse
  | NotificationResponse
  | ParameterDescription
  | ParameterStatus
  | ReadyForQuery
  | RowDescription;

export function decodeBackend(frame: Frame): BackendMessage | Malformed {
  const decode = Object.hasOwn(decoders, frame.tag) ? decoders[frame.tag] : undefined;
  return decode === undefined ? malformed("unknown_tag", "tag", 0) : decode(frame);
}

/** Appends the message to the writer. */
export function encodeBackend(message: BackendMessage, writer: Writer): Writer {
  switch (message.kind) {
    case "authentication_ok":
    case "authentication_cleartext_password":
    case "authentication_md5_password":
    case "authentication_sasl":
    case "authentication_sasl_continue":
    case "authentication_sasl_final":
      return encodeAuthentication(message, writer);
    case "backend_key_data":
      return encodeBackendKeyData(message, writer);
    case "command_complete":
      return encodeCommandComplete(message, writer);
    case "copy_data":
      return encodeCopyData(message, writer);
    case "copy_in_response":
    case "copy_out_response":
    case "copy_both_response":
      return encodeCopyResponse(message, writer);
    case "data_row":
      return encodeDataRow(message, writer);
    case "error_response":
      return encodeErrorResponse(message, writer);
    case "notice_response":
      return encodeNoticeResponse(message, writer);
    case "function_call_response":
      return encodeFunctionCallResponse(message, writer);
    case "negotiate_protocol_version":
      return encodeNegotiateProtocolVersion(message, writer);
    case "notification_response":
      return encodeNotificationResponse(message, writer);
    case "parameter_description":
      return encodeParameterDescription(message, writer);
    case "parameter_status":
      return encodeParameterStatus(message, writer);
    case "ready_for_query":
      return encodeReadyForQuery(message, writer);
    case "row_description":
      return encodeRowDescription(message, writer);
    case "bind_complete":
    case "close_complete":
    case "parse_complete":
    case "portal_suspended":
    case "no_data":
    case "empty_query_response":
    case "copy_done":
      return encodeEmpty(emptyBackendTags[message.kind], writer);
    default:
      return unreachable(message);
  }
}

/** The messages' bytes, one after the other. */
export function backendBytes(...messages: readonly BackendMessage[]): Uint8Array {
  const writer = new Writer();
  for (const message of messages) encodeBackend(message, writer);
  return writer.bytes();
}

const decoders: Readonly<Record<string, (frame: Frame) => BackendMessage | Malformed>> = {
  R: decodeAuthentication,
  K: decodeBackendKeyData,
  C: decodeCommandComplete,
  d: decodeCopyData,
  D: decodeDataRow,
  E: decodeErrorResponse,
  N: decodeNoticeResponse,
  V: decodeFunctionCallResponse,
  v: decodeNegotiateProtocolVersion,
  A: decodeNotificationResponse,
  t: decodeParameterDescription,
  S: decodeParameterStatus,
  Z: decodeReadyForQuery,
  T: decodeRowDescription,
  G: (frame) => decodeCopyResponse(frame, "copy_in_response"),
  H: (frame) => decodeCopyResponse(frame, "copy_out_response"),
  W: (frame) => decodeCopyResponse(frame, "copy_both_response"),
  "1": (frame) => decodeEmpty(frame, "parse_complete"),
  "2": (frame) => decodeEmpty(frame, "bind_complete"),
  "3": (frame) => decodeEmpty(frame, "close_complete"),
  s: (frame) => decodeEmpty(frame, "portal_suspended"),
  n: (frame) => decodeEmpty(frame, "no_data"),
  I: (frame) => decodeEmpty(frame, "empty_query_response"),
  c: (frame) => decodeEmpty(frame, "copy_done"),
};
