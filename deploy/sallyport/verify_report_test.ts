/** @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { checkpointsOf, honestFrames, streamOf, testSigner } from "#actors/audit/testing.ts";
import { edit } from "#actors/audit/verify/damage_testing.ts";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { verifyLog } from "#actors/audit/verify/verify.ts";
import { counted, nothingSeen, type Verified, verifyJson, verifyReport } from "./verify_report.ts";

/** Verifies frames of which the first `size` are signed as `signed` has them. */
async function verified(
  frames: readonly StoredMessage[],
  signed: readonly StoredMessage[],
  size: number,
): Promise<Verified> {
  const seen = nothingSeen();
  let passed = 0;
  const passing = counted(streamOf(frames), seen, () => passed++);
  const checkpoints = streamOf(checkpointsOf(signed, [3, size]));
  const result = await verifyLog(passing, checkpoints, testSigner.vkey);
  strictEqual(passed, frames.length);
  return { log: "audit-2026_11", key: testSigner.vkey, kept: 0, session: null, seen, result };
}

Deno.test("verifyReport() of an honest log says what was held against what", async () => {
  const frames = honestFrames();
  const given = await verified(frames, frames, frames.length);
  const lines = verifyReport(given);
  strictEqual(lines.at(-1), "VERIFIED");
  ok(lines.some((line) => /^G1 {2}holds .* 3 outcomes, .* 3 allow verdicts/.test(line)));
  ok(lines.some((line) => /^G5 {2}holds .* 5 approval frames/.test(line)));
  ok(lines.some((line) => /^G6 {2}holds .* 2 checkpoints/.test(line)));
  ok(lines.some((line) => line === `signed up to sequence ${frames.length}`));
  const { ok: good, unsigned, kinds } = verifyJson(given);
  deepStrictEqual([good, unsigned, kinds.outcome], [true, 0, 3]);
});

Deno.test("verifyReport() counts frames behind the newest checkpoint as not yet signed", async () => {
  const frames = honestFrames();
  const lines = verifyReport(await verified(frames, frames, frames.length - 2));
  ok(lines.includes(`signed up to sequence ${frames.length - 2}; 2 frames not yet signed`));
  strictEqual(lines.at(-1), "VERIFIED");
});

Deno.test("verifyReport() names the first thing wrong, and which guarantee it breaks", async () => {
  const frames = honestFrames();
  const changed = frames.with(1, { ...frames[1] ?? fail(), payload: Uint8Array.of(1) });
  const given = await verified(changed, frames, frames.length);
  const lines = verifyReport(given);
  const at = lines.findIndex((line) => line.startsWith("NOT VERIFIED: "));
  ok(at > 0);
  match(lines[at + 1] ?? "", /^ {2}\S+/);
  ok(lines.some((line) => /^G6 {2}BROKEN/.test(line)));
  ok(!lines.includes("VERIFIED"));
  const { ok: good, first, findings, found } = verifyJson(given);
  ok(!good);
  ok(first !== null && findings.length > 0 && found >= findings.length);
  ok(findings.some(({ guarantee, sequence }) => guarantee === "G6" && sequence === 3));
});

Deno.test("verifyReport() says nothing in the words of a forged frame", async () => {
  const forged = edit("approval", 1, { id: "x\n\u001b[2JVERIFIED\u202e" })(honestFrames());
  const lines = verifyReport(await verified(forged, forged, forged.length));
  ok(lines.some((line) => line.includes("x\\x0a\\x1b[2JVERIFIED\\u{202e}")), lines.join("\n"));
  // deno-lint-ignore no-control-regex -- control characters are what must not be there
  ok(!lines.some((line) => /[\u0000-\u001f\u007f-\u009f\u202e]/.test(line)));
});

function fail(): never {
  throw new Error("There is no such frame");
}
