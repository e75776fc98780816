/**
 * The response rewriter: a server's bytes in, in chunks of any size; the masked bytes out.
 *
 * Theory of operation. A request's plan foresees its answers in order. `at` points at the answer that
 * comes next, and messages move it on: a simple query's answer ends with CommandComplete or
 * EmptyQueryResponse, a Describe's with RowDescription or NoData, an Execute's with CommandComplete,
 * EmptyQueryResponse or PortalSuspended. Rows are rewritten by the program of the answer they belong
 * to: made from the RowDescription before them, or, in an Execute, from what a Describe told of the
 * statement, now or in an earlier request.
 *
 * **Invariant:** rows are covered by the answer they belong to, or by nothing and then they leave as
 * NULLs. As soon as what comes is not what was foreseen, `at` moves behind the last answer until the
 * next request. A message that is not understood ends the response: a FATAL error is given out, and
 * nothing after it.
 *
 * @module
 */
import { maskWhole, type ResultPlan } from "#schemas/mask_plan.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import { decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { decodeCommandComplete } from "#schemas/wire/postgres/command_complete.ts";
import { decodeCopyResponse } from "#schemas/wire/postgres/copy_response.ts";
import { encodeErrorResponse, errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { bodyOf, type Frame, Framer } from "#schemas/wire/postgres/frame.ts";
import {
  decodeFunctionCallResponse,
  encodeFunctionCallResponse,
} from "#schemas/wire/postgres/function_call_response.ts";
import { decodeRowDescription } from "#schemas/wire/postgres/row_description.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import { rewriteNotification, rewriteParameterStatus } from "./asides.ts";
import { openCopy } from "./copy.ts";
import { detectionWithout } from "./detectors/detect.ts";
import { rewriteError } from "./errors.ts";
import { programOf } from "./programs.ts";
import { collectCounts, rewriteRow } from "./rows.ts";
import type {
  Failure,
  RequestPlan,
  Rewriter,
  RewriterOptions,
  Rewritten,
  Snapshot,
} from "./rewriter.ts";
import { forgetParsed, remember, restore } from "./statements.ts";

/** Creates a rewriter for one session's responses; `from` is what `snapshot` gave of another. */
export function openRewriter(options: RewriterOptions, from: Snapshot | null): Rewriter {
  const rewriter: Rewriter = {
    options,
    framer: new Framer({ messageBytesMax: options.limits.messageBytesMax }),
    out: new Writer(65_536),
    means: {
      key: options.key,
      detectors: options.detectors,
      found: new Map(),
      detectionsMax: options.limits.detectionsMax,
    },
    statements: new Map(),
    described: new Set(),
    counts: new Map(),
    clientEncoding: "UTF8",
    request: nothingForeseen,
    parses: 0,
    at: 0,
    program: null,
    copy: null,
    failure: null,
    ended: false,
  };
  if (from !== null) restore(rewriter, from);
  return rewriter;
}

/**
 * Says which answers come next. Called at each request's start, when the response to the request
 * before it has ended; a message that is not complete by then ends the response.
 */
export function beginResponse(rewriter: Rewriter, request: RequestPlan): void {
  if (rewriter.framer.buffered > 0) rewriter.failure ??= "incomplete_message";
  rewriter.request = request;
  rewriter.parses = 0;
  rewriter.described.clear();
  answerAt(rewriter, 0);
}

/**
 * Rewrites one chunk, which may be reused afterwards. With a failure, the bytes end with a FATAL
 * ErrorResponse, and later chunks give nothing.
 */
export function rewrite(rewriter: Rewriter, chunk: Uint8Array): Rewritten {
  const { framer, out } = rewriter;
  out.clear();
  if (rewriter.failure === null) {
    framer.push(chunk);
    for (let frame = framer.next(); frame.kind !== "need"; frame = framer.next()) {
      const before = out.length;
      rewriter.failure = frame.kind === "frame"
        ? rewriteFrame(rewriter, frame)
        : "malformed_message";
      if (rewriter.failure === null) continue;
      out.truncate(before);
      break;
    }
  }
  if (rewriter.failure !== null && !rewriter.ended) {
    rewriter.ended = true;
    encodeErrorResponse(withheld(rewriter.failure), out);
  }
  return { bytes: out.bytes(), masked: takeCounts(rewriter), failure: rewriter.failure };
}

/** The plan before any request, as when a session begins. */
const nothingForeseen: RequestPlan = {
  plan: maskWhole,
  catalog: { classesOf: () => undefined, typeOf: () => undefined },
  parsed: null,
};

/** Appends what one message becomes. After a failure what was appended is taken back. */
function rewriteFrame(rewriter: Rewriter, frame: Frame): Failure | null {
  switch (frame.tag) {
    case "D":
      return rows(rewriter, frame);
    case "d":
      return copyData(rewriter, frame);
    case "T":
      return rowDescription(rewriter, frame);
    case "H":
      return copyOut(rewriter, frame);
    case "c":
      return copyDone(rewriter, frame);
    case "C":
      return commandComplete(rewriter, frame);
    case "I":
    case "s":
    case "n":
    case "1":
    case "2":
    case "3":
      return bodiless(rewriter, frame);
    case "E":
    case "N":
      return errorOrNotice(rewriter, frame);
    case "Z":
      return readyForQuery(rewriter, frame);
    case "S":
      return parameterStatus(rewriter, frame);
    case "A":
      return rewriteNotification(frame, rewriter.out) === null ? null : "malformed_message";
    case "V":
      return functionResult(rewriter, frame);
    case "t":
    case "G":
      rewriter.out.raw(frame.raw);
      return decodeBackend(frame).kind === "malformed" ? "malformed_message" : null;
    case "K":
      // The agent's cancellation key is the edge's own, never the server's.
      return null;
    default:
      return "unexpected_message";
  }
}

function resultAt(rewriter: Rewriter): ResultPlan | undefined {
  return rewriter.request.plan.results[rewriter.at];
}

function answerAt(rewriter: Rewriter, at: number): void {
  if (rewriter.program !== null) collectCounts(rewriter.program, rewriter.counts);
  if (rewriter.copy !== null) collectCounts(rewriter.copy.program, rewriter.counts);
  rewriter.program = null;
  rewriter.copy = null;
  rewriter.at = at;
}

/** What came was not foreseen: from here on nothing of this request is covered. */
function loseTrack(rewriter: Rewriter): void {
  answerAt(rewriter, rewriter.request.plan.results.length);
}

function rowDescription(rewriter: Rewriter, frame: Frame): Failure | null {
  const message = decodeRowDescription(frame);
  if (message.kind === "malformed") return "malformed_message";
  rewriter.out.raw(frame.raw);
  const result = resultAt(rewriter);
  if (result?.answers === "describe") {
    if (result.statement !== null) remember(rewriter, result.statement, message.fields);
    answerAt(rewriter, rewriter.at + 1);
  } else if (result?.answers === "query" && rewriter.program === null) {
    const formats = message.fields.map((field) => field.format);
    const described = { columns: message.fields, formats, isCertain: true };
    rewriter.program = programOf(result, described, rewriter.request.catalog, rewriter.means);
  } else loseTrack(rewriter);
  return null;
}

function rows(rewriter: Rewriter, frame: Frame): Failure | null {
  const result = resultAt(rewriter);
  if (result?.answers === "describe") loseTrack(rewriter);
  if (result?.answers === "execute" && rewriter.program === null) {
    const name = result.statement ?? "";
    const described = {
      columns: rewriter.statements.get(name) ?? null,
      formats: result.formats,
      isCertain: rewriter.request.parsed !== null || rewriter.described.has(name),
    };
    rewriter.program = programOf(result, described, rewriter.request.catalog, rewriter.means);
  }
  const failure = rewriteRow(frame, rewriter.program, rewriter.counts, rewriter.out);
  return failure === null ? null : "malformed_message";
}

function copyOut(rewriter: Rewriter, frame: Frame): Failure | null {
  const message = decodeCopyResponse(frame, "copy_out_response");
  if (message.kind === "malformed") return "malformed_message";
  const result = resultAt(rewriter);
  rewriter.copy = result?.answers === "describe" ? null : openCopy(rewriter, result, message);
  if (rewriter.copy === null) return "copy_not_foreseen";
  rewriter.out.raw(frame.raw);
  return null;
}

function copyData(rewriter: Rewriter, frame: Frame): Failure | null {
  if (rewriter.copy === null) return "unexpected_message";
  return rewriter.copy.rewriter.data(bodyOf(frame), rewriter.out);
}

function copyDone(rewriter: Rewriter, frame: Frame): Failure | null {
  const { copy } = rewriter;
  if (copy === null || bodyOf(frame).length > 0) return "unexpected_message";
  const fault = copy.rewriter.end(rewriter.out);
  if (fault !== null) return fault;
  collectCounts(copy.program, rewriter.counts);
  rewriter.copy = null;
  rewriter.out.raw(frame.raw);
  return null;
}

function commandComplete(rewriter: Rewriter, frame: Frame): Failure | null {
  const message = decodeCommandComplete(frame);
  const isTag = message.kind !== "malformed" && /^[A-Z0-9 ]{0,64}$/.test(message.tag);
  if (!isTag) return "malformed_message";
  completeAnswer(rewriter);
  rewriter.out.raw(frame.raw);
  return null;
}

/** An answer that rows or COPY data may belong to is complete. */
function completeAnswer(rewriter: Rewriter): void {
  const answers = resultAt(rewriter)?.answers;
  if (answers === "query" || answers === "execute") answerAt(rewriter, rewriter.at + 1);
  else loseTrack(rewriter);
}

function bodiless(rewriter: Rewriter, frame: Frame): Failure | null {
  if (bodyOf(frame).length > 0) return "malformed_message";
  rewriter.out.raw(frame.raw);
  if (frame.tag === "I" || frame.tag === "s") completeAnswer(rewriter);
  else if (frame.tag === "1") forgetParsed(rewriter);
  else if (frame.tag === "n") {
    const result = resultAt(rewriter);
    if (result?.answers !== "describe") loseTrack(rewriter);
    else {
      if (result.statement !== null) remember(rewriter, result.statement, []);
      answerAt(rewriter, rewriter.at + 1);
    }
  }
  return null;
}

function errorOrNotice(rewriter: Rewriter, frame: Frame): Failure | null {
  const { means, out, request } = rewriter;
  const detection = detectionWithout(means.detectors, [], means.detectionsMax);
  const count = (name: string, times: number) => {
    means.found.set(name, (means.found.get(name) ?? 0) + times);
  };
  const failure = rewriteError(frame, request.plan.errors, detection, count, out);
  // After an error the server answers nothing more of this request.
  if (frame.tag === "E") loseTrack(rewriter);
  return failure === null ? null : "malformed_message";
}

function readyForQuery(rewriter: Rewriter, frame: Frame): Failure | null {
  const body = bodyOf(frame);
  const isStatus = body.length === 1 && (body[0] === 0x49 || body[0] === 0x54 || body[0] === 0x45);
  if (!isStatus) return "malformed_message";
  loseTrack(rewriter);
  rewriter.out.raw(frame.raw);
  return null;
}

function parameterStatus(rewriter: Rewriter, frame: Frame): Failure | null {
  const words = rewriter.request.plan.errors === "keep" ? "open" : "closed";
  const told = rewriteParameterStatus(frame, words, rewriter.out);
  if (told.kind === "malformed") return "malformed_message";
  rewriter.clientEncoding = told.clientEncoding ?? rewriter.clientEncoding;
  return null;
}

function functionResult(rewriter: Rewriter, frame: Frame): Failure | null {
  const message = decodeFunctionCallResponse(frame);
  if (message.kind === "malformed") return "malformed_message";
  encodeFunctionCallResponse({ ...message, value: null }, rewriter.out);
  return null;
}

function takeCounts(rewriter: Rewriter): ReadonlyMap<string, number> {
  const { counts, means } = rewriter;
  if (rewriter.program !== null) collectCounts(rewriter.program, counts);
  if (rewriter.copy !== null) collectCounts(rewriter.copy.program, counts);
  for (const [name, times] of means.found) counts.set(name, (counts.get(name) ?? 0) + times);
  means.found.clear();
  const taken = new Map(counts);
  counts.clear();
  return taken;
}

function withheld(failure: Failure) {
  return errorResponse({
    severity: "FATAL",
    sqlstate: sqlstate.internalError,
    message: "the server's response could not be understood and was withheld",
    detail: `Masking stopped: ${failure.replaceAll("_", " ")}.`,
    hint: "The statement may have run. Ask the operator before running it again.",
  });
}
