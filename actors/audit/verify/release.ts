/**
 * G2: every byte an agent receives was stored, masked, before it was released. The edge's account
 * of what it released, in the close frame, is held against the stored responses.
 *
 * @module
 */
import { decodeControl, endedHeader } from "#schemas/frames.ts";
import type { CheckContext, Release, Released, SessionRecord } from "./session_record.ts";

/** A response: part of one contiguous sequence, for a request that was allowed. */
export function takeResponse(session: SessionRecord, context: CheckContext): void {
  const { frame, limits, report } = context;
  const { release } = session;
  const request = session.requests.get(frame.request);
  if (request?.verdict?.allow !== true) {
    report("G2", `response to request ${frame.request}, which no verdict allows`);
  }
  // A masking that died between storing and acknowledging masks the same raw part again; an edge
  // takes each part once, the first that was stored, and so does this account.
  if (frame.part < release.parts) return;
  // A response whose raw bytes are lost ends the session with a part of its own number. The edge
  // takes it once it is certain that nothing before it comes; what comes all the same counts too.
  if (frame.part > release.parts && frame.headers.has(endedHeader)) {
    if (session.closed || release.ends.length >= endsMax) return;
    release.ends.push({ parts: frame.part + 1, payload: frame.payload.slice() });
    noteEnds(release, limits.prefixesMax);
    return;
  }
  if (frame.part > release.parts) {
    report("G2", `response part ${frame.part} where part ${release.parts} was due`);
  }
  // After a gap the count goes on from what is there, so that one fault is named once.
  release.parts = frame.part + 1;
  release.bytes += frame.payload.length;
  release.hash.update(frame.payload);
  if (session.closed) return;
  const sha256 = release.hash.copy().digest("hex");
  release.prefixes.push({ parts: release.parts, bytes: release.bytes, sha256 });
  if (release.prefixes.length > limits.prefixesMax) release.prefixes.shift();
  noteEnds(release, limits.prefixesMax);
}

/** Ends across a gap that are remembered of one session; the edge takes the first it is sure of. */
const endsMax = 8;

/** What would be released if the edge took an end now. */
function noteEnds(release: Release, notedMax: number): void {
  for (const { parts, payload } of release.ends) {
    if (parts <= release.parts || release.endings.length >= notedMax) continue;
    const sha256 = release.hash.copy().update(payload).digest("hex");
    release.endings.push({ parts, bytes: release.bytes + payload.length, sha256 });
  }
}

/** The close: what was released is a prefix of what was stored. */
export function takeClose(session: SessionRecord, context: CheckContext): void {
  const { frame, report } = context;
  const { release } = session;
  const close = decodeControl("close", frame.payload);
  if (close === null) return report("shape", "close is not of its shape");
  if (session.closed) return report("shape", "the session closes twice");
  session.closed = true;
  session.untold = close.released === null;
  if (close.released === null) return;
  const { parts, bytes, sha256 } = close.released;
  const isReleased = (one: Released) => {
    return one.parts === parts && one.bytes === bytes && one.sha256 === sha256;
  };
  const acrossGap = release.endings.some(isReleased);
  release.ends.length = 0;
  release.endings.length = 0;
  if (acrossGap) return;
  if (parts > release.parts) {
    return report("G2", `${parts} parts were released, ${release.parts} were stored`);
  }
  const prefix = release.prefixes.findLast((one) => one.parts <= parts);
  if (prefix === undefined) {
    return report("limit", `released parts end too far before the ${release.parts} stored`);
  }
  if (!isReleased(prefix)) {
    report("G2", `the ${parts} released parts are not those that were stored`);
  }
  release.prefixes.length = 0;
}
