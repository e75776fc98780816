/**
 * What an agent is told where a response reaches a limit of its verdict (`schemas/volume.ts`).
 *
 * **Invariant:** the words are made of the verdict's own numbers alone, so that masking knows them
 * from whatever a server may say.
 *
 * @module
 */
import type { VolumeCut, VolumeLimit } from "#schemas/volume.ts";
import { backendBytes } from "./backend.ts";
import { errorResponse } from "./error_response.ts";
import { sqlstate } from "./sqlstate.ts";

/**
 * What became of the request upstream: `cancelled` in time, or it had come to its end by then; of
 * an open transaction nothing stays of it all the same, for that is `aborted`.
 */
export type CutFate = "cancelled" | "completed" | "aborted";

/** The whole ErrorResponse. */
export function volumeExceeded(
  limit: VolumeLimit,
  by: VolumeCut["by"],
  fate: CutFate,
): Uint8Array {
  const [max, of] = by === "rows" ? [limit.rowsMax, limit.rowsOf] : [limit.bytesMax, limit.bytesOf];
  const message = of === "request"
    ? `the result is over the limit of ${max} ${by} for one request`
    : `the result is over what the session's limit has left, ${max} ${by}`;
  return backendBytes(errorResponse({
    severity: "ERROR",
    sqlstate: sqlstate.programLimitExceeded,
    message: `sallyport: ${message}`,
    detail: `No more than that was given out. ${fates[fate]}`,
    hint: hints[of],
  }));
}

/** Whether a message of a server is one that `volumeExceeded` makes for this limit. */
export function isVolumeExceeded(raw: Uint8Array, limit: VolumeLimit): boolean {
  return (["rows", "bytes"] as const).some((by) =>
    (["cancelled", "completed", "aborted"] as const).some((fate) => {
      const words = volumeExceeded(limit, by, fate);
      return words.length === raw.length && words.every((byte, index) => byte === raw[index]);
    })
  );
}

const fates: Readonly<Record<CutFate, string>> = {
  cancelled: "The request was cancelled.",
  completed: "The request had run to its end before it could be cancelled: what it changed stands.",
  aborted: "The request had run to its end; its transaction is aborted.",
};
const hints: Readonly<Record<VolumeCut["of"], string>> = {
  request: "Ask for less (WHERE, LIMIT, aggregates), or for an export that people approve.",
  session: "Ask for less (WHERE, aggregates); operators set how much a session may be given.",
};
