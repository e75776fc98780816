/**
 * A delivered frame, parsed once at the boundary: subject, place and payload. Frames that do not
 * parse or decode, or are of an unknown version, come out as null, and the reader fails closed.
 *
 * @module
 */
import type { HeaderMap, StoredMessage } from "#actors/_kit/bus.ts";
import {
  formatFrame,
  frameHeader,
  type FramePlace,
  parseFrame,
  sessionHeader,
  traceHeader,
} from "#schemas/frames.ts";
import { decodePayload, encodingHeader } from "#schemas/payload_coding.ts";
import {
  type FrameKind,
  parseAuditSubject,
  parseRawSubject,
  type SessionKey,
} from "#schemas/subjects.ts";

export type { FrameKind, SessionKey };
export type FramePlaceInput = Omit<FramePlace, "nonce">;

/** A stored frame of a session. */
export type Frame = FramePlaceInput & {
  readonly kind: FrameKind;
  readonly key: SessionKey;
  readonly sequence: number;
  readonly timeMs: number;
  readonly headers: HeaderMap;
  /** Decoded; what is stored may be compressed. */
  readonly payload: Uint8Array;
};
export type RawFrame = FramePlaceInput & {
  readonly key: SessionKey;
  readonly sequence: number;
  readonly headers: HeaderMap;
  readonly payload: Uint8Array;
};

/** Parses a stored message as a frame; null when it is none. */
export function toFrame(message: StoredMessage): Frame | null {
  const subject = parseAuditSubject(message.subject);
  const place = parseFrame(message.headers.get(frameHeader));
  if (subject === null || place === null) return null;
  const { kind, ...key } = subject;
  const { request, part, more } = place;
  const { sequence, timeMs, headers } = message;
  const encoding = headers.get(encodingHeader);
  // Of stored frames only responses are coded.
  if (encoding !== undefined && kind !== "response") return null;
  const payload = decodePayload(message.payload, encoding);
  if (payload === null) return null;
  return { kind, key, request, part, more, sequence, timeMs, headers, payload };
}

/** Parses a message of the RAW stream; null when it is none. */
export function toRawFrame(message: StoredMessage): RawFrame | null {
  const subject = parseRawSubject(message.subject);
  const place = parseFrame(message.headers.get(frameHeader));
  const [epoch, edge] = message.headers.get(sessionHeader)?.split(".") ?? [];
  if (subject === null || place === null || epoch === undefined || edge === undefined) return null;
  const { request, part, more } = place;
  const { sequence, headers } = message;
  const payload = decodePayload(message.payload, headers.get(encodingHeader));
  if (payload === null) return null;
  return { key: { epoch, edge, ...subject }, request, part, more, sequence, headers, payload };
}

export function isFrame(input: unknown): input is Frame {
  return typeof input === "object" && input !== null && "timeMs" in input;
}
export function isRawFrame(input: unknown): input is RawFrame {
  return typeof input === "object" && input !== null && "sequence" in input &&
    !("timeMs" in input);
}

/** The headers of a frame to be stored. */
export function frameHeaders(
  place: FramePlaceInput,
  nonce: string,
  trace: string | undefined,
  more?: HeaderMap,
): HeaderMap {
  const headers = new Map<string, string>([[frameHeader, formatFrame({ ...place, nonce })]]);
  if (trace !== undefined) headers.set(traceHeader, trace);
  for (const [name, value] of more ?? []) headers.set(name, value);
  return headers;
}
