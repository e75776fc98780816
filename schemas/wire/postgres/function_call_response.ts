/**
 * FunctionCallResponse (B): the result of a FunctionCall.
 *
 * ```
 * Byte1('V')  Int32 length  Int32 length, -1 null  Byte_n value
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-FUNCTIONCALLRESPONSE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type FunctionCallResponse = {
  readonly kind: "function_call_response";
  readonly value: Uint8Array | null;
};

export function decodeFunctionCallResponse(frame: Frame): FunctionCallResponse | Malformed {
  const reader = readerOf(frame);
  return reader.end({ kind: "function_call_response", value: reader.nullableBytes("value") });
}

export function encodeFunctionCallResponse(message: FunctionCallResponse, writer: Writer): Writer {
  const start = writer.begin("V");
  return writer.nullableBytes(message.value).end(start);
}
