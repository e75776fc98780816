/** What is sent to masking: the parts of raw responses, numbered over the whole session. @module */
import type { RawEffect } from "#actors/_kit/actor.ts";
import {
  endedHeader,
  endedTold,
  firstHeader,
  limitedHeader,
  rawBytesHeader,
} from "#schemas/frames.ts";
import { encodePayload, encodingHeader } from "#schemas/payload_coding.ts";
import { takeGathered, type Upstream } from "./upstream.ts";

/** All that is gathered, in pieces of at most `chunkBytes`. */
export function gatheredParts(
  upstream: Upstream,
  request: number,
  chunkBytes: number,
): readonly RawEffect[] {
  const pieces = takeGathered(upstream, chunkBytes);
  const last = upstream.conversation.settled;
  return pieces.map((piece, index) => {
    const more = !(last && index === pieces.length - 1);
    upstream.rawBytes += piece.length;
    // Not for its size in memory: the server copies each byte of it many times.
    const { payload, encoding } = encodePayload(piece);
    const headers = new Map([[rawBytesHeader, String(upstream.rawBytes)]]);
    if (upstream.begins) headers.set(firstHeader, "1");
    if (!more && upstream.conversation.cut) headers.set(limitedHeader, "1");
    if (encoding !== null) headers.set(encodingHeader, encoding);
    upstream.begins = false;
    const place = { request, part: upstream.part++, more };
    return { kind: "raw", place, payload, headers };
  });
}

/** The upstream is gone: the agent is told even when nothing of its runs. */
export function endedPart(upstream: Upstream, request: number): RawEffect {
  const place = { request, part: upstream.part++, more: false };
  const headers = new Map([
    [rawBytesHeader, String(upstream.rawBytes)],
    [endedHeader, upstream.conversation.ending ? endedTold : "1"],
  ]);
  return { kind: "raw", place, payload: new Uint8Array(0), headers };
}

/** The upstream could not be reached. */
export function refusedPart(upstream: Upstream, words: Uint8Array): RawEffect {
  const place = { request: 0, part: upstream.part++, more: false };
  const headers = new Map([
    [rawBytesHeader, String(words.length)],
    [firstHeader, "1"],
    [endedHeader, "1"],
  ]);
  return { kind: "raw", place, payload: words, headers };
}
