/** Receipts of single frames. @module */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { signCheckpoint } from "./checkpoint.ts";
import { parseVerifier, signerOf } from "./key.ts";
import { inclusionProof, leafHash, rootOf } from "./merkle.ts";
import { formatProof, parseProof, proveInclusion, verifyProof } from "./proof.ts";

const { signer } = signerOf("log/1", new Uint8Array(32).fill(3));
const leaves = Array.from({ length: 40 }, (_, index) => leafHash(Uint8Array.of(index)));
const size = 37;
const root = rootOf(leaves.slice(0, size));
const checkpoint = signCheckpoint({ origin: "log/1", size, root }, signer);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (proof: string) => new TextEncoder().encode(proof);

Deno.test("proveInclusion() gives in one pass what inclusionProof() gives from all leaves", async () => {
  for (let total = 1; total <= leaves.length; total++) {
    for (let index = 0; index < total; index++) {
      deepStrictEqual(
        await proveInclusion(leaves, index, total),
        inclusionProof(leaves, index, total),
      );
    }
  }
  strictEqual(await proveInclusion(leaves, 0, leaves.length + 1), null);
  await rejects(proveInclusion(leaves, 5, 5), RangeError);
});

Deno.test("verifyProof() accepts each leaf's own proof and no other's", () => {
  const verifier = parseVerifier(signer.vkey);
  ok(verifier !== null);
  for (let index = 0; index < size; index++) {
    const hashes = inclusionProof(leaves, index, size);
    const proof = formatProof({ index, hashes, checkpoint });
    const leaf = leaves[index] ?? new Uint8Array(0);
    const verified = verifyProof(proof, leaf, verifier);
    ok(verified.ok && verified.index === index && verified.checkpoint.size === size);
    const neighbour = leaves[index + 1] ?? new Uint8Array(0);
    deepStrictEqual(verifyProof(proof, neighbour, verifier), { ok: false, fault: "not_included" });
    const moved = formatProof({ index: index + 1, hashes, checkpoint });
    ok(!verifyProof(moved, leaf, verifier).ok);
  }
});

Deno.test("verifyProof() accepts no checkpoint of another key", () => {
  const other = parseVerifier(signerOf("log/1", new Uint8Array(32).fill(4)).signer.vkey);
  ok(other !== null);
  const proof = formatProof({ index: 0, hashes: inclusionProof(leaves, 0, size), checkpoint });
  const leaf = leaves[0] ?? new Uint8Array(0);
  deepStrictEqual(verifyProof(proof, leaf, other), { ok: false, fault: "no_known_signature" });
});

Deno.test("parseProof() reads what formatProof() wrote, skips extra data, refuses the rest", () => {
  const hashes = inclusionProof(leaves, 5, size);
  const proof = text(formatProof({ index: 5, hashes, checkpoint }));
  deepStrictEqual(parseProof(bytes(proof)), { index: 5, hashes, checkpoint });
  const extra = proof.replace("\nindex", "\nextra YWdl\nindex");
  strictEqual(parseProof(bytes(extra))?.index, 5);
  for (
    const malformed of [
      "",
      proof.replace("@v1", "@v2"),
      proof.replace("index 5", "index 05"),
      proof.replace("index 5", "index -5"),
      proof.replace("index 5\n", ""),
      proof.replace("\nindex", "\nextra !\nindex"),
      proof.replace("=\n", "\n"),
      proof.replace("index 5\n", `index 5\n${"A".repeat(44)}\n`),
      proof.replace("index 5\n", `index 5\n${`${hashes[0]?.toBase64()}\n`.repeat(60)}`),
      proof.slice(0, proof.indexOf("\n\n")),
    ]
  ) strictEqual(parseProof(bytes(malformed)), null);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    strictEqual(parseProof(garbage), null);
  }));
});
