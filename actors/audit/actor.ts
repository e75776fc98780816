/**
 * Audit turns the stored frames of one epoch into an append-only Merkle log: leaf n is the frame of
 * stream sequence n + 1, and every so often the tree is signed as a checkpoint.
 *
 * **Invariant:** it never signs a tree that does not extend every tree it signed before, and never
 * signs past a frame that is missing. What is wrong is an incident that names the sequence; after
 * one, nothing more is signed until a person has looked, while the process keeps answering. (A gap
 * is not papered over by a "gap" leaf: the log has no opinion on why a frame is missing.)
 *
 * @module
 */
import type { StreamState } from "#actors/_kit/bus.ts";
import { equalBytes } from "#schemas/log/bytes.ts";
import { frameLeafHash, type LeafMessage } from "#schemas/log/leaf.ts";
import { append, emptyFrontier, type Frontier, root } from "#schemas/log/merkle.ts";
import { unreachable } from "#schemas/unreachable.ts";

export type AuditLimits = {
  /** While there are unsigned frames, a checkpoint at least this often, milliseconds. */
  readonly checkpointMs: number;
  /** A checkpoint at once when so many frames are unsigned. */
  readonly unsignedMax: number;
};
export const auditLimits: AuditLimits = { checkpointMs: 1000, unsignedMax: 16_384 };

export type IncidentCode =
  | "missing_frame"
  | "stream_truncated"
  | "frames_deleted"
  | "history_changed"
  | "log_rolled_back"
  | "checkpoint_unreadable";
/** Something a person must look at. `sequence` is where it shows. */
export type Incident = {
  readonly code: IncidentCode;
  readonly sequence: number;
  readonly message: string;
};

/** A tree that was signed before and that the rebuilt one must pass through. */
export type Anchor = { readonly size: number; readonly root: Uint8Array };

export type AuditState = {
  readonly frontier: Frontier;
  /** Size of the newest checkpoint known to be stored. */
  readonly signedSize: number;
  readonly signedAtMs: number;
  /** Size of the checkpoint that is being published, one at a time. */
  readonly signing: number | null;
  readonly anchor: Anchor | null;
  readonly incident: Incident | null;
};

export type AuditInput =
  | { readonly kind: "stored"; readonly message: LeafMessage }
  | { readonly kind: "tick"; readonly nowMs: number }
  /** The checkpoint of this size is stored. */
  | { readonly kind: "signed"; readonly size: number; readonly nowMs: number }
  /** It was not stored, and is to be tried again. */
  | { readonly kind: "not_signed" }
  /** What the server says of the stream; `asked` is the tree's size when it was asked. */
  | { readonly kind: "stream"; readonly state: StreamState; readonly asked: number };

export type AuditEffect =
  | { readonly kind: "checkpoint"; readonly frontier: Frontier }
  | { readonly kind: "incident"; readonly incident: Incident };

export type AuditStep = readonly [AuditState, readonly AuditEffect[]];

/** What the newest stored checkpoint gives a starting log. */
export type AuditStart =
  /** There is none: the log begins. */
  | { readonly kind: "empty" }
  /** It verifies and carries its frontier: go on behind it. */
  | { readonly kind: "frontier"; readonly frontier: Frontier }
  /** It verifies, its frontier does not: read everything again, and pass through it. */
  | { readonly kind: "anchor"; readonly anchor: Anchor }
  /** It is not the newest that is known to have been stored. */
  | { readonly kind: "rolled_back"; readonly known: Anchor }
  /** It does not verify: nobody knows what was signed. */
  | { readonly kind: "unreadable"; readonly fault: string };

/** The state to start from. */
export function startAudit(start: AuditStart, nowMs: number): AuditState {
  const fresh: AuditState = {
    frontier: emptyFrontier,
    signedSize: 0,
    signedAtMs: nowMs,
    signing: null,
    anchor: null,
    incident: null,
  };
  switch (start.kind) {
    case "empty":
      return fresh;
    case "frontier":
      return { ...fresh, frontier: start.frontier, signedSize: start.frontier.size };
    case "anchor":
      return { ...fresh, anchor: start.anchor, signedSize: start.anchor.size };
    case "rolled_back":
      return { ...fresh, incident: rolledBack(start.known) };
    case "unreadable":
      return { ...fresh, incident: unreadable(start.fault) };
    default:
      return unreachable(start);
  }
}

/** The sequence of the frame that must come next. */
export function nextSequence(state: AuditState): number {
  return state.frontier.size + 1;
}

/** One step; pure and total. */
export function stepAudit(state: AuditState, input: AuditInput, limits: AuditLimits): AuditStep {
  switch (input.kind) {
    case "stored":
      return onStored(state, input.message, limits);
    case "tick": {
      const due = input.nowMs - state.signedAtMs >= limits.checkpointMs;
      return due ? sign(state) : [state, []];
    }
    case "signed":
      return [{ ...state, signing: null, signedSize: input.size, signedAtMs: input.nowMs }, []];
    case "not_signed":
      return [{ ...state, signing: null }, []];
    case "stream":
      return onStream(state, input.state, input.asked);
    default:
      return unreachable(input);
  }
}

function onStored(state: AuditState, message: LeafMessage, limits: AuditLimits): AuditStep {
  const expected = nextSequence(state);
  if (state.incident !== null) return [state, []];
  // A reader that reconnects may deliver again what it delivered before.
  if (message.sequence < expected) return [state, []];
  if (message.sequence > expected) {
    const last = message.sequence - 1;
    const which = last === expected ? `${expected} is` : `${expected} to ${last} are`;
    return raise(state, "missing_frame", expected, `sequence ${which} missing`);
  }
  const frontier = append(state.frontier, frameLeafHash(message));
  const next = { ...state, frontier };
  if (state.anchor !== null && frontier.size === state.anchor.size) {
    if (!equalBytes(root(frontier), state.anchor.root)) {
      const text = `frames up to sequence ${frontier.size} are not those that were signed`;
      return raise(state, "history_changed", frontier.size, text);
    }
    return [{ ...next, anchor: null }, []];
  }
  return frontier.size - state.signedSize >= limits.unsignedMax ? sign(next) : [next, []];
}

/** The server's own account of the stream catches what no later frame would show. */
function onStream(state: AuditState, stream: StreamState, asked: number): AuditStep {
  if (state.incident !== null) return [state, []];
  const known = Math.max(asked, state.anchor?.size ?? 0);
  if (stream.last < known) {
    const text = `stream ends at ${stream.last}, but ${known} frames were read or signed`;
    return raise(state, "stream_truncated", stream.last + 1, text);
  }
  if (stream.last > 0 && stream.first !== 1) {
    const text = `stream begins at sequence ${stream.first}`;
    return raise(state, "frames_deleted", 1, text);
  }
  const deleted = stream.last - stream.messages;
  if (stream.last > 0 && deleted !== 0) {
    return raise(state, "frames_deleted", 1, `${deleted} frames are missing from the stream`);
  }
  return [state, []];
}

function sign(state: AuditState): AuditStep {
  const { frontier, signing, incident } = state;
  if (incident !== null || signing !== null) return [state, []];
  // Up to an anchor it is signed already, so nothing is signed before the anchor was met.
  if (frontier.size <= state.signedSize) return [state, []];
  return [{ ...state, signing: frontier.size }, [{ kind: "checkpoint", frontier }]];
}

function raise(
  state: AuditState,
  code: IncidentCode,
  sequence: number,
  message: string,
): AuditStep {
  const incident = { code, sequence, message };
  return [{ ...state, incident }, [{ kind: "incident", incident }]];
}

function rolledBack({ size }: Anchor): Incident {
  const message = `a checkpoint of ${size} frames was stored, and is not the newest any more`;
  return { code: "log_rolled_back", sequence: size, message };
}

function unreadable(fault: string): Incident {
  const message = `the newest stored checkpoint does not verify (${fault})`;
  return { code: "checkpoint_unreadable", sequence: 0, message };
}
