/** Merkle tree: published vectors, then ranges of leaves. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { equalBytes } from "./bytes.ts";
import {
  append,
  appendRange,
  decodeFrontier,
  emptyFrontier,
  encodeFrontier,
  extend,
  leafHash,
  nodeHash,
  rangeFrom,
  root,
} from "./merkle.ts";
import { leafInputs, nodes, roots } from "./merkle_testing.ts";

const leaves = leafInputs.map((input) => leafHash(Uint8Array.fromHex(input)));

Deno.test("append() gives the published roots at every size", () => {
  let frontier = emptyFrontier;
  strictEqual(root(frontier).toHex(), roots[0]);
  for (const [index, leaf] of leaves.entries()) {
    frontier = append(frontier, leaf);
    strictEqual(root(frontier).toHex(), roots[index + 1]);
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

Deno.test("a tree is the same from leaves and from ranges of them, wherever these begin and end", () => {
  const many = Array.from({ length: 37 }, (_, index) => leafHash(Uint8Array.of(index)));
  const whole = many.reduce(append, emptyFrontier);
  for (let start = 0; start < many.length; start++) {
    const before = many.slice(0, start).reduce(append, emptyFrontier);
    let range = rangeFrom(start);
    strictEqual(appendRange(before, range), null, "no leaves are no range");
    for (const leaf of many.slice(start)) {
      range = extend(range, leaf);
      const known = appendRange(before, range);
      ok(known !== null);
      deepStrictEqual(many.slice(range.end).reduce(append, known), whole);
      ok(range.hashes.length <= 2 * Math.log2(many.length) + 1);
    }
  }
});

Deno.test("appendRange() takes no range but of what follows, with as many hashes as it has subtrees", () => {
  const range = leaves.slice(3).reduce(extend, rangeFrom(3));
  const before = leaves.slice(0, 3).reduce(append, emptyFrontier);
  strictEqual(root(appendRange(before, range) ?? emptyFrontier).toHex(), roots[8]);
  const { hashes } = range;
  const [first = new Uint8Array(0)] = hashes;
  const wrong = [
    { ...range, start: 2 },
    { ...range, end: 7 },
    { ...range, end: 9 },
    { ...range, end: 3.5 },
    { ...range, end: Infinity },
    { ...range, hashes: hashes.slice(1) },
    { ...range, hashes: [...hashes, first] },
    { ...range, hashes: [first.slice(1), ...hashes.slice(1)] },
  ];
  for (const other of wrong) strictEqual(appendRange(before, other), null);
  strictEqual(appendRange(emptyFrontier, range), null);
  const swapped = appendRange(before, { ...range, hashes: hashes.toReversed() });
  ok(swapped !== null && root(swapped).toHex() !== roots[8]);
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
