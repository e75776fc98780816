/**
 * What each message of a request adds to what it asks for, or why it cannot be judged.
 *
 * Theory of operation. PostgreSQL keeps prepared statements made by SQL and by protocol under one
 * set of names, and so does the session state here. A name must mean here what it means there, or a
 * plan would be made for one statement while another runs. So a Parse or Bind of a name that exists
 * is refused here, as the server would refuse it, before it can leave the old meaning standing
 * there and a new one here; and after a batch that failed, what it was to make counts as unknown.
 *
 * @module
 */
import { emptyAnalysis, type Refusal } from "#schemas/analysis.ts";
import type { Bind } from "#schemas/wire/postgres/bind.ts";
import type { Execute } from "#schemas/wire/postgres/execute.ts";
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { Parse } from "#schemas/wire/postgres/parse.ts";
import { isReadLate, promptParametersMax } from "../analysis/late_names.ts";
import { isSame } from "../analysis/named.ts";
import { applyChange, type Prepared } from "../analysis/session.ts";
import { change, type Draft, note, textOf } from "./draft.ts";
import {
  type Analyse,
  boundNow,
  closePortals,
  findPortal,
  keepsOldNames,
  portalKey,
} from "./portals.ts";
import { noParameters, parametersOf } from "./probes.ts";

export type MessageLimits = {
  readonly parametersMax: number;
  readonly portalsMax: number;
  readonly preparedMax: number;
};

/** `number` is its place in the request, from 0. */
export function takeMessage(
  message: FrontendMessage,
  number: number,
  draft: Draft,
  analyse: Analyse,
  limits: MessageLimits,
): Refusal | null {
  switch (message.kind) {
    case "query":
      draft.synced = true;
      return takeQuery(message.text, number, draft, analyse);
    case "parse":
      return takeParse(message, number, draft, analyse, limits);
    case "bind":
      return takeBind(message, draft, analyse, limits);
    case "describe":
      return takeDescribe(message.target, message.name, draft, analyse);
    case "execute":
      return takeExecute(message, draft, analyse);
    case "close":
      if (message.target === "portal") draft.portals.delete(message.name);
      else change(draft, { kind: "deallocate", name: message.name });
      return null;
    case "sync":
      draft.synced = true;
      return null;
    case "flush":
    case "copy_data":
    case "copy_done":
    case "copy_fail":
      return null;
    default:
      return refusalOf("unsupported_statement", "this message is not supported; use SQL instead");
  }
}

function takeQuery(
  text: string,
  number: number,
  draft: Draft,
  analyse: Analyse,
): Refusal | null {
  const analysed = analyse(text, draft.session, []);
  if (analysed.kind === "refused") return analysed.refusal;
  const { statements } = analysed;
  for (const [index, { analysis, change: changed, probes }] of statements.entries()) {
    const copiesIn = analysis.copy?.direction === "in";
    if (copiesIn && index < statements.length - 1) {
      return refusalOf("unsupported_statement", "COPY FROM STDIN must be the last statement");
    }
    draft.executed.push(analysis);
    // Of several statements none is a text by itself.
    const only = statements.length === 1 ? statements[0] : undefined;
    draft.executedTexts.push(textOf(only, text, number, draft));
    note(draft, probes, noParameters);
    draft.changes.push(changed);
    closePortals(changed, draft.portals);
    draft.positions.push({ answers: "query", statement: null, formats: [], analysis });
  }
  // A simple query takes the unnamed statement and portal with it.
  draft.portals.delete("");
  change(draft, { kind: "deallocate", name: "" });
  return null;
}

function takeParse(
  message: Parse,
  number: number,
  draft: Draft,
  analyse: Analyse,
  limits: MessageLimits,
): Refusal | null {
  const { statement: name, text, parameterTypes } = message;
  if (name !== "" && draft.session.prepared.has(name)) {
    return refusalOf("unsupported_statement", "a prepared statement of this name already exists");
  }
  if (draft.session.prepared.size >= limits.preparedMax) {
    return refusalOf("too_complex", "too many prepared statements in this session");
  }
  const analysed = analyse(text, draft.session, parameterTypes);
  if (analysed.kind === "refused") return analysed.refusal;
  const [only, ...others] = analysed.statements;
  if (others.length > 0) {
    return refusalOf("syntax_error", "a prepared statement holds one statement only");
  }
  const analysis = only?.analysis ?? emptyAnalysis;
  const probes = only?.probes ?? [];
  const { names } = draft.session;
  const prepared = { sql: text, analysis, probes, names, parameterTypes };
  const planned = textOf(only, text, number, draft);
  change(draft, { kind: "prepare", name, prepared });
  draft.parsed.push(name);
  draft.messages.set(name, number);
  draft.prepared.set(name, { analysis, text: planned });
  return null;
}

function takeBind(
  message: Bind,
  draft: Draft,
  analyse: Analyse,
  limits: MessageLimits,
): Refusal | null {
  const { portal, statement, parameters, resultFormats } = message;
  if (parameters.length > limits.parametersMax) {
    return refusalOf("too_many_parameters", `more than ${limits.parametersMax} parameters`);
  }
  const prepared = draft.session.prepared.get(statement);
  if (prepared === undefined) {
    return refusalOf("unknown_prepared_statement", "this prepared statement is not known");
  }
  if (portal !== "" && (draft.portals.has(portal) || draft.session.cursors.has(portal))) {
    return refusalOf("unsupported_statement", "a portal of this name already exists");
  }
  if (draft.portals.size >= limits.portalsMax) {
    return refusalOf("too_complex", "too many portals in this session");
  }
  const now = boundNow(prepared, draft.session, analyse);
  if (now.kind === "refused") return now.refusal;
  const { bound } = now;
  planned(prepared, bound, statement, draft);
  const values = parametersOf(bound.probes, message, draft.digest);
  const formats = resultFormats;
  draft.portals.set(portal, { statement, bound, formats, parameters: values, done: false });
  draft.bindsParameters ||= parameters.length > 0;
  draft.bindsLate ||= parameters.length > promptParametersMax || parameters.some(isReadLate);
  draft.bound.set(portal, { now, session: draft.session });
  // Planning runs what folds into constants.
  draft.prepared.set(portalKey(portal), { analysis: bound.analysis, text: null });
  return null;
}

/** Notes what a statement may mean to the server from here on. */
function planned(before: Prepared, now: Prepared, name: string, draft: Draft): void {
  const { analysis } = now;
  if (isSame(analysis, before.analysis)) return;
  const change = { kind: "planned", name, before: before.analysis, analysis } as const;
  draft.planned.push(change);
  draft.session = applyChange(draft.session, change);
}

function takeDescribe(
  target: "statement" | "portal",
  name: string,
  draft: Draft,
  analyse: Analyse,
): Refusal | null {
  const isPortal = target === "portal";
  const portal = isPortal ? findPortal(draft.portals, name, draft.session) : undefined;
  const described = isPortal ? portal?.bound : draft.session.prepared.get(name);
  if (described === undefined) {
    return refusalOf("unknown_prepared_statement", "this statement or portal is not known");
  }
  const { statement = name, formats = [] } = portal ?? {};
  // The server plans a statement anew to describe it.
  const now = isPortal ? null : boundNow(described, draft.session, analyse);
  if (now?.kind === "refused") return now.refusal;
  if (now !== null) planned(described, now.bound, name, draft);
  const { analysis } = now?.bound ?? described;
  draft.positions.push({ answers: "describe", statement, formats: [...formats], analysis });
  return null;
}

function takeExecute(message: Execute, draft: Draft, analyse: Analyse): Refusal | null {
  const { portal: name } = message;
  const portal = findPortal(draft.portals, name, draft.session);
  if (portal === undefined) {
    return refusalOf("unknown_cursor", "this portal is not known");
  }
  const { statement, formats, bound } = portal;
  const here = draft.bound.get(name);
  const now = here?.session === draft.session ? here.now : boundNow(bound, draft.session, analyse);
  if (now.kind === "refused") return now.refusal;
  const { analysis, probes, change: changed } = now.bound;
  if (keepsOldNames(bound, now.bound)) {
    return refusalOf("unsupported_statement", "names changed since this portal was bound");
  }
  draft.resumes ||= message.rowsMax > 0 || here === undefined;
  draft.portals.set(name, { ...portal, done: message.rowsMax <= 0 });
  draft.prepared.delete(portalKey(name));
  // The name may be another statement's by now, and names in it other relations'.
  const prepared = draft.session.prepared.get(statement);
  const isStill = prepared?.sql === bound.sql;
  const isSame = isStill && prepared?.names === draft.session.names;
  if (isStill) draft.prepared.delete(statement);
  draft.executed.push(analysis);
  const holder = draft.messages.get(statement) ?? null;
  draft.executedTexts.push(isSame ? textOf(now.only, bound.sql, holder, draft) : null);
  note(draft, probes, portal.parameters);
  draft.changes.push(changed);
  draft.runsPrepared.push(bound.sql);
  draft.positions.push({ answers: "execute", statement, formats: [...formats], analysis });
  draft.session = applyChange(draft.session, changed);
  closePortals(changed, draft.portals);
  return null;
}

export function refusalOf(code: Refusal["code"], message: string): Refusal {
  return { code, message, position: null };
}
