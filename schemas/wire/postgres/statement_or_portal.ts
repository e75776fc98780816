/**
 * What Describe and Close name: `Byte1('S' statement or 'P' portal)  String name`.
 *
 * @module
 */
import type { Reader, Writer } from "../cursor.ts";

export type StatementOrPortal = "statement" | "portal";

export function readStatementOrPortal(reader: Reader): StatementOrPortal {
  const code = reader.uint8("statement or portal");
  if (code !== 0x53 && code !== 0x50) reader.fail("invalid_value", "statement or portal");
  return code === 0x50 ? "portal" : "statement";
}

export function writeStatementOrPortal(writer: Writer, what: StatementOrPortal): Writer {
  return writer.uint8(what === "portal" ? 0x50 : 0x53);
}
