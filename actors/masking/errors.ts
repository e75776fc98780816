/**
 * Rewrites ErrorResponse and NoticeResponse, whose words may quote values of rows.
 *
 * **Invariant:** with `generic`, nothing leaves that a value can stand in: words come from the
 * table of conditions, and names only where nothing but the server itself put them there.
 *
 * Why a message is kept or not. A runtime error quotes what it fell over, and any SQLSTATE can be
 * raised by PL/pgSQL (`RAISE … USING ERRCODE`), with any message, table, column and constraint.
 * What gives that away is the context (`W`), which every procedural language adds, and the internal
 * query (`q`, `p`). Without these:
 * - a position (`P`) points into the client's own statement: the parser spoke, before any row was
 *   read. Its words on names and syntax (classes 42, 3F, 0A) are the client's own. Without `P` the
 *   same SQLSTATEs quote values: `select ssn::regclass` says `relation "536-22-1234" does not
 * exist`,   and `has_schema_privilege(ssn, …)`, `has_database_privilege`, `cursor_to_xml` do as
 * much with   3F000, 3D000 and 34000.
 * - classes 08, 25, 26, 40, 53 and 57 speak of the connection, the transaction, a prepared
 *   statement's name or the machine; no function of the server raises them over a value.
 * - 55P03 and 55006 name a relation or a database; the rest of 55 is any module's.
 * - 42501 is kept where it says `permission denied for …` or `must be owner of …` a name.
 * All else, class 22 above all, is replaced. `D`, `H`, `W` and `q` never stay, nor which check or
 * domain refused a value: of a thousand that somebody made, its name tells the value.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Malformed, Writer } from "#schemas/wire/cursor.ts";
import { conditions } from "#schemas/wire/postgres/conditions.ts";
import {
  decodeErrorResponse,
  decodeNoticeResponse,
  encodeErrorResponse,
  encodeNoticeResponse,
  fieldCodes,
  type ResponseField,
} from "#schemas/wire/postgres/error_response.ts";
import type { Frame } from "#schemas/wire/postgres/frame.ts";
import { genericMessage } from "#schemas/wire/postgres/sqlstate.ts";
import { type Detection, maskDetected } from "#schemas/detectors/detect.ts";

/**
 * Appends the rewritten message. `keep`: the words stay but for what detectors find in them;
 * `generic`: see above. Of the notices that it withholds the first of a request leaves, as `told`
 * says.
 */
export function rewriteError(
  frame: Frame,
  mode: "keep" | "generic",
  detection: Detection | null,
  count: (className: string, times: number) => void,
  out: Writer,
  told: { withheld: boolean } = { withheld: false },
): Malformed | null {
  const isError = frame.tag === "E";
  const message = isError ? decodeErrorResponse(frame) : decodeNoticeResponse(frame);
  if (message.kind === "malformed") return message;
  const fields = mode === "keep"
    ? scannedFields(message.fields, detection, count)
    : genericFields(message.fields, isError);
  const isWithheld = !isError && fields.some(({ value }) => value === withheldNotice);
  // How many there are, and of which kinds, code that saw values may have chosen.
  if (isWithheld && told.withheld) return null;
  told.withheld ||= isWithheld;
  if (fields === message.fields) out.raw(frame.raw);
  else if (isError) encodeErrorResponse({ kind: "error_response", fields }, out);
  else encodeNoticeResponse({ kind: "notice_response", fields }, out);
  return null;
}

type Fields = readonly ResponseField[];

/** Fields in which prose stands; the others are names, numbers and codes. */
const prose: ReadonlySet<string> = new Set([
  fieldCodes.message,
  fieldCodes.detail,
  fieldCodes.hint,
  fieldCodes.where,
  fieldCodes.internalQuery,
]);

/** What `generic` keeps of every message. */
const plain: ReadonlySet<string> = new Set([
  fieldCodes.severity,
  fieldCodes.severityNonlocalised,
  fieldCodes.position,
  fieldCodes.file,
  fieldCodes.line,
  fieldCodes.routine,
]);

const severities: ReadonlySet<string> = new Set([
  fieldCodes.severity,
  fieldCodes.severityNonlocalised,
]);

/** Names of the schema, when the server itself and no procedure gave them. */
const names: ReadonlySet<string> = new Set([
  fieldCodes.schema,
  fieldCodes.table,
  fieldCodes.column,
  fieldCodes.dataType,
  fieldCodes.constraint,
]);

const knownStates: ReadonlySet<string> = new Set(
  conditions.trim().split("\n").map((line) => line.slice(0, 5)),
);
const raiseException = "P0001";
const checkViolation = "23514";
const withheldNotice = "notice withheld: it may hold protected data";

function scannedFields(
  fields: Fields,
  detection: Detection | null,
  count: (className: string, times: number) => void,
): Fields {
  if (detection === null) return fields;
  let isChanged = false;
  const scanned = fields.map((field) => {
    if (!prose.has(field.code)) return field;
    const value = Buffer.from(field.value);
    const masked = maskDetected(value, "text", detection, count);
    if (masked === value) return field;
    isChanged = true;
    return { code: field.code, value: Buffer.from(masked).toString() };
  });
  return isChanged ? scanned : fields;
}

function genericFields(fields: Fields, isError: boolean): Fields {
  const valueOf = (code: string) => fields.find((field) => field.code === code)?.value ?? null;
  const isRaised = valueOf(fieldCodes.where) !== null ||
    valueOf(fieldCodes.internalQuery) !== null ||
    valueOf(fieldCodes.internalPosition) !== null;
  const stated = valueOf(fieldCodes.sqlstate) ?? "";
  // A procedure may choose any five characters as its SQLSTATE, and so say five of a value.
  const own = isError || !isRaised ? knownStates.has(stated) : false;
  const state = own ? stated : isError ? raiseException : "00000";
  const isCheck = stated === checkViolation || valueOf(fieldCodes.dataType) !== null;
  const kept: ResponseField[] = [];
  for (const field of fields) {
    const { code } = field;
    if (!isError && isRaised && severities.has(code)) kept.push({ code, value: "NOTICE" });
    else if (!isError && isRaised && plain.has(code)) continue;
    else if (plain.has(code) || names.has(code) && !isRaised && !isCheck) kept.push(field);
    else if (code === fieldCodes.sqlstate) kept.push({ code, value: state });
    else if (code === fieldCodes.message) {
      const isKept = !isRaised && stated === state &&
        speaksOfStatement(state, field.value, valueOf(fieldCodes.position) !== null);
      const generic = state.startsWith("00") ? withheldNotice : genericMessage(state);
      kept.push(isKept ? field : { code, value: generic });
    }
  }
  return kept;
}

/** Whether the words can be of nothing but the statement's own names, or of the machine. */
function speaksOfStatement(state: string, message: string, hasPosition: boolean): boolean {
  const stateClass = state.slice(0, 2);
  if (alwaysPlain.has(stateClass) || alwaysPlain.has(state)) return true;
  if (hasPosition && plainWithPosition.has(stateClass)) return true;
  return state === "42501" && deniedName.test(message);
}

const alwaysPlain: ReadonlySet<string> = new Set([
  ...["08", "25", "26", "40", "53", "57"],
  ...["55P03", "55006"],
]);
const plainWithPosition: ReadonlySet<string> = new Set(["42", "3F", "0A"]);
const deniedName = /^(?:permission denied for|must be owner of) [a-z -]{1,40} "?[\w.$-]{1,128}"?$/;
