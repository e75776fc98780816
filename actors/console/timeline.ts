/**
 * The timeline of a session: each request with its statements, verdict, approvals, outcome, and the
 * masked output that its agent saw. Pure: the same frames give the same timeline.
 *
 * @module
 */
import type { Frame } from "#actors/_kit/frame.ts";
import {
  type Approval,
  decodeControl,
  maskedHeader,
  type Open,
  operationHeader,
  type Outcome,
  parseMasked,
  type Verdict,
} from "#schemas/frames.ts";
import type { ConsoleLimits } from "./limits.ts";
import type { MaskLiterals } from "./ports.ts";
import { type OutputBlock, outputReader } from "./output.ts";
import { type ShownRequest, sshRequestReader, statementReader } from "./statements.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

export type TimelineEntry = {
  readonly request: number;
  readonly atMs: number;
  /** Null for the session's opening, and for an operation such as `cancel`. */
  readonly shown: ShownRequest | null;
  readonly operation: string | null;
  readonly verdicts: readonly { readonly atMs: number; readonly verdict: Verdict }[];
  readonly approvals: readonly { readonly atMs: number; readonly approval: Approval }[];
  readonly outcome: Outcome | null;
  readonly output: readonly OutputBlock[];
  /** Values masked, by class. */
  readonly masked: ReadonlyMap<string, number>;
};

type Building = {
  readonly request: number;
  readonly atMs: number;
  readonly parts: Uint8Array[];
  operation: string | null;
  shown: ShownRequest | null;
  readonly verdicts: { atMs: number; verdict: Verdict }[];
  readonly approvals: { atMs: number; approval: Approval }[];
  outcome: Outcome | null;
  readonly masked: Map<string, number>;
};

/** Output blocks and statements of one request. */
const perRequestMax = 100;

/** Builds the timeline from a session's frames, in order of their sequence. */
export function timelineOf(
  frames: Iterable<Frame>,
  mask: MaskLiterals,
  limits: ConsoleLimits,
  protocol: Open["protocol"],
): TimelineEntry[] {
  const isSsh = protocol === "ssh";
  const statementLimits = { ...limits, statementsMax: perRequestMax };
  const statements = isSsh
    ? sshRequestReader(statementLimits)
    : statementReader(mask, statementLimits);
  const output = outputReader({ ...limits, blocksMax: perRequestMax });
  const entries = new Map<number, Building>();
  for (const frame of frames) take(frame);
  return [...entries.values()].map(({ parts: _parts, ...entry }) => {
    return { ...entry, output: output.of(entry.request) };
  });

  function take(frame: Frame): void {
    const { kind, payload, timeMs: atMs } = frame;
    if (kind === "open" || kind === "close" || kind === "view" || kind === "policy") return;
    if (kind === "explain" || kind === "estimate") return;
    const entry = entries.get(frame.request) ?? begin(frame);
    switch (kind) {
      case "request":
        return takeRequest(entry, frame);
      case "verdict": {
        const verdict = decodeControl("verdict", payload);
        if (verdict !== null) entry.verdicts.push({ atMs, verdict });
        return;
      }
      case "approval": {
        const approval = decodeControl("approval", payload);
        if (approval !== null) entry.approvals.push({ atMs, approval });
        return;
      }
      case "outcome":
        entry.outcome = decodeControl("outcome", payload);
        return;
      case "response":
        // What a terminal showed is played, not listed.
        if (!isSsh) output.take(frame.request, payload);
        for (const [name, count] of parseMasked(frame.headers.get(maskedHeader))) {
          entry.masked.set(name, (entry.masked.get(name) ?? 0) + count);
        }
        return;
    }
  }

  function begin(frame: Frame): Building {
    const entry: Building = {
      request: frame.request,
      atMs: frame.timeMs,
      parts: [],
      operation: null,
      shown: null,
      verdicts: [],
      approvals: [],
      outcome: null,
      masked: new Map(),
    };
    entries.set(frame.request, entry);
    return entry;
  }

  function takeRequest(entry: Building, frame: Frame): void {
    entry.operation = frame.headers.get(operationHeader) ?? entry.operation;
    entry.parts.push(frame.payload);
    if (frame.more) return;
    const isInput = entry.operation?.startsWith("continues:") === true;
    if (entry.operation === null || isInput) entry.shown = statements.take(joinBytes(entry.parts));
    entry.parts.length = 0;
  }
}
