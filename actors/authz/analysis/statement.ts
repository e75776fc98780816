/**
 * One statement of any kind: dispatched by its tag to what understands it.
 *
 * **Invariant:** a tag that is not named here is refused.
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import { judgeCopy } from "./copy.ts";
import { createAs, define, isDefinition } from "./define.ts";
import { declareCursor, execute, fetchCursor, judgeExplain, judgePrepare } from "./named.ts";
import { modifyOutput } from "./modify.ts";
import { movingCode, type Run } from "./run.ts";
import type { Output } from "./scope.ts";
import { selectOutput } from "./select.ts";
import type { SessionChange } from "./session.ts";
import { judgeSessionStatement } from "./session_statements.ts";
import { bodyOf, type Fields, fields, items, type Node } from "./tree.ts";

/** What a statement is, beside what its run gathered. */
export type Judged = {
  readonly kind: "judged";
  /** PostgreSQL's command tag. */
  readonly command: string;
  /** Null when no rows come back. */
  readonly output: Output | null;
  readonly copy: StatementAnalysis["copy"];
  readonly change: SessionChange | null;
};
export type Refused = { readonly kind: "refused"; readonly refusal: Refusal };

/** A statement without rows. */
export function done(command: string, change: SessionChange | null = null): Judged {
  return { kind: "judged", command, output: null, copy: null, change };
}

export function refuse(code: Refusal["code"], message: string): Refused {
  return { kind: "refused", refusal: { code, message, position: null } };
}

/** `sql` is the text of this statement alone. */
export function judgeStatement(statement: Node, sql: string, run: Run): Judged | Refused {
  const judged = judgeTag(statement, sql, run);
  if (judged.kind === "refused" || !run.details.has(movingCode)) return judged;
  // What is only prepared or declared has not run; what runs it says so again.
  if (judged.change?.kind === "prepare" || judged.change?.kind === "declare") return judged;
  const unknown: SessionChange = { kind: "unknown_code", defines: run.defines };
  const changes = judged.change === null ? [unknown] : [judged.change, unknown];
  return { ...judged, change: { kind: "several", changes } };
}

function judgeTag(statement: Node, sql: string, run: Run): Judged | Refused {
  const { tag, body } = statement;
  switch (tag) {
    case "SelectStmt":
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
    case "MergeStmt":
      return judgeTopQuery(statement, run);
    case "CopyStmt":
      return judgeCopy(body, run);
    case "CreateTableAsStmt":
      return createAs(body, run);
    case "ExplainStmt":
      return judgeExplain(body, sql, run);
    case "PrepareStmt":
      return judgePrepare(body, sql, run);
    case "ExecuteStmt":
      return execute(body, run);
    case "DeclareCursorStmt":
      return declareCursor(body, run);
    case "FetchStmt":
      return fetchCursor(body, run);
    default: {
      const judged = judgeSessionStatement(statement, run);
      if (judged !== null) return judged;
      if (isDefinition(tag)) return define(statement, run);
      return refuse("unsupported_statement", "This kind of statement is not supported");
    }
  }
}

/** SELECT, INSERT, UPDATE, DELETE or MERGE, wherever one may stand. */
export function judgeQuery(statement: Node, run: Run): Judged | Refused {
  const { tag, body } = statement;
  if (tag !== "SelectStmt") {
    const output = modifyOutput(tag, body, null, run);
    return { ...done(tag.replace("Stmt", "").toUpperCase()), output };
  }
  run.effects.add("read");
  const into = intoClause(body);
  if (into !== null) {
    const query = { SelectStmt: body };
    return createAs({ query, into, objtype: "OBJECT_TABLE", is_select_into: true }, run);
  }
  return { ...done("SELECT"), output: selectOutput(body, null, run) };
}

function judgeTopQuery(statement: Node, run: Run): Judged | Refused {
  const judged = judgeQuery(statement, run);
  const path = run.paths[0];
  if (judged.kind === "refused" || path === undefined) return judged;
  if (run.paths.length === 1 && isBareCall(statement)) {
    return { ...judged, change: path };
  }
  return strayPath(judged, run);
}

/** A search path set in a place where it may or may not run. */
export function strayPath(judged: Judged, run: Run): Judged {
  if (run.paths.length === 0) return judged;
  run.effects.add("escape");
  return { ...judged, change: { kind: "unknown_code", defines: run.defines } };
}

/** `SELECT set_config(...)` and nothing else: it surely runs, once. */
function isBareCall({ tag, body }: Node): boolean {
  if (tag !== "SelectStmt" || items(body["targetList"]).length !== 1) return false;
  const allowed = new Set(["targetList", "limitOption", "op"]);
  const target = bodyOf(items(body["targetList"])[0], "ResTarget");
  const call = bodyOf(target?.["val"], "FuncCall");
  return call !== null && body["op"] === "SETOP_NONE" &&
    Object.keys(body).every((key) => allowed.has(key)) &&
    items(call["args"]).every((arg) => bodyOf(arg, "A_Const") !== null);
}

/** INTO stands in the leftmost SELECT of a set operation. */
function intoClause(select: Fields): unknown {
  let body = select;
  while (body["larg"] !== undefined) body = fields(body["larg"]);
  return body["intoClause"] ?? null;
}
