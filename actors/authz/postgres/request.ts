/**
 * A request's bytes as what they ask for: statements to run, plans for the answers, what becomes of
 * the session's prepared statements and portals.
 *
 * Theory of operation. PostgreSQL keeps prepared statements made by SQL and by protocol under one
 * set of names, and so does the session state here. A name must mean here what it means there, or a
 * plan would be made for one statement while another runs. So a Parse or Bind of a name that exists
 * is refused here, as the server would refuse it, before it can leave the old meaning standing
 * there and a new one here; and after a batch that failed, what it was to make counts as unknown.
 *
 * @module
 */
import { emptyAnalysis, type Refusal, type StatementAnalysis } from "#schemas/analysis.ts";
import type { Bind } from "#schemas/wire/postgres/bind.ts";
import type { Execute } from "#schemas/wire/postgres/execute.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeFrontend, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { Parse } from "#schemas/wire/postgres/parse.ts";
import { describeMalformed } from "#schemas/wire/cursor.ts";
import type { AnalysedStatement } from "../analysis/analyse.ts";
import type { Plannable } from "../analysis/plannable.ts";
import type { Probe } from "../analysis/probes.ts";
import { applyChange, type SessionChange, type SessionState } from "../analysis/session.ts";
import type { Position } from "../policy/plan.ts";
import { type CopyStage, misplaced, stageBehind } from "./message_order.ts";
import {
  type Analyse,
  boundNow,
  closePortals,
  findPortal,
  keepsOldNames,
  type Now,
  type Portal,
  portalKey,
  type Portals,
} from "./portals.ts";
import {
  type Digest,
  noParameters,
  type Parameters,
  parametersOf,
  type Probed,
  probedBy,
} from "./probes.ts";

/** What a request asks for. */
export type Understood = {
  readonly kind: "understood";
  /** Statements that run, in order. */
  readonly executed: readonly StatementAnalysis[];
  /** Statements that are only prepared; policy must not refuse them outright. */
  readonly prepared: readonly StatementAnalysis[];
  /** Of each of both, what the planner may be asked. */
  readonly texts: Readonly<Record<"executed" | "prepared", readonly (PlannableText | null)[]>>;
  /** The answers that the server will give, in order. */
  readonly positions: readonly Position[];
  /** What each executed statement changes in the session when it succeeds, in order. */
  readonly changes: readonly (SessionChange | null)[];
  /** What becomes of prepared statements and portals when the whole request succeeds. */
  readonly protocolChanges: readonly SessionChange[];
  readonly portals: Portals;
  /** Names given to Parse, in order; what a failure leaves unknown. */
  readonly parsed: readonly string[];
  /** Values that classes are compared with by what runs. */
  readonly probed: readonly Probed[];
  /** Texts of prepared statements that run here; part of what an approval is bound to. */
  readonly runsPrepared: readonly string[];
  /** The request ends the batch: ReadyForQuery follows. */
  readonly synced: boolean;
  /** It reads from a cursor or portal that earlier requests read from, or later ones may. */
  readonly resumes: boolean;
};
/** A statement that may be planned, and where the planner would find it. */
export type PlannableText = Plannable & {
  readonly sql: string;
  /** The message that holds it, from 0; null where an earlier request does. */
  readonly message: number | null;
  readonly searchPath: readonly string[];
};
export type Misunderstood = { readonly kind: "refused"; readonly refusal: Refusal };

export type RequestLimits = {
  readonly parametersMax: number;
  readonly portalsMax: number;
  readonly preparedMax: number;
  /** Of one request. */
  readonly messagesMax: number;
};

type Prepared = { readonly analysis: StatementAnalysis; readonly text: PlannableText | null };

type Draft = {
  session: SessionState;
  readonly portals: Map<string, Portal>;
  readonly executed: StatementAnalysis[];
  readonly executedTexts: (PlannableText | null)[];
  readonly prepared: Map<string, Prepared>;
  /** The messages of this request that prepared something, by its name. */
  readonly messages: Map<string, number>;
  readonly positions: Position[];
  readonly changes: (SessionChange | null)[];
  readonly protocolChanges: SessionChange[];
  readonly parsed: string[];
  readonly runsPrepared: string[];
  readonly probed: Probed[];
  readonly digest: Digest;
  synced: boolean;
  resumes: boolean;
  /** What this request bound, by its portal's name, and the session as it was then. */
  readonly bound: Map<string, { readonly now: Now; readonly session: SessionState }>;
};

/** Understands a request, or says why it cannot be judged. Values are digested by `digest`. */
export function understand(
  bytes: Uint8Array,
  session: SessionState,
  portals: Portals,
  analyse: Analyse,
  limits: RequestLimits,
  digest: Digest,
): Understood | Misunderstood {
  const draft: Draft = {
    session,
    portals: new Map(portals),
    executed: [],
    executedTexts: [],
    prepared: new Map(),
    messages: new Map(),
    positions: [],
    changes: [],
    protocolChanges: [],
    parsed: [],
    runsPrepared: [],
    probed: [],
    digest,
    synced: false,
    resumes: false,
    bound: new Map(),
  };
  const framer = new Framer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
  framer.push(bytes);
  let stage: CopyStage = "none";
  for (let number = 0;; number++) {
    const frame = framer.next();
    if (frame.kind === "need") break;
    if (number >= limits.messagesMax) return refused("too_complex", "too many messages at once");
    // The edge has kept the protocol's order; each message is judged by its own contents.
    const message = frame.kind === "malformed" ? frame : decodeFrontend(frame, stateFor(frame.tag));
    if (message.kind === "malformed") {
      return refused("malformed_message", describeMalformed(message));
    }
    const refusal = misplaced(message, stage) ?? take(message, number, draft, analyse, limits);
    if (refusal !== null) return { kind: "refused", refusal };
    stage = stageBehind(message, stage, draft.executed.at(-1));
  }
  if (framer.buffered > 0) return refused("malformed_message", "the request ends inside a message");
  if (!draft.synced && leavesOpen(session, draft)) {
    return refused(
      "unsupported_statement",
      "a statement that changes the session must end with Sync, or stand in a transaction block",
    );
  }
  return understoodOf(draft);
}

function understoodOf(draft: Draft): Understood {
  const { executedTexts, bound: _bound, digest: _digest, messages: _messages, ...rest } = draft;
  const prepared = [...draft.prepared.values()];
  return {
    kind: "understood",
    ...rest,
    prepared: prepared.map(({ analysis }) => analysis),
    texts: { executed: executedTexts, prepared: prepared.map(({ text }) => text) },
    resumes: draft.resumes || draft.executed.some(({ details }) => details.includes("fetch")),
  };
}

/**
 * Says whether a batch without Sync leaves changes in an implicit transaction: an error in a later
 * request would undo them, and names would mean one thing here and another there.
 */
function leavesOpen(before: SessionState, draft: Draft): boolean {
  if (before.transaction.kind === "block" || draft.session.transaction.kind === "block") {
    return false;
  }
  return draft.changes.some((made) => made !== null);
}

function take(
  message: FrontendMessage,
  number: number,
  draft: Draft,
  analyse: Analyse,
  limits: RequestLimits,
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
      return takeDescribe(message.target, message.name, draft);
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

/** The session is the one that the statement was analysed in. */
function textOf(
  statement: AnalysedStatement | undefined,
  sql: string,
  message: number | null,
  { session: { searchPath } }: Draft,
): PlannableText | null {
  if (statement === undefined || statement.plannable === null || searchPath === null) return null;
  return { ...statement.plannable, sql, message, searchPath };
}

function takeParse(
  message: Parse,
  number: number,
  draft: Draft,
  analyse: Analyse,
  limits: RequestLimits,
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
  limits: RequestLimits,
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
  const values = parametersOf(bound.probes, message, draft.digest);
  const formats = resultFormats;
  draft.portals.set(portal, { statement, bound, formats, parameters: values, done: false });
  draft.bound.set(portal, { now, session: draft.session });
  // Planning runs what folds into constants.
  draft.prepared.set(portalKey(portal), { analysis: bound.analysis, text: null });
  return null;
}

function takeDescribe(
  target: "statement" | "portal",
  name: string,
  draft: Draft,
): Refusal | null {
  const isPortal = target === "portal";
  const portal = isPortal ? findPortal(draft.portals, name, draft.session) : undefined;
  const described = isPortal ? portal?.bound : draft.session.prepared.get(name);
  if (described === undefined) {
    return refusalOf("unknown_prepared_statement", "this statement or portal is not known");
  }
  const { statement = name, formats = [] } = portal ?? {};
  const { analysis } = described;
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
  if (keepsOldNames(bound, draft.session)) {
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

function note(draft: Draft, probes: readonly Probe[], parameters: Parameters): void {
  for (const probed of probedBy(probes, parameters, draft.digest)) draft.probed.push(probed);
}

function change(draft: Draft, made: SessionChange): void {
  draft.protocolChanges.push(made);
  draft.session = applyChange(draft.session, made);
}

/** The edge lets no message pass that its own state forbids; here each stands alone. */
function stateFor(tag: string): "ready" | "copy_in" {
  return tag === "d" || tag === "c" || tag === "f" ? "copy_in" : "ready";
}

function refusalOf(code: Refusal["code"], message: string): Refusal {
  return { code, message, position: null };
}
function refused(code: Refusal["code"], message: string): Misunderstood {
  return { kind: "refused", refusal: refusalOf(code, message) };
}
