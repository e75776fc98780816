/**
 * Who was given what, when, by which policies and with whose consent: one entry for each request
 * that ran, made from the frames of a whole log. It answers what a person may ask under 45 CFR
 * 164.528 and an auditor under 164.312(b), without a statement's text, a parameter or a value.
 *
 * Frames go in in stored order. A request's last response may be stored after its outcome, and a
 * verdict or an outcome after the close of a session whose agent went away; so a request comes out
 * some time after its session closed, or at the end.
 *
 * **Invariant:** nothing is passed over in silence: what is not understood is counted, and more
 * sessions than may be held at once are an error.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import type { Effect } from "#schemas/analysis.ts";
import {
  decodeControl,
  maskedHeader,
  type Outcome,
  parseMasked,
  type PrincipalChain,
  type Verdict,
} from "#schemas/frames.ts";
import { maskedText } from "#schemas/recording/ssh_words.ts";
import { type FrameKind, type SessionKey, sessionName } from "#schemas/subjects.ts";

/** A class that a response carried, or may have. */
export type DisclosedClass = {
  readonly name: string;
  /** By its plan it left as it is, for this principal may see it. */
  readonly unmasked: boolean;
  /** Values of it that were masked. */
  readonly maskedValues: number;
};

export type Consent = {
  readonly issuer: string;
  readonly person: string;
  readonly name: string;
  readonly justification: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
};

export type Disclosure = {
  /** When its outcome was stored, else its verdict; milliseconds since 1970. */
  readonly atMs: number;
  readonly key: SessionKey;
  readonly request: number;
  readonly connection: string;
  readonly principal: PrincipalChain;
  /** Commands or programs, and what they touched: relations, or the path of a file. */
  readonly commands: readonly string[];
  readonly effects: readonly Effect[];
  readonly touched: readonly string[];
  /** Sorted by name. */
  readonly classes: readonly DisclosedClass[];
  /** Classes that decided which rows came out, or in which order. */
  readonly filteredBy: readonly string[];
  readonly policies: readonly string[];
  readonly policyVersion: string;
  /** Who agreed before it ran; empty when nobody had to. */
  readonly consent: readonly Consent[];
  /** Null while no outcome is stored: it runs, or nobody knows. */
  readonly status: Outcome["status"] | null;
  readonly rows: number;
  /** Of the server's response, before masking. */
  readonly bytes: number;
  /** The response is a stream (a terminal, a program's output, files): it has no rows. */
  readonly isStream: boolean;
};

export type DisclosureLimits = {
  /** Sessions that are open at once. */
  readonly sessionsMax: number;
  /** Requests of one session that wait for their last response. */
  readonly requestsMax: number;
  /** Sessions that closed and their requests, together, that wait for what is stored late. */
  readonly closedMax: number;
};
export const disclosureLimits: DisclosureLimits = {
  sessionsMax: 100_000,
  requestsMax: 1000,
  closedMax: 20_000,
};

/** The kinds of frames that are needed; the others may be left out. */
export const disclosureKinds: readonly FrameKind[] = [
  "open",
  "verdict",
  "approval",
  "outcome",
  "response",
  "close",
];

export type DisclosureReader = {
  /** Takes the next frame; gives the requests that are complete with it. @throws RangeError */
  take(message: StoredMessage): Disclosure[];
  /** After the last frame: what is left of sessions that are open. */
  end(): Disclosure[];
  /** Frames that were not understood, or belong to no opening; `verify` says what they are. */
  unreadable(): number;
};

type Pending = {
  verdict: { readonly atMs: number; readonly is: Verdict } | null;
  outcome: { readonly atMs: number; readonly is: Outcome } | null;
  readonly masked: Map<string, number>;
  readonly consent: Map<string, Consent[]>;
};
type Session = {
  readonly key: SessionKey;
  readonly principal: PrincipalChain;
  readonly connection: string;
  readonly requests: Map<number, Pending>;
  nextPart: number;
};

/** Creates a reader of one log. */
export function readDisclosures(limits: DisclosureLimits = disclosureLimits): DisclosureReader {
  const sessions = new Map<string, Session>();
  /** In the order in which they closed, each with what it counted then. */
  const closed = new Map<string, { readonly session: Session; readonly count: number }>();
  let closedCount = 0;
  let unreadable = 0;
  return { take, end, unreadable: () => unreadable };

  function take(message: StoredMessage): Disclosure[] {
    const frame = toFrame(message);
    if (frame === null) {
      unreadable++;
      return [];
    }
    if (!disclosureKinds.includes(frame.kind)) return [];
    const id = sessionName(frame.key);
    if (frame.kind === "open") {
      open(id, frame);
      return [];
    }
    const session = sessions.get(id) ?? closed.get(id)?.session;
    if (session === undefined) {
      unreadable++;
      return [];
    }
    if (frame.kind === "close") return sessions.delete(id) ? close(id, session) : [];
    if (frame.request === 0 && frame.kind !== "response") return [];
    if (!note(session, frame)) unreadable++;
    return session.requests.size > limits.requestsMax ? letGo(session, oldestOf(session)) : [];
  }

  function open(id: string, frame: Frame): void {
    const opened = decodeControl("open", frame.payload);
    if (opened === null) {
      unreadable++;
      return;
    }
    // Of two openings of one session the first counts.
    if (sessions.has(id) || closed.has(id)) return;
    if (sessions.size >= limits.sessionsMax) {
      throw new RangeError(`Cannot report: more than ${limits.sessionsMax} sessions are open`);
    }
    const { principal, connection } = opened;
    sessions.set(id, { key: frame.key, principal, connection, requests: new Map(), nextPart: 0 });
  }

  /** Lets those go that closed longest ago, where there are too many. */
  function close(id: string, session: Session): Disclosure[] {
    const count = 1 + session.requests.size;
    closed.set(id, { session, count });
    closedCount += count;
    const done: Disclosure[] = [];
    for (const [oldest, left] of closed) {
      if (closedCount <= limits.closedMax) break;
      closed.delete(oldest);
      closedCount -= left.count;
      done.push(...complete(left.session));
    }
    return done;
  }

  function end(): Disclosure[] {
    const all = [...[...closed.values()].map(({ session }) => session), ...sessions.values()];
    closed.clear();
    sessions.clear();
    return all.flatMap(complete);
  }
}

/** Takes in what a frame says of its request; false when it is not understood. */
function note(session: Session, frame: Frame): boolean {
  switch (frame.kind) {
    case "verdict": {
      const verdict = decodeControl("verdict", frame.payload);
      if (verdict === null) return false;
      if (verdict.decision !== "allow" || verdict.cancels !== null) return true;
      pendingOf(session, frame.request).verdict ??= { atMs: frame.timeMs, is: verdict };
      return true;
    }
    case "approval": {
      const approval = decodeControl("approval", frame.payload);
      if (approval === null) return false;
      const { state, by, id } = approval;
      // `granted` names the last of those who voted once more.
      if (state !== "voted" || by === null || by.decision !== "approve") return true;
      const { issuer, person, name, justification } = by;
      const { consent } = pendingOf(session, frame.request);
      const votes = consent.get(id) ?? [];
      consent.set(id, [...votes, { issuer, person, name, justification, atMs: frame.timeMs }]);
      return true;
    }
    case "outcome": {
      const outcome = decodeControl("outcome", frame.payload);
      if (outcome === null) return false;
      pendingOf(session, frame.request).outcome ??= { atMs: frame.timeMs, is: outcome };
      return true;
    }
    case "response": {
      // A part that is stored again was released once.
      if (frame.part < session.nextPart) return true;
      session.nextPart = frame.part + 1;
      if (frame.request === 0) return true;
      const { masked } = pendingOf(session, frame.request);
      for (const [name, count] of parseMasked(frame.headers.get(maskedHeader))) {
        masked.set(name, (masked.get(name) ?? 0) + count);
      }
      return true;
    }
    default:
      return true;
  }
}

function pendingOf({ requests }: Session, request: number): Pending {
  const known = requests.get(request);
  if (known !== undefined) return known;
  const made: Pending = { verdict: null, outcome: null, masked: new Map(), consent: new Map() };
  requests.set(request, made);
  return made;
}

/**
 * The request to let go of: the oldest that has its outcome, for a program may run as long as it is
 * given input, which is a request each; else the oldest of all.
 */
function oldestOf({ requests }: Session): readonly number[] {
  let oldest: number | undefined;
  for (const [request, { outcome }] of requests) {
    if (outcome !== null) return [request];
    oldest ??= request;
  }
  return oldest === undefined ? [] : [oldest];
}

/** Lets all requests of a session go. */
function complete(session: Session): Disclosure[] {
  return letGo(session, [...session.requests.keys()]);
}

/** Lets requests of a session go; those that were allowed come out. */
function letGo(session: Session, requests: readonly number[]): Disclosure[] {
  return requests.flatMap((request) => {
    const pending = session.requests.get(request);
    session.requests.delete(request);
    const disclosure = pending === undefined ? null : disclosureOf(session, request, pending);
    return disclosure === null ? [] : [disclosure];
  });
}

function disclosureOf(
  { key, principal, connection }: Session,
  request: number,
  { verdict, outcome, masked, consent }: Pending,
): Disclosure | null {
  if (verdict === null || outcome?.is.status === "not_run") return null;
  const { statements, policies, policyVersion, approval, plan } = verdict.is;
  return {
    atMs: outcome?.atMs ?? verdict.atMs,
    key,
    request,
    connection,
    principal,
    // Programs and paths are what somebody typed: what detectors find in them is masked.
    commands: distinct(statements.map(({ command, access }) => {
      return access === undefined ? command : maskedText(command);
    })),
    effects: distinct(statements.flatMap(({ effects }) => effects)),
    touched: distinct(statements.flatMap(({ relations, access }) => {
      const path = access?.path ?? null;
      return path === null ? relations : [...relations, maskedText(path)];
    })),
    classes: classesOf(verdict.is, masked),
    filteredBy: distinct(statements.flatMap(({ classesFiltered }) => classesFiltered)),
    policies,
    policyVersion,
    consent: approval === null ? [] : consent.get(approval.id) ?? [],
    status: outcome?.is.status ?? null,
    rows: outcome?.is.rows ?? 0,
    bytes: outcome?.is.bytes ?? 0,
    isStream: plan.stream !== undefined,
  };
}

function classesOf(
  { plan, statements }: Verdict,
  masked: ReadonlyMap<string, number>,
): DisclosedClass[] {
  const columns = plan.results.flatMap(({ columns }) => columns);
  const read = statements.flatMap(({ classesRead }) => classesRead);
  const shown = new Set([
    ...columns.flatMap(({ classes, mask }) => mask.operator === "keep" ? classes : []),
    ...(plan.stream?.revealed ?? []),
    ...(plan.verbatim === undefined ? [] : read),
  ]);
  const names = [...columns.flatMap(({ classes }) => classes), ...read, ...shown, ...masked.keys()];
  return distinct(names).sort().map((name) => {
    return { name, unmasked: shown.has(name), maskedValues: masked.get(name) ?? 0 };
  });
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
