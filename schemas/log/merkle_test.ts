/** Merkle tree: published vectors, then every mutation the vectors' authors also try. @module */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { equalBytes } from "./bytes.ts";
import {
  append,
  consistencyProof,
  decodeFrontier,
  emptyFrontier,
  encodeFrontier,
  inclusionProof,
  leafHash,
  nodeHash,
  root,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";
import { consistencies, inclusions, leafInputs, nodes, roots } from "./merkle_testing.ts";

const leaves = leafInputs.map((input) => leafHash(Uint8Array.fromHex(input)));

Deno.test("append() gives the published roots at every size", () => {
  let frontier = emptyFrontier;
  strictEqual(root(frontier).toHex(), roots[0]);
  for (const [index, leaf] of leaves.entries()) {
    frontier = append(frontier, leaf);
    strictEqual(root(frontier).toHex(), roots[index + 1]);
    strictEqual(rootOf(leaves.slice(0, index + 1)).toHex(), roots[index + 1]);
  }
});

Deno.test("nodeHash() gives the published nodes", () => {
  deepStrictEqual(leaves.map((leaf) => leaf.toHex()), nodes[0]);
  for (const level of [1, 2]) {
    for (const [index, hash] of (nodes[level] ?? []).entries()) {
      const made = nodeHash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
      strictEqual(made.toHex(), hash);
    }
  }
});

Deno.test("inclusionProof() and verifyInclusion() agree with the published proofs", () => {
  for (const { index, size, proof } of inclusions) {
    const made = inclusionProof(leaves, index, size);
    deepStrictEqual(hex(made), hex(proof.map(([level, at]) => node(level, at))));
    const claim = { index, size, leaf: leaves[index], proof: made, root: rootAt(size) };
    ok(verifyInclusion(claim));
    const garbage = new Uint8Array(32);
    ok(!verifyInclusion({ ...claim, leaf: garbage }), "wrong leaf");
    ok(!verifyInclusion({ ...claim, root: garbage }), "wrong root");
    ok(!verifyInclusion({ ...claim, root: new Uint8Array(0) }), "empty root");
    ok(!verifyInclusion({ ...claim, index: index + 1 }), "next index");
    ok(!verifyInclusion({ ...claim, index: index - 1 }), "previous index");
    ok(!verifyInclusion({ ...claim, size: Math.floor(size / 2) }), "half size");
    for (const extra of [garbage, rootAt(size), new Uint8Array(0)]) {
      ok(!verifyInclusion({ ...claim, proof: [...made, extra] }), "trailing");
      ok(!verifyInclusion({ ...claim, proof: [extra, ...made] }), "preceding");
    }
    ok(!verifyInclusion({ ...claim, proof: made.slice(1) }), "truncated");
    for (const at of made.keys()) {
      ok(!verifyInclusion({ ...claim, proof: flipped(made, at) }), "modified");
    }
  }
});

Deno.test("consistencyProof() and verifyConsistency() agree with the published proofs", () => {
  for (const { size1, size2, proof } of consistencies) {
    const made = consistencyProof(leaves, size1, size2);
    deepStrictEqual(hex(made), hex(proof.map(([level, at]) => node(level, at))));
    const claim = { size1, size2, root1: rootAt(size1), root2: rootAt(size2), proof: made };
    ok(verifyConsistency(claim));
    const garbage = new Uint8Array(32);
    ok(!verifyConsistency({ ...claim, root1: garbage }), "wrong root1");
    ok(!verifyConsistency({ ...claim, root2: garbage }), "wrong root2");
    ok(!verifyConsistency({ ...claim, size1: size1 - 1 }), "smaller size1");
    ok(!verifyConsistency({ ...claim, size1: size2 + 1 }), "size1 above size2");
    for (const extra of [garbage, claim.root1, claim.root2, new Uint8Array(0)]) {
      ok(!verifyConsistency({ ...claim, proof: [...made, extra] }), "trailing");
      ok(!verifyConsistency({ ...claim, proof: [extra, ...made] }), "preceding");
    }
    if (size1 === size2) continue;
    ok(!verifyConsistency({ ...claim, root1: claim.root2, root2: claim.root1 }), "swapped");
    ok(!verifyConsistency({ ...claim, proof: [] }), "empty");
    ok(!verifyConsistency({ ...claim, proof: made.slice(0, -1) }), "truncated");
    for (const at of made.keys()) {
      ok(!verifyConsistency({ ...claim, proof: flipped(made, at) }), "modified");
    }
  }
});

Deno.test("verifyConsistency() refuses size1 0, consistencyProof() does not make it", () => {
  const claim = { size1: 0, size2: 8, root1: rootAt(0), root2: rootAt(8), proof: [] };
  ok(!verifyConsistency(claim));
  ok(!verifyConsistency({ ...claim, size2: 0, root2: rootAt(0) }));
  throws(() => consistencyProof(leaves, 0, 8), RangeError);
  throws(() => consistencyProof(leaves, 3, 9), RangeError);
  throws(() => inclusionProof(leaves, 8, 8), RangeError);
});

Deno.test("proofs of every index and pair of sizes verify, also past 2^5", () => {
  const many = Array.from({ length: 37 }, (_, index) => leafHash(Uint8Array.of(index)));
  for (let size2 = 1; size2 <= many.length; size2++) {
    const root2 = rootOf(many.slice(0, size2));
    for (let index = 0; index < size2; index++) {
      const proof = inclusionProof(many, index, size2);
      ok(verifyInclusion({ index, size: size2, leaf: many[index], proof, root: root2 }));
      const root1 = rootOf(many.slice(0, index + 1));
      const steps = consistencyProof(many, index + 1, size2);
      ok(verifyConsistency({ size1: index + 1, size2, root1, root2, proof: steps }));
    }
  }
});

Deno.test("decodeFrontier() gives back what encodeFrontier() wrote and refuses other lengths", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 70 }), (size) => {
    let frontier = emptyFrontier;
    for (let index = 0; index < size; index++) {
      frontier = append(frontier, leafHash(Uint8Array.of(index)));
    }
    const bytes = encodeFrontier(frontier);
    const decoded = decodeFrontier(size, bytes);
    ok(decoded !== null && equalBytes(root(decoded), root(frontier)));
    strictEqual(decodeFrontier(size, new Uint8Array(bytes.length + 1)), null);
    strictEqual(decodeFrontier(size, new Uint8Array(bytes.length + 32)), null);
  }));
  strictEqual(decodeFrontier(-1, new Uint8Array(0)), null);
  strictEqual(decodeFrontier(1.5, new Uint8Array(32)), null);
});

Deno.test("append() works past 32 bits", () => {
  const size = 2 ** 40 + 2;
  const frontier = decodeFrontier(size, new Uint8Array(64));
  ok(frontier !== null);
  const next = append(append(frontier, new Uint8Array(32)), new Uint8Array(32));
  strictEqual(next.hashes.length, 2);
  strictEqual(next.size, size + 2);
});

function node(level: number, position: number): Uint8Array {
  return Uint8Array.fromHex(nodes[level]?.[position] ?? "");
}
function rootAt(size: number): Uint8Array {
  return Uint8Array.fromHex(roots[size] ?? "");
}
function hex(hashes: readonly Uint8Array[]): string[] {
  return hashes.map((hash) => hash.toHex());
}
function flipped(proof: readonly Uint8Array[], at: number): Uint8Array[] {
  return proof.map((hash, index) =>
    index === at ? hash.map((byte, offset) => offset === 3 ? byte ^ 8 : byte) : hash
  );
}
