/**
 * The messages a client sends, as one union.
 *
 * **Invariant:** a tag that is not known, or not due in the state, is malformed: `unknown_tag` or
 * `unexpected_message`. Only a frame that reads to its last byte is a message.
 *
 * @example
 * ```ts
 * import { decodeFrontend, frontendBytes } from "#schemas/wire/postgres/frontend.ts";
 * import { parseFrame } from "#schemas/wire/postgres/frame.ts";
 * import { deepEqual } from "node:assert/strict";
 * const parsed = parseFrame(frontendBytes({ kind: "query", text: "select 1" }), {
 *   messageBytesMax: 1024,
 * });
 * if (parsed.kind === "message") {
 *   deepEqual(decodeFrontend(parsed.message, "ready"), { kind: "query", text: "select 1" });
 * }
 * ```
 * @module
 */
import { unreachable } from "#schemas/unreachable.ts";
import { type Malformed, malformed, Writer } from "../cursor.ts";
import { type Bind, decodeBind, encodeBind } from "./bind.ts";
import { type Close, decodeClose, encodeClose } from "./close.ts";
import { type CopyData, decodeCopyData, encodeCopyData } from "./copy_data.ts";
import { type CopyFail, decodeCopyFail, encodeCopyFail } from "./copy_fail.ts";
import { decodeDescribe, type Describe, encodeDescribe } from "./describe.ts";
import {
  decodeEmpty,
  type EmptyFrontend,
  emptyFrontendTags,
  encodeEmpty,
} from "./empty_messages.ts";
import { decodeExecute, encodeExecute, type Execute } from "./execute.ts";
import type { Frame } from "./frame.ts";
import { decodeFunctionCall, encodeFunctionCall, type FunctionCall } from "./function_call.ts";
import { decodeParse, encodeParse, type Parse } from "./parse.ts";
import {
  decodePasswordMessage,
  encodePasswordMessage,
  type PasswordMessage,
} from "./password_message.ts";
import { decodeQuery, encodeQuery, type Query } from "./query.ts";
import {
  decodeSaslInitialResponse,
  encodeSaslInitialResponse,
  type SaslInitialResponse,
} from "./sasl_initial_response.ts";
import { decodeSaslResponse, encodeSaslResponse, type SaslResponse } from "./sasl_response.ts";
import { type State, stateAfterClient } from "./states.ts";

export type FrontendMessage =
  | Bind
  | Close
  | CopyData
  | CopyFail
  | Describe
  | EmptyFrontend
  | Execute
  | FunctionCall
  | Parse
  | PasswordMessage
  | Query
  | SaslInitialResponse
  | SaslResponse;

/** Decodes what came in `state`, the state before this message. */
export function decodeFrontend(frame: Frame, state: State): FrontendMessage | Malformed {
  if (!knownTags.has(frame.tag)) return malformed("unknown_tag", "tag", 0);
  if (stateAfterClient(state, frame.tag) === null) {
    return malformed("unexpected_message", "tag", 0);
  }
  switch (frame.tag) {
    case "Q":
      return decodeQuery(frame);
    case "P":
      return decodeParse(frame);
    case "B":
      return decodeBind(frame);
    case "D":
      return decodeDescribe(frame);
    case "E":
      return decodeExecute(frame);
    case "C":
      return decodeClose(frame);
    case "S":
      return decodeEmpty(frame, "sync");
    case "H":
      return decodeEmpty(frame, "flush");
    case "X":
      return decodeEmpty(frame, "terminate");
    case "F":
      return decodeFunctionCall(frame);
    case "d":
      return decodeCopyData(frame);
    case "c":
      return decodeEmpty(frame, "copy_done");
    case "f":
      return decodeCopyFail(frame);
    case "p":
      return decodeAuthenticationAnswer(frame, state);
    default:
      return malformed("unknown_tag", "tag", 0);
  }
}

/** Appends the message to the writer. */
export function encodeFrontend(message: FrontendMessage, writer: Writer): Writer {
  switch (message.kind) {
    case "query":
      return encodeQuery(message, writer);
    case "parse":
      return encodeParse(message, writer);
    case "bind":
      return encodeBind(message, writer);
    case "describe":
      return encodeDescribe(message, writer);
    case "execute":
      return encodeExecute(message, writer);
    case "close":
      return encodeClose(message, writer);
    case "sync":
    case "flush":
    case "terminate":
    case "copy_done":
      return encodeEmpty(emptyFrontendTags[message.kind], writer);
    case "function_call":
      return encodeFunctionCall(message, writer);
    case "copy_data":
      return encodeCopyData(message, writer);
    case "copy_fail":
      return encodeCopyFail(message, writer);
    case "password":
      return encodePasswordMessage(message, writer);
    case "sasl_initial_response":
      return encodeSaslInitialResponse(message, writer);
    case "sasl_response":
      return encodeSaslResponse(message, writer);
    default:
      return unreachable(message);
  }
}

/** The messages' bytes, one after the other. */
export function frontendBytes(...messages: readonly FrontendMessage[]): Uint8Array {
  const writer = new Writer();
  for (const message of messages) encodeFrontend(message, writer);
  return writer.bytes();
}

const knownTags: ReadonlySet<string> = new Set("QPBDECSHXFdcfp");

function decodeAuthenticationAnswer(frame: Frame, state: State): FrontendMessage | Malformed {
  if (state === "password") return decodePasswordMessage(frame);
  if (state === "sasl_initial") return decodeSaslInitialResponse(frame);
  if (state === "sasl") return decodeSaslResponse(frame);
  return malformed("unexpected_message", "tag", 0);
}
