/**
 * A session's frames as a timeline of what happened: who came, what was asked, decided, approved,
 * executed, and what the agent saw.
 *
 * Streaming, in stored order. Times are the server's, of storing, so that they are one clock's.
 *
 * **Invariant:** the timeline shows responses as they were masked and statements with their
 * literals masked; it never holds a token, a parameter value or a raw byte.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import {
  type Approval,
  decodeControl,
  maskedHeader,
  type Open,
  operationHeader,
  type Outcome,
  parseMasked,
  type PrincipalChain,
  type Verdict,
} from "#schemas/frames.ts";
import { maskLiterals } from "#schemas/sql/literals.ts";
import type { VolumeCut } from "#schemas/volume.ts";
import { type OutputItem, type OutputLimits, type OutputReader, readOutput } from "./output.ts";
import {
  type MaskSql,
  readStatements,
  type Statement,
  type StatementLimits,
} from "./statements.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

type Entry<K extends string, Fields> = {
  readonly kind: K;
  /** When the frame was stored, milliseconds since 1970. */
  readonly at: number;
  readonly sequence: number;
} & Readonly<Fields>;

export type TimelineEntry =
  | Entry<"opened", {
    principal: PrincipalChain;
    connection: string;
    client: Open["client"];
  }>
  | Entry<"request", {
    request: number;
    /** Empty, or what it is besides statements: `cancel:<request>`. */
    operation: string;
    statements: readonly Statement[];
    omitted: number;
    bytes: number;
  }>
  | Entry<"verdict", {
    request: number;
    decision: Verdict["decision"];
    policies: readonly string[];
    reasons: readonly { code: string; message: string; detail: string; hint: string }[];
    commands: readonly string[];
    classesRead: readonly string[];
    approval: string | null;
  }>
  | Entry<"approval", {
    request: number;
    id: string;
    state: Approval["state"];
    needs: readonly { group: string; quorum: number }[];
    by: {
      readonly issuer: string;
      readonly person: string;
      readonly name: string;
      readonly decision: "approve" | "deny";
      readonly justification: string;
    } | null;
    expiresAt: string;
  }>
  | Entry<"outcome", {
    request: number;
    status: Outcome["status"];
    durationMs: number;
    rows: number;
    bytes: number;
    commands: readonly string[];
    sqlstate: string | null;
    /** The limit at which the response was ended. */
    cut: VolumeCut | null;
    /** Why it did not run though it was allowed. */
    refused: string | null;
  }>
  | Entry<"output", {
    request: number;
    items: readonly OutputItem[];
    /** How many values were masked, by class. */
    masked: Readonly<Record<string, number>>;
  }>
  | Entry<"closed", { reason: string; requests: number; releasedBytes: number | null }>
  | Entry<"viewed", { by: PrincipalChain; what: string }>
  /** A frame that is not understood; the verifier says more. */
  | Entry<"unreadable", { frame: string }>;

export type ReplayLimits = StatementLimits & OutputLimits & {
  /** Requests whose parts are gathered at once; one more is shown by its size alone. */
  readonly gatheredMax: number;
};
export const replayLimits: ReplayLimits = {
  requestBytesMax: 1024 * 1024,
  statementsMax: 50,
  messageBytesMax: 16 * 1024 * 1024,
  rowsMax: 100,
  columnsMax: 64,
  valueCharactersMax: 200,
  copyBytesMax: 16 * 1024,
  gatheredMax: 8,
};

export type TimelineOptions = {
  /**
   * Masks the literals of a statement's text; null when it cannot, and the text is withheld. Left
   * out: `maskLiterals`.
   */
  readonly maskSql?: MaskSql;
  readonly limits?: ReplayLimits;
};

type Gathered = { parts: Uint8Array[]; kept: number; bytes: number; operation: string };
type Replay = {
  readonly maskSql: MaskSql;
  readonly limits: ReplayLimits;
  readonly gathered: Map<number, Gathered>;
  readonly output: OutputReader;
  nextPart: number;
};

/** The timeline of one session's frames, in stored order. */
export async function* timelineOf(
  frames: AsyncIterable<StoredMessage> | Iterable<StoredMessage>,
  options: TimelineOptions = {},
): AsyncGenerator<TimelineEntry> {
  const limits = options.limits ?? replayLimits;
  const output = readOutput(limits);
  const replay: Replay = {
    maskSql: options.maskSql ?? maskLiterals,
    limits,
    gathered: new Map(),
    output,
    nextPart: 0,
  };
  for await (const message of frames) {
    const frame = toFrame(message);
    const { sequence, timeMs: at } = message;
    if (frame === null) yield { kind: "unreadable", at, sequence, frame: "unknown" };
    else yield* entriesOf(replay, frame);
  }
}

function* entriesOf(replay: Replay, frame: Frame): Generator<TimelineEntry> {
  if (frame.kind === "request") return yield* requestOf(replay, frame);
  if (frame.kind === "response") return yield* responseOf(replay, frame);
  // What was asked and answered on the way to a verdict stands in the verdict.
  if (frame.kind === "explain" || frame.kind === "estimate") return;
  const { sequence, timeMs: at } = frame;
  yield controlOf(frame) ?? { kind: "unreadable", at, sequence, frame: frame.kind };
}

function* requestOf(replay: Replay, frame: Frame): Generator<TimelineEntry> {
  const { limits, gathered, maskSql } = replay;
  let request = gathered.get(frame.request);
  if (request === undefined) {
    const operation = frame.headers.get(operationHeader) ?? "";
    request = { parts: [], kept: 0, bytes: 0, operation };
    if (gathered.size < limits.gatheredMax) gathered.set(frame.request, request);
  }
  request.bytes += frame.payload.length;
  const kept = frame.payload.subarray(0, Math.max(0, limits.requestBytesMax - request.kept));
  if (kept.length > 0) request.parts.push(kept);
  request.kept += kept.length;
  if (frame.more) return;
  gathered.delete(frame.request);
  const { operation, bytes } = request;
  const read = operation === ""
    ? readStatements(joinBytes(request.parts), maskSql, limits)
    : { statements: [], omitted: 0 };
  // What was cut off is at least one message that is not shown.
  const { statements, omitted } = request.kept < bytes && operation === ""
    ? { ...read, omitted: read.omitted + 1 }
    : read;
  const { sequence, timeMs: at, request: number } = frame;
  yield { kind: "request", at, sequence, request: number, operation, statements, omitted, bytes };
}

function* responseOf(replay: Replay, frame: Frame): Generator<TimelineEntry> {
  // A part that is stored again was released once.
  if (frame.part < replay.nextPart) return;
  replay.nextPart = frame.part + 1;
  const items = replay.output.take(frame.request, frame.payload);
  const masked = Object.fromEntries(parseMasked(frame.headers.get(maskedHeader)));
  if (items.length === 0 && Object.keys(masked).length === 0) return;
  const { sequence, timeMs: at, request } = frame;
  yield { kind: "output", at, sequence, request, items, masked };
}

function controlOf(frame: Frame): TimelineEntry | null {
  const { sequence, timeMs: at, request } = frame;
  switch (frame.kind) {
    case "open": {
      const open = decodeControl("open", frame.payload);
      if (open === null) return null;
      const { principal, connection, client } = open;
      return { kind: "opened", at, sequence, principal, connection, client };
    }
    case "verdict": {
      const verdict = decodeControl("verdict", frame.payload);
      return verdict === null ? null : { kind: "verdict", at, sequence, ...judged(verdict) };
    }
    case "approval": {
      const approval = decodeControl("approval", frame.payload);
      return approval === null ? null : { kind: "approval", at, sequence, ...asked(approval) };
    }
    case "outcome": {
      const outcome = decodeControl("outcome", frame.payload);
      if (outcome === null) return null;
      const { status, durationMs, rows, bytes, commands, sqlstate, cut = null } = outcome;
      const refused = outcome.refused?.message ?? null;
      const facts = { status, durationMs, rows, bytes, commands, sqlstate, cut, refused };
      return { kind: "outcome", at, sequence, request, ...facts };
    }
    case "close": {
      const close = decodeControl("close", frame.payload);
      if (close === null) return null;
      const { reason, requests, released } = close;
      return {
        kind: "closed",
        at,
        sequence,
        reason,
        requests,
        releasedBytes: released?.bytes ?? null,
      };
    }
    case "view": {
      const view = decodeControl("view", frame.payload);
      return view === null ? null : { kind: "viewed", at, sequence, by: view.by, what: view.what };
    }
    default:
      return null;
  }
}

function judged(verdict: Verdict) {
  const { request, decision, policies, statements } = verdict;
  return {
    request,
    decision,
    policies,
    reasons: verdict.reasons.map(({ code, message, detail, hint }) => ({
      code,
      message,
      detail,
      hint,
    })),
    commands: statements.map(({ command }) => command),
    classesRead: [...new Set(statements.flatMap(({ classesRead }) => classesRead))],
    approval: verdict.approval?.id ?? null,
  };
}

function asked(approval: Approval) {
  const { request, id, state, expiresAt, by } = approval;
  return {
    request,
    id,
    state,
    needs: approval.needs.map(({ group, quorum }) => ({ group, quorum })),
    by: by === null ? null : {
      issuer: by.issuer,
      person: by.person,
      name: by.name,
      decision: by.decision,
      justification: by.justification,
    },
    expiresAt,
  };
}
