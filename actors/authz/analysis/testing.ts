/**
 * What the tests of this folder share: the clinic, a parser, and analyses written as one line.
 *
 * Loading the parser reads its WebAssembly file, so these tests need `--allow-read=node_modules`.
 *
 * @module
 */
import {
  analyse,
  type Analysed,
  type AnalysedStatement,
  applyRequest,
  defaultLimits,
  freshSession,
  indexCatalog,
  loadParser,
  type SessionState,
} from "./analyse.ts";
import { clinicCatalog, clinicListing } from "./clinic.ts";

export const parser = await loadParser();
export const schema = indexCatalog(clinicCatalog, clinicListing);
export const fresh = freshSession(clinicCatalog.searchPath);

export function analyseIn(session: SessionState, sql: string): Analysed {
  return analyse(sql, session, schema, parser, defaultLimits);
}

/** The statements of a string that is not refused. @throws when it is. */
export function statementsOf(
  sql: string,
  session: SessionState = fresh,
): readonly AnalysedStatement[] {
  const analysed = analyseIn(session, sql);
  if (analysed.kind === "refused") {
    throw new Error(`refused: ${analysed.refusal.code} at ${analysed.refusal.position}`);
  }
  return analysed.statements;
}

/** The last statement's analysis. */
export function analysisOf(sql: string, session: SessionState = fresh) {
  const last = statementsOf(sql, session).at(-1);
  if (last === undefined) throw new Error("no statement");
  return last.analysis;
}

/**
 * Output columns as `name`, `name:class+class`, with `?` for opaque: `id ssn:ssn x?`. "-" when the
 * statement returns no rows.
 */
export function columnsOf(sql: string, session: SessionState = fresh): string {
  const { columns } = analysisOf(sql, session);
  if (columns === null) return "-";
  return columns.map(({ name, classes, opaque }) =>
    `${name}${classes.length > 0 ? `:${classes.join("+")}` : ""}${opaque ? "?" : ""}`
  ).join(" ");
}

/** Effects of the last statement, in their order. */
export function effectsOf(sql: string, session: SessionState = fresh): string {
  return analysisOf(sql, session).effects.join(" ");
}

/** The refusal's code; null when the string is analysed. */
export function refusalOf(sql: string, session: SessionState = fresh): string | null {
  const analysed = analyseIn(session, sql);
  return analysed.kind === "refused" ? analysed.refusal.code : null;
}

/** The session after requests, each a string whose statements all succeeded. */
export function after(...requests: readonly string[]): SessionState {
  return requests.reduce((session, sql) => {
    const changes = statementsOf(sql, session).map(({ change }) => change);
    return applyRequest(session, changes, changes.length);
  }, fresh);
}
