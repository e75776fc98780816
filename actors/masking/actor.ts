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
import type { Frame, FramePlaceInput, RawFrame } from "#actors/_kit/frame.ts";
import {
  decodeControl,
  endedHeader,
  firstHeader,
  formatMasked,
  limitedHeader,
  maskedHeader,
  type Open,
  rawBytesHeader,
  rawPartsHeader,
} from "#schemas/frames.ts";
import { cutHeader, encodePayload, encodingHeader } from "#schemas/payload_coding.ts";
import { remember } from "#schemas/remember.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { MaskingCommand, MaskingInput } from "./inputs.ts";
import { postgresRewriter } from "./postgres.ts";
import type { CatalogView, RewriterOptions } from "./rewriter.ts";
import type { Masked, ResponsePlan, SessionRewriter } from "./session_rewriter.ts";
import { channelRewriter } from "./ssh/channel.ts";

export type MaskingLimits = {
  /** How long raw frames wait for the verdict that is read from another stream. */
  readonly verdictMsMax: number;
  /** Raw frames that wait. */
  readonly waitingMax: number;
  /** Bytes of a stored part; what is longer is cut. */
  readonly partBytesMax: number;
  /** Verdicts that wait for their response. */
  readonly plansMax: number;
};

export type MaskingState = {
  /** Null until the session's opening was read, which names its protocol. */
  rewriter: SessionRewriter | null;
  /** Stream sequence of the newest verdict that is known. */
  newestVerdict: number;
  /** Plans of allowed requests whose response has not begun. */
  readonly plans: Map<number, ResponsePlan>;
  request: number | null;
  /** Raw parts are counted over the session. */
  nextPart: number;
  /** Parts of responses that were stored besides one for each raw part. */
  addedParts: number;
  /** Stream sequence of the newest request that is known, of a protocol where they matter. */
  newestRequest: number;
  readingRequests: boolean;
  /** Raw bytes up to the newest part, as its header says. */
  rawBytes: string | null;
  waiting: RawFrame[];
  /** The newest raw part was the last of a response that was ended at a limit. */
  limited: boolean;
  failed: boolean;
  /** What is said of the end of the session, in the part that ends it. */
  ended: string;
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
      rewriter: null,
      newestVerdict: 0,
      plans: new Map(),
      request: null,
      nextPart: 0,
      addedParts: 0,
      newestRequest: 0,
      readingRequests: false,
      rawBytes: null,
      waiting: [],
      limited: false,
      failed: false,
      ended: "1",
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
      case "requests":
        onRequests(state, input.frames, out);
        break;
      case "wake":
        // No verdict came: what waits is not understood and must not leave.
        if (input.name === verdictWake) fail(state, out);
        else onTimePassed(state, out);
        break;
      case "resume":
        break;
      default:
        unreachable(input);
    }
    return [state, out];
  }

  function rewriterOf({ protocol, connection }: Open): SessionRewriter {
    switch (protocol) {
      case "postgres":
        return postgresRewriter(options, () => catalogs(connection));
      case "ssh":
        return channelRewriter(options.detectors);
      default:
        return unreachable(protocol);
    }
  }

  function onFrame(state: State, frame: Frame, out: Out): void {
    switch (frame.kind) {
      case "open": {
        const open = decodeControl("open", frame.payload);
        if (open !== null) state.rewriter ??= rewriterOf(open);
        return;
      }
      case "verdict": {
        if (frame.sequence <= state.newestVerdict) return;
        state.newestVerdict = frame.sequence;
        // Most verdicts over SSH are on input, a key each.
        if (state.rewriter?.answers(frame.request) === false) return;
        const verdict = decodeControl("verdict", frame.payload);
        if (verdict?.decision !== "allow" || verdict.cancels !== null) return;
        const { request, plan, parsed, volume } = verdict;
        remember(state.plans, request, { request, plan, parsed, volume }, limits.plansMax);
        return takeWaiting(state, out);
      }
      case "response":
        // Our own, after a restart: what came before it is stored.
        state.nextPart = Number(frame.headers.get(rawPartsHeader) ?? frame.part + 1);
        state.addedParts = frame.part + 1 - state.nextPart;
        // Behind an end nothing but an end is stored; the rest of a cut response is lost.
        state.failed = frame.headers.has(endedHeader) || frame.headers.has(cutHeader);
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
    out.push({ kind: "unwake", name: verdictWake });
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
        out.push({ kind: "wake", name: verdictWake, afterMs: limits.verdictMsMax });
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
    state.rewriter?.begin(found);
  }

  function respond(state: State, frame: RawFrame, out: Out): void {
    const { request, part, more } = frame;
    state.rawBytes = frame.headers.get(rawBytesHeader) ?? null;
    state.limited = frame.headers.has(limitedHeader);
    const place = { request, part: part + state.addedParts, more };
    if (state.rewriter === null) state.failed = true;
    const masked = state.failed || state.rewriter === null
      ? failedWith(state.rewriter?.lost() ?? nothing)
      : state.rewriter.rewrite(frame.payload, more ? "more" : "none");
    const ended = frame.headers.get(endedHeader);
    // What the server said is passed on only when it was understood.
    state.ended = masked.failed ? "1" : ended ?? "1";
    storeCut(state, place, { ...masked, failed: masked.failed || ended !== undefined }, out);
  }

  /** Stores in as many parts as it takes; what comes with the response comes with the last. */
  function storeCut(state: State, place: FramePlaceInput, masked: Masked, out: Out): void {
    const pieces = state.rewriter?.cut(masked.bytes, limits.partBytesMax) ?? [];
    let { part } = place;
    for (const payload of pieces.slice(0, -1)) {
      const headers = new Map([[cutHeader, "1"]]);
      // After the last piece the raw part it came from is done; after this one it is lost.
      if (state.addedParts > 0) headers.set(rawPartsHeader, String(state.nextPart));
      publish({ ...place, part, more: true }, payload, headers, out);
      state.addedParts++;
      part++;
    }
    store(state, { ...place, part }, { ...masked, bytes: pieces.at(-1) ?? nothing }, out);
  }

  /** What was held back leaves in a part of its own. */
  function onTimePassed(state: State, out: Out): void {
    if (state.failed || state.request === null || state.rewriter === null) return;
    add(state, state.rewriter.timePassed(), out);
  }

  function onRequests(state: State, frames: readonly Frame[], out: Out): void {
    state.readingRequests = false;
    if (state.failed || state.request === null || state.rewriter === null) return;
    const newer = frames.filter(({ sequence }) => sequence > state.newestRequest);
    state.newestRequest = newer.at(-1)?.sequence ?? state.newestRequest;
    add(state, state.rewriter.requests(newer), out);
  }

  function add(state: State, masked: Masked, out: Out): void {
    if (masked.bytes.length === 0 && !masked.failed) return ask(state, masked, out);
    if (state.request === null) return;
    const part = state.nextPart + state.addedParts;
    state.addedParts++;
    storeCut(state, { request: state.request, part, more: true }, masked, out);
  }

  function store(state: State, place: FramePlaceInput, masked: Masked, out: Out): void {
    const headers = new Map<string, string>();
    if (state.rawBytes !== null) headers.set(rawBytesHeader, state.rawBytes);
    if (state.addedParts > 0) headers.set(rawPartsHeader, String(state.nextPart));
    if (masked.masked.size > 0) headers.set(maskedHeader, formatMasked(masked.masked));
    if (state.limited) headers.set(limitedHeader, "1");
    if (masked.failed) headers.set(endedHeader, state.ended);
    publish(place, masked.bytes, headers, out);
    // Nothing comes of the session behind its end.
    if (headers.has(endedHeader)) out.push({ kind: "end" });
    else ask(state, masked, out);
  }

  function publish(
    place: FramePlaceInput,
    bytes: Uint8Array,
    headers: Map<string, string>,
    out: Out,
  ): void {
    const { payload, encoding } = encodePayload(bytes);
    if (encoding !== null) headers.set(encodingHeader, encoding);
    out.push({ kind: "publish", frame: "response", place, payload, headers });
  }

  function ask(state: State, { waitMs, wantsRequests }: Masked, out: Out): void {
    if (waitMs !== null) out.push({ kind: "wake", name: heldWake, afterMs: waitMs });
    if (!wantsRequests || state.readingRequests) return;
    state.readingRequests = true;
    out.push({ kind: "run", command: { kind: "read_requests", after: state.newestRequest } });
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

const verdictWake = "verdict";
const heldWake = "held";
const nothing = new Uint8Array(0);

function failedWith(bytes: Uint8Array): Masked {
  return { bytes, masked: new Map(), failed: true, waitMs: null, wantsRequests: false };
}
