/**
 * ParameterDescription (B): the parameter types of a statement.
 *
 * ```
 * Byte1('t')  Int32 length  Uint16 count  { Uint32 type OID }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PARAMETERDESCRIPTION
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type ParameterDescription = {
  readonly kind: "parameter_description";
  readonly types: readonly number[];
};

export function decodeParameterDescription(frame: Frame): ParameterDescription | Malformed {
  const reader = readerOf(frame);
  const count = reader.uint16("parameter count");
  const types = reader.list(count, 4, "parameter types", () => reader.uint32("parameter type"));
  return reader.end({ kind: "parameter_description", types });
}

export function encodeParameterDescription(message: ParameterDescription, writer: Writer): Writer {
  const start = writer.begin("t");
  writer.int16(message.types.length);
  for (const type of message.types) writer.int32(type);
  return writer.end(start);
}
