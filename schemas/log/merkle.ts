/**
 * The Merkle tree of RFC 6962 section 2.1 with SHA-256: leaf and node hashes, an incremental
 * frontier, inclusion and consistency proofs, made and verified.
 *
 * The frontier (a "compact range" from 0) holds one hash for each 1 bit of the tree's size: the
 * roots of the largest complete subtrees, left to right. It is all that appending needs.
 *
 * **Invariant:** a leaf hash and a node hash never collide (prefixes 0x00 and 0x01), and a frontier
 * holds exactly as many hashes as its size has 1 bits.
 *
 * @example Three leaves, and the proof that the first is among them
 * ```ts
 * import { append, emptyFrontier, inclusionProof, leafHash, root, verifyInclusion }
 *   from "#schemas/log/merkle.ts";
 * import { ok } from "node:assert/strict";
 * const leaves = [1, 2, 3].map((byte) => leafHash(Uint8Array.of(byte)));
 * const frontier = leaves.reduce(append, emptyFrontier);
 * const proof = inclusionProof(leaves, 0, 3);
 * ok(verifyInclusion({ index: 0, size: 3, leaf: leaves[0], proof, root: root(frontier) }));
 * ```
 * @module
 */
import { createHash, hash as hashOnce } from "node:crypto";
import { joinBytes } from "#schemas/join_bytes.ts";
import { equalBytes } from "./bytes.ts";

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
  const hashes = [...frontier.hashes];
  let hash = leaf;
  // Arithmetic, not bit operators, which end at 32 bits.
  for (let rest = frontier.size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = hashes.pop();
    if (left === undefined) throw new Error("Frontier holds fewer hashes than its size asks for");
    hash = nodeHash(left, hash);
  }
  hashes.push(hash);
  return { size: frontier.size + 1, hashes };
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

/** The root of a tree over these leaf hashes. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  return subtree(leaves, 0, leaves.length);
}

/** The leaves from `start` up to, not with, `end`. */
export type LeafRange = { readonly start: number; readonly end: number };

/**
 * The subtrees whose roots are the path from leaf `index` to the root of a tree of `size` leaves
 * (RFC 6962 section 2.1.1), lowest sibling first. @throws RangeError unless `index < size`.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!(isCount(index) && isCount(size) && index < size)) {
    throw new RangeError("Cannot prove inclusion: index or size is outside the tree");
  }
  const path: LeafRange[] = [];
  for (let start = 0, end = size; end - start > 1;) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * The inclusion proof of leaf `index` in the tree of the first `size` leaves.
 * @throws RangeError when `index < size <= leaves.length` fails.
 */
export function inclusionProof(
  leaves: readonly Uint8Array[],
  index: number,
  size: number,
): Uint8Array[] {
  const ranges = inclusionRanges(index, size);
  if (size > leaves.length) {
    throw new RangeError("Cannot prove inclusion: index or size is outside the tree");
  }
  return ranges.map(({ start, end }) => subtree(leaves, start, end));
}

/**
 * The proof that the tree of the first `size1` leaves is a prefix of that of the first `size2` (RFC
 * 6962 section 2.1.2). @throws RangeError when `0 < size1 <= size2 <= leaves.length` fails.
 */
export function consistencyProof(
  leaves: readonly Uint8Array[],
  size1: number,
  size2: number,
): Uint8Array[] {
  if (
    !(isCount(size1) && isCount(size2) && size1 > 0 && size1 <= size2 && size2 <= leaves.length)
  ) {
    throw new RangeError("Cannot prove consistency: a size is outside the tree");
  }
  const path: Uint8Array[] = [];
  let start = 0;
  let end = size2;
  while (size1 < end) {
    const middle = start + split(end - start);
    if (size1 <= middle) {
      path.push(subtree(leaves, middle, end));
      end = middle;
    } else {
      path.push(subtree(leaves, start, middle));
      start = middle;
    }
  }
  // The verifier knows the old root already: only a lone right-hand subtree is sent.
  if (start > 0) path.push(subtree(leaves, start, end));
  return path.reverse();
}

export type InclusionClaim = {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array | undefined;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
};

/** Verifies an inclusion proof (RFC 9162 section 2.1.3.2). False for anything malformed. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { index, size, leaf, proof } = claim;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (leaf?.length !== hashBytes || proof.some((hash) => hash.length !== hashBytes)) return false;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(hash, claim.root);
}

export type ConsistencyClaim = {
  readonly size1: number;
  readonly size2: number;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
};

/**
 * Verifies a consistency proof (RFC 9162 section 2.1.4.2). False for anything malformed.
 *
 * Decision: `size1` 0 is refused. Every tree extends the empty one, so such a proof says nothing;
 * who starts from nothing handles that before asking, as tlog-witness does for `old 0`.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { size1, size2, root1, root2, proof } = claim;
  if (!isCount(size1) || !isCount(size2) || size1 === 0 || size1 > size2) return false;
  if (proof.some((hash) => hash.length !== hashBytes)) return false;
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2);
  const path = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  const [seed, ...rest] = path;
  if (seed === undefined) return false;
  let position = size1 - 1;
  let last = size2 - 1;
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  let first = seed;
  let second = seed;
  for (const hash of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      first = nodeHash(hash, first);
      second = nodeHash(hash, second);
      while (position % 2 === 0 && position !== 0) {
        position /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      second = nodeHash(second, hash);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(first, root1) && equalBytes(second, root2);
}

function subtree(leaves: readonly Uint8Array[], start: number, end: number): Uint8Array {
  let frontier = emptyFrontier;
  for (let index = start; index < end; index++) {
    const leaf = leaves[index];
    if (leaf !== undefined) frontier = append(frontier, leaf);
  }
  return root(frontier);
}

/** The largest power of two below `count` (RFC 6962's k). */
function split(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function isPowerOfTwo(count: number): boolean {
  let power = 1;
  while (power < count) power *= 2;
  return power === count;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
