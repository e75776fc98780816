/**
 * The Merkle tree of RFC 6962 section 2.1 with SHA-256: leaf and node hashes, an incremental
 * frontier, and ranges of leaves that stand for themselves by a few hashes.
 *
 * The frontier (a "compact range" from 0) holds one hash for each 1 bit of the tree's size: the
 * roots of the largest complete subtrees, left to right. It is all that appending needs.
 *
 * **Invariant:** a leaf hash and a node hash never collide (prefixes 0x00 and 0x01), and a frontier
 * holds exactly as many hashes as its size has 1 bits.
 *
 * @example A tree of three leaves, of which the first two are known by one hash
 * ```ts
 * import { append, appendRange, emptyFrontier, extend, leafHash, rangeFrom, root }
 *   from "#schemas/log/merkle.ts";
 * import { deepStrictEqual, ok } from "node:assert/strict";
 * const leaves = [1, 2, 3].map((byte) => leafHash(Uint8Array.of(byte)));
 * const range = leaves.slice(0, 2).reduce(extend, rangeFrom(0));
 * const known = appendRange(emptyFrontier, range);
 * ok(known !== null && range.hashes.length === 1);
 * const tree = leaves.slice(2).reduce(append, known);
 * deepStrictEqual(root(tree), root(leaves.reduce(append, emptyFrontier)));
 * ```
 * @module
 */
import { createHash, hash as hashOnce } from "node:crypto";
import { joinBytes } from "#schemas/join_bytes.ts";

/** Length of every hash. */
export const hashBytes = 32;
const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);
/** Where each node is put together: a call into the platform costs more than the hash. */
const nodeBytes = new Uint8Array(1 + 2 * hashBytes);
nodeBytes.set(nodePrefix);

/** The state of an append-only tree; `hashes` from the largest subtree to the smallest. */
export type Frontier = { readonly size: number; readonly hashes: readonly Uint8Array[] };
export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** The hash of one leaf's bytes: SHA-256(0x00 || bytes). */
export function leafHash(bytes: Uint8Array): Uint8Array {
  return sha256(leafPrefix, bytes);
}

/** The hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== hashBytes || right.length !== hashBytes) {
    return sha256(nodePrefix, left, right);
  }
  nodeBytes.set(left, 1);
  nodeBytes.set(right, 1 + hashBytes);
  return new Uint8Array(hashOnce("sha256", nodeBytes, "buffer"));
}

/** Appends one leaf hash. @throws RangeError when the size would pass 2^53 - 1. */
export function append(frontier: Frontier, leaf: Uint8Array): Frontier {
  if (frontier.size >= Number.MAX_SAFE_INTEGER) {
    throw new RangeError("Cannot append: the tree is at its largest size");
  }
  return appendSubtree(frontier, leaf, 1);
}

/** Appends a complete subtree by its root; its size is a power of two that divides the tree's. */
function appendSubtree(frontier: Frontier, subtree: Uint8Array, size: number): Frontier {
  const hashes = [...frontier.hashes];
  let hash = subtree;
  // Arithmetic, not bit operators, which end at 32 bits.
  for (let rest = frontier.size / size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = hashes.pop();
    if (left === undefined) throw new Error("Frontier holds fewer hashes than its size asks for");
    hash = nodeHash(left, hash);
  }
  hashes.push(hash);
  return { size: frontier.size + size, hashes };
}

/** The root hash; of the empty tree, SHA-256 of nothing. */
export function root(frontier: Frontier): Uint8Array {
  let hash: Uint8Array | null = null;
  for (let index = frontier.hashes.length - 1; index >= 0; index--) {
    const left = frontier.hashes[index];
    if (left !== undefined) hash = hash === null ? left : nodeHash(left, hash);
  }
  return hash ?? sha256();
}

/** The frontier's hashes, largest subtree first, without separators. */
export function encodeFrontier(frontier: Frontier): Uint8Array {
  return joinBytes(frontier.hashes);
}

/** A frontier from its size and bytes; null when their lengths do not fit each other. */
export function decodeFrontier(size: number, bytes: Uint8Array): Frontier | null {
  if (!Number.isSafeInteger(size) || size < 0) return null;
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  if (bytes.length !== ones * hashBytes) return null;
  const hashes = Array.from(
    { length: ones },
    (_, index) => bytes.slice(index * hashBytes, (index + 1) * hashBytes),
  );
  return { size, hashes };
}

/**
 * Leaves from `start` up to, not with, `end`, by the roots of the largest complete subtrees that
 * they fill, left to right: logarithmically many, whatever their number. A tree can be recomputed
 * from leaves and ranges between them, which is an inclusion proof of all these leaves at once.
 */
export type LeafRange = {
  readonly start: number;
  readonly end: number;
  readonly hashes: readonly Uint8Array[];
};

/** A range of no leaves yet. */
export function rangeFrom(start: number): LeafRange {
  return { start, end: start, hashes: [] };
}

/** The range with one leaf more at its end. */
export function extend({ start, end, hashes }: LeafRange, leaf: Uint8Array): LeafRange {
  const all = [...hashes];
  let hash = leaf;
  for (let at = end, size = 1; (at / size) % 2 === 1 && at - size >= start; size *= 2) {
    const left = all.pop();
    if (left === undefined) throw new Error("Range holds fewer hashes than its leaves ask for");
    hash = nodeHash(left, hash);
    at -= size;
  }
  all.push(hash);
  return { start, end: end + 1, hashes: all };
}

/** The tree with the range behind it; null when the range is not what follows, or no range. */
export function appendRange(
  frontier: Frontier,
  { start, end, hashes }: LeafRange,
): Frontier | null {
  if (start !== frontier.size || !(isCount(end) && end > start)) return null;
  if (hashes.some((hash) => hash.length !== hashBytes)) return null;
  let tree = frontier;
  for (const hash of hashes) {
    if (tree.size >= end) return null;
    let size = 1;
    while (tree.size % (size * 2) === 0 && tree.size + size * 2 <= end) size *= 2;
    tree = appendSubtree(tree, hash, size);
  }
  return tree.size === end ? tree : null;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
