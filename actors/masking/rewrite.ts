/**
 * The response rewriter: a server's bytes in, in chunks of any size; the masked bytes out.
 *
 * Theory of operation. A request's plan foresees its answers in order. `at` points at the answer
 * that comes next, and messages move it on: a simple query's answer ends with CommandComplete or
 * EmptyQueryResponse, a Describe's with RowDescription or NoData, an Execute's with
 * CommandComplete, EmptyQueryResponse or PortalSuspended. Rows are rewritten by the program of the
 * answer they belong to: made from the RowDescription before them, or, in an Execute, from what a
 * Describe told of the statement, now or in an earlier request.
 *
 * **Invariant:** rows are covered by the answer they belong to, or by nothing and then they leave
 * as NULLs. As soon as what comes is not what was foreseen, `at` moves behind the last answer until
 * the next request. A message that is not understood ends the response: a FATAL error is given out,
 * and nothing after it.
 *
 * @module
 */
import { maskWhole } from "#schemas/mask_plan.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import {
  encodeErrorResponse,
  type ErrorResponse,
  errorResponse,
} from "#schemas/wire/postgres/error_response.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import { answerAt, rewriteFrame } from "./answers.ts";
import type {
  Failure,
  RequestPlan,
  Rewriter,
  RewriterOptions,
  Rewritten,
  Snapshot,
} from "./rewriter.ts";
import { collectCounts } from "./rows.ts";
import { restore } from "./statements.ts";

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
    told: { withheld: false },
    at: 0,
    isDescribed: false,
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
  rewriter.told = { withheld: false };
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

function withheld(failure: Failure): ErrorResponse {
  return errorResponse({
    severity: "FATAL",
    sqlstate: sqlstate.internalError,
    message: "the server's response could not be understood and was withheld",
    detail: `Masking stopped: ${failure.replaceAll("_", " ")}.`,
    hint: "The statement may have run. Ask the operator before running it again.",
  });
}
