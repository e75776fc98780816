/**
 * The receipt of one frame (c2sp.org/tlog-proof): its index, its inclusion proof and the checkpoint
 * it is proved against. It verifies offline, with nothing but the frame and the log's key.
 *
 * ```
 * c2sp.org/tlog-proof@v1
 * extra <base64>            optional, ours never has it
 * index <decimal>
 * <base64 hash>             any number, lowest sibling first
 *
 * <checkpoint, verbatim>
 * ```
 *
 * @module
 */
import { decodeBase64 } from "./bytes.ts";
import { type Checkpoint, openCheckpoint, type OpenedCheckpoint } from "./checkpoint.ts";
import type { Verifier } from "./key.ts";
import {
  append,
  emptyFrontier,
  type Frontier,
  hashBytes,
  inclusionRanges,
  root,
  verifyInclusion,
} from "./merkle.ts";

export type LogProof = {
  /** From 0; the frame's stream sequence less one. */
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: Uint8Array;
};

const firstLine = "c2sp.org/tlog-proof@v1";
/** More hashes than a tree of 2^53 leaves is high are no proof. */
const hashesMax = 53;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The proof's bytes, for a file `.tlog-proof`. */
export function formatProof({ index, hashes, checkpoint }: LogProof): Uint8Array {
  const lines = hashes.map((hash) => `${hash.toBase64()}\n`).join("");
  const head = encoder.encode(`${firstLine}\nindex ${index}\n${lines}\n`);
  const bytes = new Uint8Array(head.length + checkpoint.length);
  bytes.set(head);
  bytes.set(checkpoint, head.length);
  return bytes;
}

/** Parses a proof; null when it is malformed. Extra data is skipped: nothing authenticates it. */
export function parseProof(bytes: Uint8Array): LogProof | null {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return null;
  }
  const end = text.indexOf("\n\n");
  if (end < 0) return null;
  const [first, ...lines] = text.slice(0, end).split("\n");
  if (first !== firstLine) return null;
  const extra = lines[0]?.startsWith("extra ") ? lines.shift()?.slice("extra ".length) : "";
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "")?.[1];
  if (index === undefined || extra === undefined || decodeBase64(extra) === null) return null;
  if (lines.length > hashesMax || !Number.isSafeInteger(Number(index))) return null;
  const hashes: Uint8Array[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== hashBytes) return null;
    hashes.push(hash);
  }
  return { index: Number(index), hashes, checkpoint: encoder.encode(text.slice(end + 2)) };
}

export type VerifiedProof =
  | { readonly ok: true; readonly index: number; readonly checkpoint: Checkpoint }
  | {
    readonly ok: false;
    readonly fault:
      | Exclude<OpenedCheckpoint, { ok: true }>["fault"]
      | "malformed_proof"
      | "not_included";
  };

/** Verifies that the frame of this leaf hash is in the log of this key. */
export function verifyProof(
  bytes: Uint8Array,
  leaf: Uint8Array,
  verifier: Verifier,
): VerifiedProof {
  const proof = parseProof(bytes);
  if (proof === null) return { ok: false, fault: "malformed_proof" };
  const opened = openCheckpoint(proof.checkpoint, verifier);
  if (!opened.ok) return opened;
  const { checkpoint } = opened;
  const { index, hashes } = proof;
  const { size } = checkpoint;
  const included = verifyInclusion({ index, size, leaf, proof: hashes, root: checkpoint.root });
  return included ? { ok: true, index, checkpoint } : { ok: false, fault: "not_included" };
}

/**
 * The inclusion proof of leaf `index` in a tree of `size`, from its leaf hashes in order, in one
 * pass and logarithmic memory. Null when there are fewer leaves than `size`.
 * @throws RangeError unless `index < size`; what the stream throws.
 */
export async function proveInclusion(
  leaves: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  index: number,
  size: number,
): Promise<Uint8Array[] | null> {
  const ranges = inclusionRanges(index, size);
  const inOrder = ranges.map((range, at) => ({ range, at }))
    .sort((left, right) => left.range.start - right.range.start);
  const frontiers: Frontier[] = ranges.map(() => emptyFrontier);
  let position = 0;
  let next = 0;
  for await (const leaf of leaves) {
    if (position >= size) break;
    while ((inOrder[next]?.range.end ?? size) <= position) next++;
    const current = inOrder[next];
    if (current !== undefined && position >= current.range.start) {
      frontiers[current.at] = append(frontiers[current.at] ?? emptyFrontier, leaf);
    }
    position++;
  }
  return position < size ? null : frontiers.map(root);
}
