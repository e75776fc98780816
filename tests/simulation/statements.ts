/**
 * The statements that simulated agents send, and what the simulated server does with each.
 *
 * @module
 */
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse, noticeResponse } from "#schemas/wire/postgres/error_response.ts";
import type { FieldDescription } from "#schemas/wire/postgres/row_description.ts";
import { relations } from "./clinic.ts";

/** What a statement gives when it runs. */
export type Answer = {
  readonly kind: "rows" | "copy" | "command" | "error";
  readonly fields: readonly FieldDescription[];
  readonly rows: readonly (readonly string[])[];
  /** The command tag, or the SQLSTATE of the error. */
  readonly tag: string;
  /** What the transaction becomes. */
  readonly transaction?: "begin" | "commit" | "rollback";
  readonly definesCatalog?: boolean;
  readonly notice?: boolean;
  /** What the error's detail repeats of a row. */
  readonly detail?: string;
};

/** What policy makes of it: `runs` at once, `held` for people, or `refused`. */
export type Statement = {
  readonly sql: string;
  readonly judged: "runs" | "held" | "refused";
  readonly answer: Answer;
  /** Rows that the server's planner expects, where that is not what there are. */
  readonly planned?: number;
};

const encoder = new TextEncoder();

const readPatients = select("patients", "id, mrn, name, ssn, city", "order by id");
const readClaims = select("claims", "id, memo", "order by id");
const visits = select("visits", "id, reason", "order by id");
const readVisits: Statement = { ...visits, answer: { ...visits.answer, notice: true } };
export const countVisits = statement("select count(*) from visits", "runs", {
  kind: "rows",
  fields: [{ ...field("", "count"), name: "count", typeOid: 20, typeSize: 8 }],
  rows: [["40"]],
  tag: "SELECT 1",
});
const updateVisit = statement(
  "update visits set reason = 'seen' where id = 3",
  "runs",
  command("UPDATE 1"),
);
/** The server's error repeats a protected value. */
const failingUpdate = statement(
  "update visits set reason = 'dup' where id = 4",
  "runs",
  { ...command("23505"), kind: "error", detail: "Key (reason)=(Zqnote04) is in the way." },
);
const failingSelect = statement("select id / 0 from claims", "runs", {
  ...command("22012"),
  kind: "error",
  detail: "In a row with memo 987-65-4304.",
});
export const createScratch = statement("create table scratch (id int4)", "runs", {
  ...command("CREATE TABLE"),
  definesCatalog: true,
});
export const begin = statement("begin", "runs", { ...command("BEGIN"), transaction: "begin" });
export const commit = statement("commit", "runs", { ...command("COMMIT"), transaction: "commit" });
export const rollback = statement("rollback", "runs", {
  ...command("ROLLBACK"),
  transaction: "rollback",
});
/** More rows than policy gives out. */
const readReadings = select("readings", "id, value", "");
/** Of a size that the catalog's statistics alone would have held. */
const readReadVisits: Statement = {
  ...readVisits,
  sql: "select v.id, v.reason from visits v, readings r where r.id = v.id order by v.id",
};
/** What the planner expects more of than the catalog's statistics do. */
const heldByPlanner: Statement = {
  ...select("patients", "id, city", "where city <> name order by id"),
  judged: "held",
  planned: 5000,
};
const heldCopy = statement("copy patients to stdout", "held", {
  kind: "copy",
  fields: [],
  rows: relations[0]?.rows ?? [],
  tag: "COPY 24",
});
const heldUpdate = statement(
  "update claims set state = 'paid' where id = 5",
  "held",
  command("UPDATE 1"),
);
const deletePatients = statement("delete from patients", "refused", command(""));
const dropPatients = statement("drop table patients", "refused", command(""));
const notSql = statement("selekt 1", "refused", command(""));
/** With a parameter; always one row. */
export const patientById: Statement = {
  sql: "select name, city from patients where id = $1",
  judged: "runs",
  answer: {
    kind: "rows",
    fields: [field("patients", "name"), field("patients", "city")],
    rows: (relations[0]?.rows ?? []).slice(6, 7).map((row) => [row[2] ?? "", row[4] ?? ""]),
    tag: "SELECT 1",
  },
};

export const plainStatements: readonly Statement[] = [
  readPatients,
  readClaims,
  readVisits,
  countVisits,
  updateVisit,
  failingUpdate,
  failingSelect,
  readReadings,
  readReadVisits,
];
export const refusedStatements: readonly Statement[] = [deletePatients, dropPatients, notSql];
export const heldStatements: readonly Statement[] = [heldCopy, heldUpdate, heldByPlanner];
const everyStatement: readonly Statement[] = [
  ...plainStatements,
  ...refusedStatements,
  ...heldStatements,
  createScratch,
  begin,
  commit,
  rollback,
  patientById,
];

/** The same statement in more bytes, so that its request has several parts. */
export function padded(statement: Statement, bytes: number): Statement {
  return { ...statement, sql: `/* ${"x".repeat(bytes)} */ ${statement.sql}` };
}

/** The statement that a text is, whatever comment stands before it. */
export function statementOf(sql: string): Statement | undefined {
  const bare = sql.replace(/^\/\* x* \*\/ /, "").trim();
  return everyStatement.find((one) => one.sql === bare);
}

/** The messages of an answer, without what the protocol's flow adds. */
export function answerBytes(answer: Answer, described: boolean): Uint8Array {
  const messages: BackendMessage[] = [];
  if (answer.notice === true) messages.push(notice());
  if (answer.kind === "rows") {
    if (described) messages.push({ kind: "row_description", fields: answer.fields });
    for (const row of answer.rows) {
      messages.push({ kind: "data_row", values: row.map((value) => encoder.encode(value)) });
    }
  }
  if (answer.kind === "copy") {
    const columnFormats = answer.rows[0]?.map(() => 0 as const) ?? [];
    messages.push({ kind: "copy_out_response", format: 0, columnFormats });
    for (const row of answer.rows) {
      messages.push({ kind: "copy_data", data: encoder.encode(`${row.join("\t")}\n`) });
    }
    messages.push({ kind: "copy_done" });
  }
  messages.push({ kind: "command_complete", tag: answer.tag });
  return backendBytes(...messages);
}

/** A server's error, which may repeat what stands in a row. */
export function failure(sqlstate: string, detail = ""): BackendMessage {
  const message = "the statement cannot be carried out";
  return errorResponse({ severity: "ERROR", sqlstate, message, detail });
}

function notice(): BackendMessage {
  return noticeResponse({
    severity: "NOTICE",
    sqlstate: "00000",
    message: "row Zqnote09 of 987-65-4309 was seen",
  });
}

function statement(sql: string, judged: Statement["judged"], answer: Answer): Statement {
  return { sql, judged, answer };
}

function command(tag: string): Answer {
  return { kind: "command", fields: [], rows: [], tag };
}

function select(relation: string, columns: string, rest: string): Statement {
  const names = columns.split(", ");
  const found = relations.find(({ name }) => name === relation);
  if (found === undefined) throw new RangeError(`No relation ${relation}`);
  const places = names.map((name) => found.columns.findIndex((column) => column.name === name));
  return statement(`select ${columns} from ${relation} ${rest}`.trim(), "runs", {
    kind: "rows",
    fields: names.map((name) => field(relation, name)),
    rows: found.rows.map((row) => places.map((place) => row[place] ?? "")),
    tag: `SELECT ${found.rows.length}`,
  });
}

function field(relation: string, name: string): FieldDescription {
  const found = relations.find((one) => one.name === relation);
  const at = found?.columns.findIndex((column) => column.name === name) ?? -1;
  const typeOid = found?.columns[at]?.typeOid ?? 25;
  return {
    name,
    tableOid: found?.oid ?? 0,
    attribute: at + 1,
    typeOid,
    typeSize: typeOid === 23 ? 4 : -1,
    typeModifier: -1,
    format: 0,
  };
}
