/**
 * Answers of an sftp server, masked: content of files by detection, at the same length; names and
 * words as texts; everything else as it came.
 *
 * Theory of operation. Each handle that is read has a masker of its own, which goes on where a read
 * begins at the place where the one before ended. A packet leaves when all its bytes are settled,
 * and packets leave in order; so what is asked is known first (`SftpReads`), and the end of a piece
 * waits for the next piece. Where no piece follows in time, a word leaves, and digits that may be
 * part of a number become stars.
 *
 * **Invariant:** a file keeps its length, and each byte its place. What is read from the middle of
 * a file begins with a number of which nobody knows the beginning: its digits become stars.
 *
 * @module
 */
import { type DetectorClasses, maskDetected } from "#schemas/detectors/detect.ts";
import { cutOffBytes, findsCutOff } from "#schemas/detectors/cut_off.ts";
import { isDigit, isOfNumber } from "#schemas/detectors/scan.ts";
import type { StreamPlan } from "#schemas/mask_plan.ts";
import { SftpFramer, sftpPacketBytesMax } from "#schemas/wire/sftp/frame.ts";
import {
  decodeSftpServer,
  encodeSftpServer,
  type SftpServerPacket,
  sftpStatus,
} from "#schemas/wire/sftp/server.ts";
import type { ContentMasker } from "./content.ts";
import type { AskedRead, SftpReads } from "./sftp_reads.ts";
import { TextMasker } from "./text_masker.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

type Flow = {
  readonly masker: TextMasker;
  readonly isText: boolean;
  readonly counts: Map<string, number>;
  /** Where the next piece begins if it belongs to what was read. */
  next: bigint;
  /** Pieces whose bytes have not all left the masker. */
  readonly pieces: Piece[];
  /** It began inside of its file: its first bytes, as long as others may depend on them. */
  head: Uint8Array | null;
  /** Where what was held back the last time began, and how often it was looked at. */
  heldFrom: number | null;
  looks: number;
};
/** A packet of content on its way. */
type Piece = {
  readonly id: number;
  readonly flow: Flow;
  readonly bytes: Uint8Array;
  filled: number;
};
type Queued = { readonly kind: "bytes"; readonly bytes: Uint8Array } | {
  readonly kind: "piece";
  readonly piece: Piece;
};

const nothing = new Uint8Array(0);
const flowsMax = 64;
/** What waits for the rest of a number; more leaves with stars. */
const queuedBytesMax = 1024 * 1024;
const findsMax = 1000;
/** How often is looked whether something waits too long, and how often until it does. */
const lookMs = 20;
const looksForNumber = 12;
const looksForRequests = 250;
/** How much of a file is looked at for what it is. */
const sampleBytes = 8192;

/** Opens the answers of an sftp server; `reads` knows what its client asked. */
export function sftpContent(
  classes: DetectorClasses,
  files: StreamPlan["files"],
  reads: SftpReads,
  counts: Map<string, number>,
): ContentMasker {
  const framer = new SftpFramer({ packetBytesMax: sftpPacketBytesMax + 1024 });
  const flows = new Map<string, Flow>();
  const queue: Queued[] = [];
  /** Packets of which it is not known yet what they answer, and those behind them. */
  let unknown: SftpServerPacket[] = [];
  let looks = 0;
  /** Packets came since requests were read: those may not have been among them. */
  let isNewer = false;
  let isBroken = false;
  const { email: _, ...numbers } = classes;
  return {
    push(data) {
      framer.push(data);
      for (;;) {
        const packet = framer.next();
        if (packet.kind === "need") break;
        const answer = packet.kind === "malformed" ? packet : decodeSftpServer(packet.bytes);
        if (answer.kind === "malformed") return null;
        // The bytes of a socket are used again.
        unknown.push(answer.kind === "data" ? { ...answer, data: answer.data.slice() } : answer);
      }
      isNewer = true;
      return settled();
    },
    requests() {
      const out = settled();
      // A request is stored before anything answers it.
      if (unknown.length > 0 && !isNewer) isBroken = true;
      isNewer = false;
      return out;
    },
    timePassed() {
      looks++;
      if (unknown.length > 0 && looks >= looksForRequests) isBroken = true;
      for (const flow of flows.values()) pass(flow);
      return taken();
    },
    end() {
      for (const flow of flows.values()) finish(flow);
      return taken();
    },
    get wantsRequests() {
      return unknown.length > 0;
    },
    get waitMs() {
      return unknown.length > 0 || queue.length > 0 ? lookMs : null;
    },
    get isBroken() {
      return isBroken;
    },
  };

  /** Takes up what is known by now; gives what leaves. */
  function settled(): Uint8Array {
    const waiting = unknown;
    unknown = [];
    for (const [index, packet] of waiting.entries()) {
      if (take(packet)) continue;
      unknown = waiting.slice(index);
      break;
    }
    if (unknown.length === 0) looks = 0;
    return taken();
  }

  /** False when it is not known yet what the packet answers. */
  function take(packet: SftpServerPacket): boolean {
    if (packet.kind === "version") {
      queue.push({ kind: "bytes", bytes: encodeSftpServer(packet) });
      return true;
    }
    const asked = reads.answered(packet.id);
    if (asked === undefined) return false;
    switch (packet.kind) {
      case "data":
        // Content that nobody asked for has no file, and no place in one.
        if (asked.kind === "read") takeContent(packet.id, packet.data, asked);
        else isBroken = true;
        return true;
      case "status": {
        if (asked.kind !== "other") endOf(asked.handle, asked.kind);
        const message = text(packet.message);
        queue.push({ kind: "bytes", bytes: encodeSftpServer({ ...packet, message }) });
        return true;
      }
      case "name": {
        const names = packet.names.map((entry) => {
          return { ...entry, name: text(entry.name), longName: text(entry.longName) };
        });
        queue.push({ kind: "bytes", bytes: encodeSftpServer({ ...packet, names }) });
        return true;
      }
      case "extended_reply": {
        const masker = new TextMasker(numbers, counts, "same_length");
        const first = masker.push(packet.data).slice();
        const data = new Uint8Array(packet.data.length);
        data.set(first);
        data.set(masker.end(), first.length);
        queue.push({ kind: "bytes", bytes: encodeSftpServer({ ...packet, data }) });
        return true;
      }
      case "handle":
      case "attributes":
        queue.push({ kind: "bytes", bytes: encodeSftpServer(packet) });
        return true;
    }
  }

  function takeContent(id: number, data: Uint8Array, { handle, offset }: AskedRead): void {
    let flow = flows.get(handle);
    const goesOn = flow !== undefined && flow.next === offset;
    if (flow !== undefined && !goesOn) star(flow);
    if (flow === undefined || !goesOn) {
      flow = open(data, flow?.counts ?? new Map());
      if (offset > 0n) flow.head = nothing;
      flows.delete(handle);
      flows.set(handle, flow);
    }
    flow.next = offset + BigInt(data.length);
    const piece: Piece = { id, flow, bytes: new Uint8Array(data.length), filled: 0 };
    queue.push({ kind: "piece", piece });
    flow.pieces.push(piece);
    if (flow.head !== null) coverHead(flow, flow.head, data);
    if (files === "allow") fill(flow, data);
    else fill(flow, flow.masker.push(data));
    for (const [oldest, { pieces }] of flows) {
      if (flows.size <= flowsMax) break;
      const first = pieces[0]?.flow;
      if (first !== undefined) star(first);
      flows.delete(oldest);
    }
  }

  /** What may be the rest of a value whose beginning was not read does not leave. */
  function coverHead(flow: Flow, before: Uint8Array, data: Uint8Array): void {
    const head = joinBytes([before, data.subarray(0, cutOffBytes)]);
    const of = flow.isText ? classes : numbers;
    const rest = { start: 0, end: restOf(head) };
    for (const { start, end } of [rest, ...findsCutOff(head, of)]) flow.masker.cover(start, end);
    flow.head = head.length >= cutOffBytes ? null : head;
  }

  /** What was found in a file stays found, wherever it is read. */
  function open(sample: Uint8Array, found: Map<string, number>): Flow {
    const isText = !sample.subarray(0, sampleBytes).includes(0);
    const masker = new TextMasker(classes, found, "same_length");
    if (!isText) masker.beginBinary();
    const known = { masker, isText, counts: found, next: 0n, pieces: [], head: null };
    return { ...known, heldFrom: null, looks: 0 };
  }

  function fill({ pieces }: Flow, bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const [piece] = pieces;
      if (piece === undefined) return;
      const count = Math.min(bytes.length - at, piece.bytes.length - piece.filled);
      piece.bytes.set(bytes.subarray(at, at + count), piece.filled);
      piece.filled += count;
      at += count;
      if (piece.filled === piece.bytes.length) pieces.shift();
    }
  }

  function pass(flow: Flow): void {
    const { masker } = flow;
    if (masker.held === "nothing") return;
    const isOld = flow.heldFrom === masker.heldFrom;
    flow.heldFrom = masker.heldFrom;
    if (!isOld) flow.looks = 0;
    if (!isOld) return;
    if (masker.held !== "number") fill(flow, masker.release());
    else if (++flow.looks >= looksForNumber) star(flow);
  }

  /** The end of a file, or of what is read of it. */
  function endOf(handle: string, by: "read" | "close"): void {
    const flow = flows.get(handle);
    if (flow !== undefined) finish(flow);
    if (by === "close") flows.delete(handle);
  }

  function finish(flow: Flow): void {
    fill(flow, flow.masker.end());
  }

  /** Nobody knows what follows: digits that may belong to a number do not leave. */
  function star(flow: Flow): void {
    const { masker } = flow;
    fill(flow, masker.held === "number" ? masker.star() : masker.release());
  }

  /** What leaves by now. */
  function taken(): Uint8Array {
    const waiting = queue.reduce((sum, one) => sum + sizeOf(one), 0);
    if (waiting > queuedBytesMax) { for (const flow of flows.values()) star(flow); }
    const parts: Uint8Array[] = [];
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (first.kind === "piece" && first.piece.filled < first.piece.bytes.length) break;
      queue.shift();
      parts.push(first.kind === "bytes" ? first.bytes : packetOf(first.piece));
    }
    if (queue.length === 0 && unknown.length === 0) looks = 0;
    return joinBytes(parts);
  }

  function packetOf({ id, flow, bytes }: Piece): Uint8Array {
    const isFound = flow.counts.size > 0;
    for (const [name, times] of flow.counts) counts.set(name, (counts.get(name) ?? 0) + times);
    if (isFound && files === "mask") flow.counts.clear();
    if (isFound && files === "refuse") {
      for (const name of flow.counts.keys()) flow.counts.set(name, 0);
      const code = sftpStatus.permissionDenied;
      return encodeSftpServer({ kind: "status", id, code, message: refusedWords });
    }
    return encodeSftpServer({ kind: "data", id, data: bytes });
  }

  function text(bytes: Uint8Array): Uint8Array {
    return maskDetected(bytes, "text", { classes, findsMax }, (name, times) => {
      counts.set(name, (counts.get(name) ?? 0) + times);
    });
  }
}

const refusedWords = new TextEncoder().encode(
  "sallyport: the file holds protected values and is not given out",
);

function sizeOf(one: Queued): number {
  return one.kind === "bytes" ? one.bytes.length : one.piece.bytes.length;
}

/** How many bytes at the beginning may be the rest of a number. */
function restOf(data: Uint8Array): number {
  let end = 0;
  while (isOfNumber(data[end])) end++;
  while (end > 0 && !isDigit(data[end - 1])) end--;
  return end;
}
