/**
 * Looks for protected data in what an agent sends to a target that takes none (`uploads: refuse`).
 *
 * Content is looked at in the order it is sent, so that a find that is cut by packets is found. A
 * find that the end of a packet only seems to complete counts too: what is refused in vain can be
 * sent in other pieces, what went through cannot be taken back.
 *
 * **Invariant:** looking changes nothing; a stream moves on only with what was allowed.
 *
 * @module
 */
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import { beginScan, contextBytes, type Scan, scanOn } from "#schemas/detectors/scan_on.ts";

/** What was seen of one stream: the end of it, and where the next byte belongs. */
export type Upload = {
  readonly next: bigint;
  readonly bytes: Uint8Array;
  readonly scan: Readonly<Scan>;
};
export type Uploads = ReadonlyMap<string, Upload>;

/** Streams of one session that are written at once. */
const streamsMax = 256;

export type Looked =
  | { readonly kind: "clean"; readonly uploads: Uploads }
  | { readonly kind: "found"; readonly classes: readonly string[] }
  /** Content that is not written from its beginning on, which cannot be looked at. */
  | { readonly kind: "scattered" };

/** One piece of content and where in its stream it belongs. */
export type Piece = {
  readonly stream: string;
  readonly offset: bigint | null;
  readonly data: Uint8Array;
};

/** Looks at pieces in their order. An offset of null is wherever the stream is. */
export function lookAt(
  pieces: readonly Piece[],
  before: Uploads,
  classes: DetectorClasses,
): Looked {
  const uploads = new Map(before);
  const found = new Set<string>();
  for (const { stream, offset, data } of pieces) {
    const known = uploads.get(stream) ?? { next: 0n, bytes: nothing, scan: beginScan() };
    if (offset !== null && offset !== known.next) return { kind: "scattered" };
    if (!uploads.has(stream) && uploads.size >= streamsMax) return { kind: "scattered" };
    uploads.set(stream, moved(known, data, classes, found));
  }
  if (found.size > 0) return { kind: "found", classes: [...found].sort() };
  return { kind: "clean", uploads };
}

/** The streams without one that ended. */
export function without(uploads: Uploads, streams: readonly string[]): Uploads {
  const left = new Map(uploads);
  for (const stream of streams) left.delete(stream);
  return left;
}

function moved(
  { next, bytes, scan }: Upload,
  data: Uint8Array,
  classes: DetectorClasses,
  found: Set<string>,
): Upload {
  const all = new Uint8Array(bytes.length + data.length);
  all.set(bytes);
  all.set(data, bytes.length);
  const take = ({ detector }: { readonly detector: keyof DetectorClasses }) => {
    const name = classes[detector];
    if (name !== undefined) found.add(name);
  };
  scanOn(all, { ...scan }, classes, "none", take);
  const on = { ...scan };
  const settled = scanOn(all, on, classes, "more", () => {});
  const cut = Math.max(0, Math.min(settled, on.at) - contextBytes);
  return {
    next: next + BigInt(data.length),
    bytes: all.slice(cut),
    scan: { ...on, at: on.at - cut, floor: Math.max(0, on.floor - cut) },
  };
}

const nothing = new Uint8Array(0);
