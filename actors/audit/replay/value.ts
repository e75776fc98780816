/**
 * One value of a result as text. Text values are shown as they are; of binary ones, the types whose
 * wire form is simple, and all others as hexadecimal.
 *
 * @module
 */
import type { FieldDescription } from "#schemas/wire/postgres/row_description.ts";

/** Type OIDs of pg_type.dat. */
const oid = {
  bool: 16,
  bigint: 20,
  smallint: 21,
  integer: 23,
  real: 700,
  double: 701,
  uuid: 2950,
} as const;
/** char, name, text, json, xml, bpchar, varchar, unknown: text on the wire in either format. */
const textOids: ReadonlySet<number> = new Set([18, 19, 25, 114, 142, 705, 1042, 1043]);

/** The value's text, cut to a little more than the characters that are shown. */
export function valueText(
  bytes: Uint8Array,
  field: FieldDescription | undefined,
  limits: { readonly valueCharactersMax: number },
): string {
  // Four bytes hold any UTF-8 character; one more character shows that it was cut.
  const part = bytes.subarray(0, (limits.valueCharactersMax + 1) * 4);
  if (field === undefined || field.format === 0 || textOids.has(field.typeOid)) {
    return new TextDecoder().decode(part);
  }
  return binaryText(bytes, field.typeOid) ?? `\\x${part.toHex()}`;
}

function binaryText(bytes: Uint8Array, typeOid: number): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  if (typeOid === oid.bool && length === 1) return view.getUint8(0) === 1 ? "t" : "f";
  if (typeOid === oid.smallint && length === 2) return String(view.getInt16(0));
  if (typeOid === oid.integer && length === 4) return String(view.getInt32(0));
  if (typeOid === oid.bigint && length === 8) return String(view.getBigInt64(0));
  if (typeOid === oid.real && length === 4) return String(view.getFloat32(0));
  if (typeOid === oid.double && length === 8) return String(view.getFloat64(0));
  if (typeOid === oid.uuid && length === 16) {
    return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
  return null;
}
