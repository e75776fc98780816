/**
 * What masking must know of a PostgreSQL type: how its values are written, by the type's OID.
 * OIDs of built-in types are fixed by `src/include/catalog/pg_type.dat`; those of extensions and
 * user types are not, so they are `other` and masked to NULL.
 *
 * **Invariant:** a type that is not in this table is never given a made-up value.
 *
 * @module
 */

/** How values of a type are written; the families that are masked alike. */
export type Kind =
  | "text"
  | "char"
  | "json"
  | "jsonb"
  | "xml"
  | "bytea"
  | "bool"
  | "int2"
  | "int4"
  | "int8"
  | "oid"
  | "float4"
  | "float8"
  | "numeric"
  | "money"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "time"
  | "timetz"
  | "interval"
  | "uuid"
  | "inet"
  | "cidr"
  | "macaddr"
  | "macaddr8"
  | "tsvector"
  | "array"
  | "other";

/** The OID of a column whose type is not known: parameters of COPY, undescribed statements. */
export const unknownOid = 0;

/** The family of a type. */
export function kindOf(typeOid: number): Kind {
  return kinds.get(typeOid) ?? (elements.has(typeOid) ? "array" : "other");
}

/** The element type of an array type; 0 when it is none that is known. */
export function elementOf(typeOid: number): number {
  return elements.get(typeOid) ?? unknownOid;
}

/**
 * Whether values of the type are free text, in which detectors look for identifiers. In text
 * format a type that is not known counts as text: domains, enums and composites print as it.
 */
export function holdsText(typeOid: number, format: 0 | 1): boolean {
  const kind = kindOf(typeOid);
  if (kind === "array") return holdsText(elementOf(typeOid), format);
  if (kind === "other") return format === 0 ? !plainOther.has(typeOid) : true;
  return textual.has(kind);
}

const textual: ReadonlySet<Kind> = new Set(["text", "json", "jsonb", "xml", "tsvector"]);

const kinds: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [16, "bool"],
  [17, "bytea"],
  [18, "char"],
  [19, "text"], // name
  [20, "int8"],
  [21, "int2"],
  [23, "int4"],
  [25, "text"],
  [26, "oid"],
  [114, "json"],
  [142, "xml"],
  [650, "cidr"],
  [700, "float4"],
  [701, "float8"],
  [705, "text"], // unknown: a literal whose type was never settled
  [774, "macaddr8"],
  [790, "money"],
  [829, "macaddr"],
  [869, "inet"],
  [1042, "text"], // bpchar
  [1043, "text"], // varchar
  [1082, "date"],
  [1083, "time"],
  [1114, "timestamp"],
  [1184, "timestamptz"],
  [1186, "interval"],
  [1266, "timetz"],
  [1700, "numeric"],
  [2950, "uuid"],
  [3614, "tsvector"],
  [3802, "jsonb"],
]);

/** Array type to element type. */
const elements: ReadonlyMap<number, number> = new Map([
  [143, 142],
  [199, 114],
  [651, 650],
  [775, 774],
  [791, 790],
  [1000, 16],
  [1001, 17],
  [1002, 18],
  [1003, 19],
  [1005, 21],
  [1007, 23],
  [1009, 25],
  [1014, 1042],
  [1015, 1043],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1028, 26],
  [1040, 829],
  [1041, 869],
  [1115, 1114],
  [1182, 1082],
  [1183, 1083],
  [1185, 1184],
  [1187, 1186],
  [1231, 1700],
  [1270, 1266],
  [2951, 2950],
  [3643, 3614],
  [3807, 3802],
]);

/** Built-in types that are masked to NULL and yet cannot hold free text: ids, geometry, bits. */
const plainOther: ReadonlySet<number> = new Set([
  22, // int2vector
  24, // regproc
  27, // tid
  28, // xid
  29, // cid
  30, // oidvector
  600, // point
  601, // lseg
  602, // path
  603, // box
  604, // polygon
  628, // line
  718, // circle
  1560, // bit
  1562, // varbit
  2278, // void
  2970, // txid_snapshot
  3220, // pg_lsn
  3904, // int4range
  3906, // numrange
  3908, // tsrange
  3910, // tstzrange
  3912, // daterange
  3926, // int8range
  5038, // pg_snapshot
  5069, // xid8
]);
