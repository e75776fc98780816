/**
 * ParameterStatus (B): the value of a setting that is reported.
 *
 * ```
 * Byte1('S')  Int32 length  String name  String value
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARAMETERSTATUS
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type ParameterStatus = {
  readonly kind: "parameter_status";
  readonly name: string;
  readonly value: string;
};

export function decodeParameterStatus(frame: Frame): ParameterStatus | Malformed {
  const reader = readerOf(frame);
  const name = reader.cstring("parameter name");
  return reader.end({ kind: "parameter_status", name, value: reader.cstring("parameter value") });
}

export function encodeParameterStatus(message: ParameterStatus, writer: Writer): Writer {
  const start = writer.begin("S");
  return writer.cstring(message.name).cstring(message.value).end(start);
}
