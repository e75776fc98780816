import { ok, strictEqual, throws } from "node:assert/strict";
import { identityKeyFile } from "./identity_key_file.ts";
import { testSigner } from "./identity_testing.ts";

Deno.test("identityKeyFile() learns of a new key, and that the one before it is over", () => {
  const first = testSigner("k1");
  const second = testSigner("k2", { signer: first, from: 0, until: 1_800_000_000 });
  let text = JSON.stringify(first.jwks);
  let nowMs = 0;
  let reads = 0;
  const keys = identityKeyFile(() => (reads++, text), () => nowMs);
  text = JSON.stringify(second.jwks);
  // Too soon to look again, then not, then because the key is not known.
  nowMs = 99;
  strictEqual(keys.get("k2"), undefined);
  strictEqual(keys.get("k1")?.untilSeconds, Infinity);
  strictEqual(reads, 1);
  nowMs = 100;
  ok(keys.get("k2"));
  strictEqual(keys.get("k1")?.untilSeconds, 1_800_000_000);
  strictEqual(reads, 2);
  nowMs = 1099;
  ok(keys.get("k2"));
  strictEqual(reads, 2);
  nowMs = 1100;
  ok(keys.get("k2"));
  strictEqual(reads, 3);
  // A clock that went back does not keep it from being read.
  nowMs = 0;
  ok(keys.get("k2"));
  strictEqual(reads, 4);
});

Deno.test("identityKeyFile() takes no key from a file that is none, or was forged", () => {
  const first = testSigner("k1");
  const thief = testSigner("k9");
  const good = JSON.stringify(first.jwks);
  let text = good;
  let nowMs = 0;
  const keys = identityKeyFile(() => text, () => nowMs);
  const forged = testSigner("k1", { signer: thief, from: 0, until: 1_800_000_000 }).jwks.earlier;
  for (const wrong of ["", "{", "null", JSON.stringify({ ...first.jwks, earlier: forged })]) {
    text = wrong;
    nowMs += 1000;
    ok(keys.get("k1"), wrong);
    strictEqual(keys.get("k9"), undefined);
    throws(() => identityKeyFile(() => wrong, () => nowMs));
  }
});
