/**
 * How much of a response may leave: rows and bytes, of one request and of the session so far.
 *
 * A limit stands in the verdict; target counts what it passes on and ends the request where the
 * limit is reached. All answers of one request count together, and what is fetched piece by piece
 * from open cursors and portals counts as one statement: many small results are one big one.
 *
 * **Invariant:** a limit is never off, and of several the smallest holds.
 *
 * @module
 */
import { z } from "zod";

/** `request`: of its own limit; `session`: of what the session's limit had left. */
const Whose = z.enum(["request", "session"]);

/** Rows are those of results and of COPY; bytes are the target's own, before masking. */
export const VolumeLimit = z.strictObject({
  rowsMax: z.int().min(0),
  rowsOf: Whose,
  bytesMax: z.int().min(0),
  bytesOf: Whose,
});
export type VolumeLimit = z.infer<typeof VolumeLimit>;

/** Which limit of its verdict ended a request. */
export const VolumeCut = z.strictObject({ by: z.enum(["rows", "bytes"]), of: Whose });
export type VolumeCut = z.infer<typeof VolumeCut>;

/** What a connection gives out at most, to anyone; policy may tighten each. */
export const VolumeBounds = z.strictObject({
  /** Rows of one request. */
  rows_max: z.int().min(1).default(10_000_000),
  bytes_max: z.int().min(1).default(17_179_869_184),
  /** All rows of one session. */
  session_rows_max: z.int().min(1).default(100_000_000),
  session_bytes_max: z.int().min(1).default(137_438_953_472),
});
export type VolumeBounds = z.infer<typeof VolumeBounds>;

/** The same where what leaves has no rows: of one channel, which is a session. */
export const StreamBounds = VolumeBounds.pick({ bytes_max: true, session_bytes_max: true });
export type StreamBounds = z.infer<typeof StreamBounds>;

/** What was given out. */
export type Volume = { readonly rows: number; readonly bytes: number };
export const noVolume: Volume = { rows: 0, bytes: 0 };

/** Adds what an outcome counted. */
export function addVolume(one: Volume, other: Volume): Volume {
  return { rows: one.rows + other.rows, bytes: one.bytes + other.bytes };
}

/**
 * What is left: of the request's own limit when `fetched` was given out of the same cursors before,
 * and of the session's when `total` was given out in it.
 */
export function volumeLeft(bounds: VolumeBounds, fetched: Volume, total: Volume): VolumeLimit {
  const rows = left(bounds.rows_max - fetched.rows, bounds.session_rows_max - total.rows);
  const bytes = left(bounds.bytes_max - fetched.bytes, bounds.session_bytes_max - total.bytes);
  return { rowsMax: rows.max, rowsOf: rows.of, bytesMax: bytes.max, bytesOf: bytes.of };
}

function left(request: number, session: number): {
  readonly max: number;
  readonly of: VolumeCut["of"];
} {
  const isSession = session < request;
  return { max: Math.max(0, Math.min(request, session)), of: isSession ? "session" : "request" };
}
