/**
 * What each message of a server means for the answer that is being given, and what it becomes.
 *
 * **Invariant:** `at` moves only forward within a request, and behind its last answer as soon as
 * what comes is not what was foreseen. A tag that is not listed is a failure.
 *
 * @module
 */
import type { ResultPlan } from "#schemas/mask_plan.ts";
import { decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { decodeCommandComplete } from "#schemas/wire/postgres/command_complete.ts";
import { decodeCopyResponse } from "#schemas/wire/postgres/copy_response.ts";
import { bodyOf, type Frame } from "#schemas/wire/postgres/frame.ts";
import {
  decodeFunctionCallResponse,
  encodeFunctionCallResponse,
} from "#schemas/wire/postgres/function_call_response.ts";
import { decodeParameterStatus } from "#schemas/wire/postgres/parameter_status.ts";
import { decodeRowDescription } from "#schemas/wire/postgres/row_description.ts";
import { isVolumeExceeded } from "#schemas/wire/postgres/volume_exceeded.ts";
import { rewriteNotification, rewriteParameterStatus } from "./asides.ts";
import { openCopy } from "./copy.ts";
import { detectionWithout } from "#schemas/detectors/detect.ts";
import { rewriteError } from "./errors.ts";
import { programOf } from "./programs.ts";
import type { Failure, Rewriter } from "./rewriter.ts";
import { collectCounts, rewriteRow } from "./rows.ts";
import { forgetParsed, remember } from "./statements.ts";

/** Appends what one message becomes. After a failure what was appended is taken back. */
export function rewriteFrame(rewriter: Rewriter, frame: Frame): Failure | null {
  return rewriter.request.plan.verbatim ? verbatim(rewriter, frame) : masked(rewriter, frame);
}

/** Nothing here is protected from who asked. What names mean to later requests is not followed. */
function verbatim(rewriter: Rewriter, frame: Frame): Failure | null {
  rewriter.statements.clear();
  rewriter.described.clear();
  // The agent's cancellation key is the edge's own, never the server's.
  if (frame.tag === "K") return null;
  if (!backendTags.has(frame.tag)) return "unexpected_message";
  if (frame.tag === "S") {
    const message = decodeParameterStatus(frame);
    if (message.kind === "malformed") return "malformed_message";
    if (message.name === "client_encoding") rewriter.clientEncoding = message.value;
  }
  rewriter.out.raw(frame.raw);
  return null;
}

/** What a server sends once a session is open (CopyBoth belongs to replication). */
const backendTags: ReadonlySet<string> = new Set("DdTHcCIsn123ENZSAVtG");

function masked(rewriter: Rewriter, frame: Frame): Failure | null {
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

export function answerAt(rewriter: Rewriter, at: number): void {
  if (rewriter.program !== null) collectCounts(rewriter.program, rewriter.counts);
  if (rewriter.copy !== null) collectCounts(rewriter.copy.program, rewriter.counts);
  rewriter.program = null;
  rewriter.copy = null;
  rewriter.isDescribed = false;
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
  } else if (result?.answers === "query" && !rewriter.isDescribed) {
    rewriter.isDescribed = true;
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
  const { volume } = request;
  // The gateway's own words, made of the verdict's numbers: nothing else could stand in them.
  if (frame.tag === "E" && volume !== undefined && isVolumeExceeded(frame.raw, volume)) {
    out.raw(frame.raw);
    loseTrack(rewriter);
    return null;
  }
  const detection = detectionWithout(means.detectors, [], means.detectionsMax);
  const count = (name: string, times: number) => {
    means.found.set(name, (means.found.get(name) ?? 0) + times);
  };
  const errors = request.greets === true ? "generic" : request.plan.errors;
  const failure = rewriteError(frame, errors, detection, count, out, rewriter.told);
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
