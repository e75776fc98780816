/**
 * Masking turns raw response frames into masked ones, part by part, by the plan in the verdict.
 *
 * **Invariant (G2, G3):** a response leaves only after the allow verdict of its request was read
 * from the stream; without it, or without the response's beginning, nothing of it leaves. Raw bytes
 * live in memory for one step.
 *
 * The state is owned by the worker; `step` reuses its memory. After a restart a session goes on
 * with its next request; a response that was in the middle is ended with an error.
 *
 * @module
 */
import type { Actor, Effect, KitInput, Step } from "#actors/_kit/actor.ts";
import type { Frame, RawFrame } from "#actors/_kit/frame.ts";
import {
  decodeControl,
  endedHeader,
  firstHeader,
  formatMasked,
  maskedHeader,
  rawBytesHeader,
  type Verdict,
} from "#schemas/frames.ts";
import { encodePayload, encodingHeader } from "#schemas/payload_coding.ts";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { MaskingCommand, MaskingInput } from "./inputs.ts";
import { beginResponse, openRewriter, rewrite } from "./rewrite.ts";
import type { CatalogView, Rewriter, RewriterOptions } from "./rewriter.ts";

export type MaskingLimits = {
  /** How long raw frames wait for the verdict that is read from another stream. */
  readonly verdictMsMax: number;
  /** Raw frames that wait. */
  readonly waitingMax: number;
  /** Verdicts that wait for their response. */
  readonly plansMax: number;
};

export type MaskingState = {
  readonly rewriter: Rewriter;
  connection: string;
  /** Stream sequence of the newest verdict that is known. */
  newestVerdict: number;
  /** Plans of allowed requests whose response has not begun. */
  readonly plans: Map<number, Pick<Verdict, "plan" | "parsed">>;
  request: number | null;
  /** Parts are counted over the session. */
  nextPart: number;
  waiting: RawFrame[];
  failed: boolean;
};

type State = MaskingState;
type Out = Effect<MaskingCommand>[];

/** Creates the actor; `catalogs` gives the newest view of a connection's catalog. */
export function masking(
  options: RewriterOptions,
  catalogs: (connection: string) => CatalogView,
  limits: MaskingLimits,
): Actor<State, MaskingInput, MaskingCommand> {
  return { name: "masking", initial, step };

  function initial(): State {
    return {
      rewriter: openRewriter(options, null),
      connection: "",
      newestVerdict: 0,
      plans: new Map(),
      request: null,
      nextPart: 0,
      waiting: [],
      failed: false,
    };
  }

  function step(state: State, input: MaskingInput | KitInput): Step<State, MaskingCommand> {
    const out: Out = [];
    switch (input.kind) {
      case "frame":
        onFrame(state, input.frame, out);
        break;
      case "raw":
        onRaw(state, input.frame, out);
        // What waits in memory alone is met again by whoever takes over.
        if (state.waiting.includes(input.frame)) {
          out.push({ kind: "keep", name: String(input.frame.part) });
        }
        break;
      case "verdicts":
        for (const frame of input.frames) onFrame(state, frame, out);
        break;
      case "wake":
        // No verdict came: what waits is not understood and must not leave.
        fail(state, out);
        break;
      case "resume":
        break;
      default:
        unreachable(input);
    }
    return [state, out];
  }

  function onFrame(state: State, frame: Frame, out: Out): void {
    switch (frame.kind) {
      case "open":
        state.connection = decodeControl("open", frame.payload)?.connection ?? "";
        return;
      case "verdict": {
        if (frame.sequence <= state.newestVerdict) return;
        state.newestVerdict = frame.sequence;
        const verdict = decodeControl("verdict", frame.payload);
        if (verdict?.decision !== "allow" || verdict.cancels !== null) return;
        state.plans.set(verdict.request, { plan: verdict.plan, parsed: verdict.parsed });
        if (state.plans.size > limits.plansMax) {
          const [oldest] = state.plans.keys();
          if (oldest !== undefined) state.plans.delete(oldest);
        }
        return takeWaiting(state, out);
      }
      case "response":
        // Our own, after a restart: what came before it is stored.
        state.nextPart = frame.part + 1;
        // Behind an end nothing but an end is stored.
        state.failed = frame.headers.has(endedHeader);
        return;
      case "close":
        out.push({ kind: "end" });
        return;
      default:
        return;
    }
  }

  function takeWaiting(state: State, out: Out): void {
    if (state.waiting.length === 0) return;
    const waiting = state.waiting;
    state.waiting = [];
    out.push({ kind: "unwake", name: "verdict" });
    for (const frame of waiting) onRaw(state, frame, out);
    for (const frame of waiting) {
      if (!state.waiting.includes(frame)) out.push({ kind: "release", name: String(frame.part) });
    }
  }

  function onRaw(state: State, frame: RawFrame, out: Out): void {
    if (frame.part < state.nextPart) return;
    const begins = frame.headers.has(firstHeader);
    const known = frame.request === state.request || state.plans.has(frame.request);
    if (state.waiting.length > 0 || (begins && !known)) {
      if (state.waiting.length >= limits.waitingMax) return fail(state, out);
      if (state.waiting.length === 0) {
        // It is stored, but it may be delivered to another worker than its response is.
        const command = { kind: "read_verdicts", after: state.newestVerdict } as const;
        out.push({ kind: "run", command });
        out.push({ kind: "wake", name: "verdict", afterMs: limits.verdictMsMax });
      }
      state.waiting.push(frame);
      return;
    }
    const gap = frame.part !== state.nextPart;
    state.nextPart = frame.part + 1;
    // What is lost here is lost to the agent; after a restart no middle can be understood either.
    if (gap || !begins && state.request === null) state.failed = true;
    else if (begins) begin(state, frame.request);
    respond(state, frame, out);
  }

  function begin(state: State, request: number): void {
    const found = state.plans.get(request);
    if (found === undefined) return;
    for (const earlier of state.plans.keys()) if (earlier <= request) state.plans.delete(earlier);
    state.request = request;
    const { plan, parsed } = found;
    const catalog = catalogs(state.connection);
    beginResponse(state.rewriter, { plan, parsed, catalog, greets: request === 0 });
  }

  function respond(state: State, frame: RawFrame, out: Out): void {
    const { request, part, more } = frame;
    const headers = new Map<string, string>();
    const rawBytes = frame.headers.get(rawBytesHeader);
    if (rawBytes !== undefined) headers.set(rawBytesHeader, rawBytes);
    if (frame.headers.has(endedHeader)) headers.set(endedHeader, "1");
    let payload: Uint8Array;
    if (state.failed) {
      payload = lostBytes();
      headers.set(endedHeader, "1");
    } else {
      const rewritten = rewrite(state.rewriter, frame.payload);
      payload = rewritten.bytes;
      if (rewritten.masked.size > 0) headers.set(maskedHeader, formatMasked(rewritten.masked));
      if (rewritten.failure !== null) headers.set(endedHeader, "1");
    }
    const coded = encodePayload(payload);
    if (coded.encoding !== null) headers.set(encodingHeader, coded.encoding);
    out.push({
      kind: "publish",
      frame: "response",
      place: { request, part, more },
      payload: coded.payload,
      headers,
    });
    // Nothing comes of the session behind its end.
    if (headers.has(endedHeader)) out.push({ kind: "end" });
  }

  function fail(state: State, out: Out): void {
    state.failed = true;
    const [first] = state.waiting;
    for (const { part } of state.waiting) out.push({ kind: "release", name: String(part) });
    state.waiting = [];
    if (first === undefined) return;
    state.nextPart = first.part + 1;
    respond(state, first, out);
  }
}

/** What the agent is told when a response can no longer be masked. */
function lostBytes(): Uint8Array {
  return backendBytes(errorResponse({
    severity: "FATAL",
    sqlstate: sqlstate.crashShutdown,
    message: "sallyport: the response was interrupted and cannot be masked, so it was withheld",
    hint: "Whether the statement took effect stands in the record. Reconnect.",
  }));
}
