/**
 * What the console knows of sessions and approvals without reading a recording: who, when, how
 * many, what was decided. Built by following the audit stream; of statements and rows only the
 * sequences are kept at which they stand.
 *
 * **Invariant:** bounded in every dimension; an approval is shown as pending only while no frame
 * says otherwise and its time is not over.
 *
 * @module
 */
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { type ExpectedRows, expectedRows } from "#schemas/expected_rows.ts";
import {
  type Approval,
  type ApprovalNeed,
  decodeControl,
  maskedHeader,
  type Open,
  parseMasked,
  type PrincipalChain,
} from "#schemas/frames.ts";
import { maskedText } from "#schemas/recording/ssh_words.ts";
import { type SessionKey, sessionName } from "#schemas/subjects.ts";

export type SessionEntry = {
  readonly key: SessionKey;
  readonly principal: PrincipalChain;
  readonly connection: string;
  readonly protocol: Open["protocol"];
  readonly client: Open["client"];
  readonly openedAtMs: number;
  /** Sequence of its `open`, and of its newest frame. */
  readonly first: number;
  last: number;
  lastAtMs: number;
  requests: number;
  allowed: number;
  denied: number;
  held: number;
  rows: number;
  /** Values masked, by class. */
  readonly masked: Map<string, number>;
  /** Sequences of the first parts of requests that are not judged yet, by number. */
  readonly requestStarts: Map<number, number>;
  /** Why it closed; null while it is open. */
  closed: string | null;
};

export type Vote = {
  readonly issuer: string;
  readonly person: string;
  readonly name: string;
  readonly decision: "approve" | "deny";
  readonly justification: string;
  readonly atMs: number;
};
export type ApprovalStateName = Approval["state"] | "pending";
export type ApprovalEntry = {
  readonly id: string;
  readonly key: SessionKey;
  readonly request: number;
  readonly binding: string;
  readonly needs: readonly ApprovalNeed[];
  /** Who asked; null when the session's opening is not known. */
  readonly principal: PrincipalChain | null;
  readonly connection: string;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  /** Where the request begins, and the sequence of the verdict that holds it. */
  readonly requestStart: number;
  readonly verdict: number;
  /** From the verdict: what is asked for, without a value. */
  readonly summary: Summary;
  state: Exclude<ApprovalStateName, "asked" | "voted">;
  readonly votes: Vote[];
};
export type Summary = {
  readonly commands: readonly string[];
  /** And files, by path. */
  readonly relations: readonly string[];
  readonly classes: readonly string[];
  readonly expected: ExpectedRows;
};

export type LedgerLimits = {
  readonly sessionsMax: number;
  readonly approvalsMax: number;
  readonly groupsMax: number;
};
export type Ledger = {
  /** Takes in the next stored message of the audit stream. */
  take(message: StoredMessage): void;
  session(id: string): SessionEntry | undefined;
  approval(id: string): ApprovalEntry | undefined;
  /** Newest first. */
  sessions(): SessionEntry[];
  /** Newest first. */
  approvals(): ApprovalEntry[];
  /** Groups that the policy in force asks for approval. */
  approverGroups(): ReadonlySet<string>;
  /** Frames that were taken in, and the sequence of the newest. */
  frames(): number;
  last(): number;
  /** Grows with every change that a page shows. */
  revision(): number;
};

const votesMax = 100;
const classesMax = 200;
const namesMax = 100;
/** Of one session; a later one is looked for from the session's beginning. */
const requestStartsMax = 256;

/** Creates an empty ledger. */
export function createLedger(limits: LedgerLimits): Ledger {
  const sessions = new Map<string, SessionEntry>();
  const approvals = new Map<string, ApprovalEntry>();
  /** Holds whose `asked` is still to come, by approval id. */
  const holds = new Map<string, Pick<ApprovalEntry, "verdict" | "requestStart" | "summary">>();
  let groups: ReadonlySet<string> = new Set();
  let frames = 0;
  let last = 0;
  let revision = 0;
  return {
    take,
    session: (id) => sessions.get(id),
    approval: (id) => approvals.get(id),
    sessions: () => [...sessions.values()].reverse(),
    approvals: () => [...approvals.values()].reverse(),
    approverGroups: () => groups,
    frames: () => frames,
    last: () => last,
    revision: () => revision,
  };

  function take(message: StoredMessage): void {
    frames++;
    last = message.sequence;
    const frame = toFrame(message);
    // What is no frame is the verifier's to name; there is nothing to list.
    if (frame === null || frame.kind === "view") return;
    if (frame.kind === "policy") return takePolicy(frame);
    if (frame.kind === "open") return takeOpen(frame);
    const named = sessions.get(frame.key.session);
    // An edge that says another's id says nothing of its session.
    const isOwn = named !== undefined && sessionName(named.key) === sessionName(frame.key);
    const session = isOwn ? named : undefined;
    if (session !== undefined) {
      session.last = frame.sequence;
      session.lastAtMs = frame.timeMs;
    }
    takeOf(frame, session);
  }

  function takeOf(frame: Frame, session: SessionEntry | undefined): void {
    switch (frame.kind) {
      case "request":
        if (session === undefined || frame.part > 0) return;
        if (
          session.requestStarts.size < requestStartsMax &&
          !session.requestStarts.has(frame.request)
        ) session.requestStarts.set(frame.request, frame.sequence);
        session.requests = Math.max(session.requests, frame.request);
        revision++;
        return;
      case "verdict":
        return takeVerdict(frame, session);
      case "approval":
        return takeApproval(frame, session);
      case "outcome": {
        const outcome = decodeControl("outcome", frame.payload);
        if (session === undefined || outcome === null) return;
        session.rows += outcome.rows;
        revision++;
        return;
      }
      case "response": {
        if (session === undefined) return;
        for (const [name, count] of parseMasked(frame.headers.get(maskedHeader))) {
          if (!session.masked.has(name) && session.masked.size >= classesMax) continue;
          session.masked.set(name, (session.masked.get(name) ?? 0) + count);
        }
        return;
      }
      case "close":
        if (session === undefined) return;
        session.closed = decodeControl("close", frame.payload)?.reason ?? "unknown";
        revision++;
        return;
      default:
        return;
    }
  }

  function takePolicy(frame: Frame): void {
    const policy = decodeControl("policy", frame.payload);
    // Of a policy that is not understood nobody is known to approve.
    groups = new Set(policy?.approvers.slice(0, limits.groupsMax));
    revision++;
  }

  function takeOpen(frame: Frame): void {
    const open = decodeControl("open", frame.payload);
    if (open === null || sessions.has(frame.key.session)) return;
    makeRoom(sessions, limits.sessionsMax, (session) => session.closed !== null);
    sessions.set(frame.key.session, {
      key: frame.key,
      principal: open.principal,
      connection: open.connection,
      protocol: open.protocol,
      client: open.client,
      openedAtMs: frame.timeMs,
      first: frame.sequence,
      last: frame.sequence,
      lastAtMs: frame.timeMs,
      requests: 0,
      allowed: 0,
      denied: 0,
      held: 0,
      rows: 0,
      masked: new Map(),
      requestStarts: new Map(),
      closed: null,
    });
    revision++;
  }

  function takeVerdict(frame: Frame, session: SessionEntry | undefined): void {
    const verdict = decodeControl("verdict", frame.payload);
    if (verdict === null) return;
    // Agents send on before they are answered: the newest request is not the one that is held.
    const requestStart = session?.requestStarts.get(frame.request) ?? session?.first;
    session?.requestStarts.delete(frame.request);
    if (session !== undefined && frame.request > 0) {
      if (verdict.decision === "allow") session.allowed++;
      else if (verdict.decision === "deny") session.denied++;
      else session.held++;
    }
    revision++;
    if (verdict.decision !== "hold" || verdict.approval === null) return;
    const { statements } = verdict;
    const distinct = (names: readonly string[]) => [...new Set(names)].slice(0, namesMax);
    makeRoom(holds, limits.approvalsMax, () => true);
    holds.set(verdict.approval.id, {
      verdict: frame.sequence,
      requestStart: requestStart ?? frame.sequence,
      summary: {
        commands: distinct(statements.map(({ command }) => command)),
        // A path is what somebody typed: what detectors find in it is masked.
        relations: distinct(statements.flatMap(({ relations, access }) => {
          const path = access?.path ?? null;
          return path === null ? relations : [...relations, maskedText(path)];
        })),
        classes: distinct(
          statements.flatMap((one) => [
            ...one.classesRead,
            ...one.classesFiltered,
            ...one.classesWritten,
          ]),
        ),
        expected: expectedRows(statements),
      },
    });
  }

  function takeApproval(frame: Frame, session: SessionEntry | undefined): void {
    const stored = decodeControl("approval", frame.payload);
    if (stored === null) return;
    revision++;
    const known = approvals.get(stored.id);
    if (stored.state === "asked") {
      const hold = holds.get(stored.id);
      const expiresAtMs = Date.parse(stored.expiresAt);
      if (known !== undefined || hold === undefined || Number.isNaN(expiresAtMs)) return;
      holds.delete(stored.id);
      makeRoom(approvals, limits.approvalsMax, (entry) => entry.state !== "pending");
      approvals.set(stored.id, {
        ...hold,
        id: stored.id,
        key: frame.key,
        request: stored.request,
        binding: stored.binding,
        needs: stored.needs,
        principal: session?.principal ?? null,
        connection: session?.connection ?? "",
        askedAtMs: frame.timeMs,
        expiresAtMs,
        state: "pending",
        votes: [],
      });
      return;
    }
    if (known === undefined || sessionName(known.key) !== sessionName(frame.key)) return;
    const { by, state } = stored;
    const counted = state === "voted" || state === "denied";
    if (counted && by !== null && known.votes.length < votesMax) {
      const { issuer, person, name, decision, justification } = by;
      known.votes.push({ issuer, person, name, decision, justification, atMs: frame.timeMs });
    }
    if (state !== "voted") known.state = state;
  }
}

/** Lets the oldest entry go that may, or the oldest of all, when the map is full. */
function makeRoom<T>(map: Map<string, T>, max: number, mayGo: (entry: T) => boolean): void {
  if (map.size < max) return;
  let oldest: string | undefined;
  for (const [id, entry] of map) {
    oldest ??= id;
    if (!mayGo(entry)) continue;
    map.delete(id);
    return;
  }
  if (oldest !== undefined) map.delete(oldest);
}

/** What an approval amounts to at a moment: frames may be late, time is not. */
export function stateAt(entry: ApprovalEntry, nowMs: number): ApprovalEntry["state"] {
  const open = entry.state === "pending" || entry.state === "granted";
  return open && nowMs >= entry.expiresAtMs ? "expired" : entry.state;
}
