/**
 * The bytes of requests that wait for their verdict.
 *
 * @module
 */
import type { Frame } from "#actors/_kit/frame.ts";
import { operationHeader } from "#schemas/frames.ts";
import { type Operation, parseOperation } from "#schemas/operation.ts";
import { createHash } from "node:crypto";

export type Pending = {
  parts: Uint8Array[];
  bytes: number;
  complete: boolean;
  operation: Operation;
};

/** Adds one part of a request; a part that is not the next one changes nothing. */
export function gather(all: Map<number, Pending>, frame: Frame, bytesMax: number): void {
  const operation = parseOperation(frame.headers.get(operationHeader));
  let pending = all.get(frame.request);
  if (pending === undefined) {
    pending = { parts: [], bytes: 0, complete: false, operation };
    all.set(frame.request, pending);
  }
  if (pending.complete || pending.parts.length !== frame.part) return;
  pending.bytes += frame.payload.length;
  // Beyond the limit the parts are let go: the digest cannot match, so it cannot run.
  pending.parts.push(pending.bytes > bytesMax ? new Uint8Array(0) : frame.payload);
  pending.complete = !frame.more;
}

export function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
