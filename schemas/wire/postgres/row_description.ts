/**
 * RowDescription (B): the columns of the rows that follow.
 *
 * ```
 * Byte1('T')  Int32 length  Uint16 count
 * { String name  Uint32 table OID  Int16 attribute  Uint32 type OID  Int16 type size
 *   Int32 type modifier  Int16 format }*
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ROWDESCRIPTION
 *
 * @module
 */
import type { Malformed, Reader, Writer } from "../cursor.ts";
import { type FormatCode, readFormatCode } from "./format_code.ts";
import { type Frame, readerOf } from "./frame.ts";

export type FieldDescription = {
  readonly name: string;
  /** pg_class.oid and pg_attribute.attnum when the column is a bare one, else 0. */
  readonly tableOid: number;
  readonly attribute: number;
  readonly typeOid: number;
  /** pg_type.typlen: negative for variable width. */
  readonly typeSize: number;
  /** pg_attribute.atttypmod, -1 for none. */
  readonly typeModifier: number;
  /** 0 in the answer to a Describe of a statement, where the format is not known yet. */
  readonly format: FormatCode;
};
export type RowDescription = {
  readonly kind: "row_description";
  readonly fields: readonly FieldDescription[];
};

export function decodeRowDescription(frame: Frame): RowDescription | Malformed {
  const reader = readerOf(frame);
  const count = reader.uint16("column count");
  const fields = reader.list(count, fieldBytesMin, "columns", () => readField(reader));
  return reader.end({ kind: "row_description", fields });
}

export function encodeRowDescription(message: RowDescription, writer: Writer): Writer {
  const start = writer.begin("T");
  writer.int16(message.fields.length);
  for (const field of message.fields) {
    writer.cstring(field.name).int32(field.tableOid).int16(field.attribute);
    writer.int32(field.typeOid).int16(field.typeSize).int32(field.typeModifier);
    writer.int16(field.format);
  }
  return writer.end(start);
}

const fieldBytesMin = 19;

function readField(reader: Reader): FieldDescription {
  return {
    name: reader.cstring("column name"),
    tableOid: reader.uint32("table OID"),
    attribute: reader.int16("attribute"),
    typeOid: reader.uint32("type OID"),
    typeSize: reader.int16("type size"),
    typeModifier: reader.int32("type modifier"),
    format: readFormatCode(reader, "column format"),
  };
}
