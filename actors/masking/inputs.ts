/** What masking's driver tells its actor, and what the actor asks of its driver. @module */
import type { Frame } from "#actors/_kit/frame.ts";

export type MaskingInput = {
  /** Verdicts, or requests, of the session, read from the stream in their order. */
  readonly kind: "verdicts" | "requests";
  readonly frames: readonly Frame[];
};

export type MaskingCommand = {
  /** Reads the session's verdicts, or requests, behind this stream sequence. */
  readonly kind: "read_verdicts" | "read_requests";
  readonly after: number;
};
