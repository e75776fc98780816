/**
 * The verifier against an honest log, and against that log with one thing done to it at a time.
 * Each damage must be named, by its guarantee and in its words.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { checkpointsOf, honestFrames, streamOf, testSigner } from "#actors/audit/testing.ts";
import { frontierHeader } from "#schemas/log/checkpoint_message.ts";
import { signerOf } from "#schemas/log/key.ts";
import { type Verification, verifyLog } from "./verify.ts";

const honest = honestFrames();
const sizes = [5, 9, 14, 20, honest.length];
const signed = checkpointsOf(honest, sizes);
const at = (frames: StoredMessage[], sequence: number): StoredMessage => {
  const frame = frames[sequence - 1];
  ok(frame !== undefined);
  return frame;
};

Deno.test("verifyLog() accepts an honest log", async () => {
  deepStrictEqual(await check(honest, signed), {
    ok: true,
    frames: honest.length,
    sessions: 1,
    unclosed: 0,
    unanswered: 0,
    untold: 0,
    checkpoints: 5,
    through: honest.length,
    signed: honest.length,
  });
  const early = await check(honest, signed.slice(0, 2));
  ok(early.ok && early.signed === 9, "an unsigned tail is reported, not refused");
  ok((await check([], [])).ok);
  const cut = await check(honest.slice(0, -1), signed.slice(0, 4));
  ok(cut.ok && cut.unclosed === 1, "a session whose end is not here is counted");
});

Deno.test("verifyLog() names the range of a changed byte, and only that range", async () => {
  for (
    const [sequence, words] of [
      [3, "a frame from 1 to 5 changed: root of checkpoint 1 (5 frames) differs"],
      [8, "a frame from 6 to 9 changed: root of checkpoint 2 (9 frames) differs"],
      [10, "a frame from 10 to 14 changed: root of checkpoint 3 (14 frames) differs"],
    ] as const
  ) {
    const frames = [...honest];
    const { payload, ...rest } = at(frames, sequence);
    // White space before the JSON: its meaning stays, so that nothing but the tree can tell.
    frames[sequence - 1] = { ...rest, payload: Uint8Array.of(0x20, ...payload) };
    const result = await check(frames, signed);
    const tree = findings(result).filter(([guarantee]) => guarantee === "G6");
    deepStrictEqual(tree.map(([, message]) => message), [words]);
  }
});

Deno.test("verifyLog() covers subject, headers and their values", async () => {
  const edits: ((frame: StoredMessage) => StoredMessage)[] = [
    (frame) => ({ ...frame, subject: frame.subject.replace(".pg1.", ".pg2.") }),
    (frame) => ({ ...frame, headers: new Map([...frame.headers, ["X", "y"]]) }),
    (frame) => ({ ...frame, timeMs: frame.timeMs - 1 }),
    (frame) => ({ ...frame, headers: new Map([...frame.headers].map(([n, v]) => [n, `${v}0`])) }),
  ];
  for (const edit of edits) {
    const frames = [...honest];
    frames[3] = edit(at(frames, 4));
    const result = await check(frames, signed);
    ok(findings(result).some(([guarantee]) => guarantee === "G6"));
  }
});

Deno.test("verifyLog() names a missing frame and goes on behind it", async () => {
  const without = honest.filter(({ sequence }) => sequence !== 17);
  const result = await check(without, signed);
  const tree = findings(result).filter(([guarantee]) => guarantee === "G6");
  deepStrictEqual(tree, [["G6", "sequence 17 is missing"]]);
  strictEqual(result.signed, honest.length, "taken up again from checkpoint 4");
  const many = honest.filter(({ sequence }) => sequence < 4 || sequence > 15);
  ok(!(await check(many, signed)).ok);
  match(words(await check(many, signed)), /sequence 4 to 15 are missing/);
  match(words(await check(honest.slice(1), signed)), /sequence 1 is missing/);
});

Deno.test("verifyLog() names a missing frame even when the rest was renumbered", async () => {
  const frames = honest.filter(({ sequence }) => sequence !== 8)
    .map((frame, index) => ({ ...frame, sequence: index + 1 }));
  const text = words(await check(frames, signed));
  match(text, /a frame from 6 to 9 changed: root of checkpoint 2/);
  match(
    text,
    new RegExp(`checkpoint 5 has ${honest.length} frames: sequence ${honest.length} is`),
  );
});

Deno.test("verifyLog() names reordered frames", async () => {
  const frames = [...honest];
  [frames[6], frames[7]] = [at(frames, 8), at(frames, 7)];
  match(words(await check(frames, signed)), /sequence 7 stands behind 8/);
  const renumbered = frames.map((frame, index) => ({ ...frame, sequence: index + 1 }));
  match(words(await check(renumbered, signed)), /a frame from 6 to 9 changed/);
});

Deno.test("verifyLog() names a truncated stream", async () => {
  const result = await check(honest.slice(0, -2), signed);
  const last = honest.length;
  match(
    words(result),
    new RegExp(`checkpoint 5 has ${last} frames: sequence ${last - 1} to ${last} are missing`),
  );
});

Deno.test("verifyLog() names a tail cut off everywhere by a checkpoint kept elsewhere", async () => {
  const kept = signed.slice(4).map(({ payload }) => payload);
  const frames = honest.slice(0, 20);
  ok((await check(frames, signed.slice(0, 4))).ok, "not visible from inside");
  const result = await check(frames, signed.slice(0, 4), kept);
  match(words(result), /the kept checkpoint has \d+ frames: sequence 21 to \d+ are missing/);
  ok((await check(honest, signed, kept)).ok);
});

Deno.test("verifyLog() names frames that should be signed and are not", async () => {
  const until = (signedThrough: number, checkpoints = signed.slice(0, 2)) => {
    const options = { signedThrough };
    return verifyLog(streamOf(honest), streamOf(checkpoints), testSigner.vkey, options);
  };
  ok((await until(9)).ok);
  match(words(await until(10)), /^G6: sequence 10 is signed by no checkpoint$/);
  match(words(await until(12)), /sequence 10 to 12 are signed by no/);
  ok((await until(honest.length, signed)).ok);
  match(words(await until(99, signed)), /the record has 99 frames: sequence \d+ to 99 are missing/);
});

Deno.test("verifyLog() names a rewritten log that is signed anew, by a checkpoint kept elsewhere", async () => {
  const frames = [...honest];
  const { payload, ...rest } = at(frames, 3);
  frames[2] = { ...rest, payload: Uint8Array.of(0x20, ...payload) };
  const forged = checkpointsOf(frames, sizes);
  const kept = signed.slice(1, 2).map((checkpoint) => checkpoint.payload);
  match(words(await check(frames, forged, kept)), /the kept checkpoint of 9 frames has another/);
});

Deno.test("verifyLog() names a kept checkpoint that the log's key did not sign", async () => {
  const stranger = signerOf(testSigner.name, new Uint8Array(32).fill(9)).signer;
  const kept = checkpointsOf(honest, [9], stranger).map(({ payload }) => payload);
  match(words(await check(honest, signed, kept)), /kept checkpoint does not verify: no_known_sig/);
});

Deno.test("verifyLog() names a forged frame, inserted or appended", async () => {
  const frame = at([...honest], 10);
  const inserted = [...honest.slice(0, 10), frame, ...honest.slice(10)];
  match(words(await check(inserted, signed)), /sequence 10 stands behind 10/);
  const renumbered = inserted.map((each, index) => ({ ...each, sequence: index + 1 }));
  match(words(await check(renumbered, signed)), /a frame from 10 to 14 changed/);
});

Deno.test("verifyLog() names a checkpoint that shrinks, forks, or was signed by another", async () => {
  const shrunk = [...signed, ...checkpointsOf(honest, [9])].map(renumber);
  match(words(await check(honest, shrunk)), /checkpoint 6 shrinks: it signs 9 frames, the one be/);
  const other = [...honest];
  other[0] = at(other, 2);
  const fork = [...signed, ...checkpointsOf(other, [honest.length])].map(renumber);
  match(words(await check(honest, fork)), /checkpoint 6 signs another root for \d+ frames/);
  const stranger = signerOf(testSigner.name, new Uint8Array(32).fill(9)).signer;
  const forged = [...signed.slice(0, 2), ...checkpointsOf(honest, [14], stranger)].map(renumber);
  match(words(await check(honest, forged)), /checkpoint 3 does not verify: no_known_signature/);
  const broken = signed.map((checkpoint) => {
    const text = new TextDecoder().decode(checkpoint.payload);
    return { ...checkpoint, payload: new TextEncoder().encode(text.replace("\n9\n", "\n8\n")) };
  });
  match(words(await check(honest, broken)), /checkpoint 2 does not verify: bad_signature/);
});

Deno.test("verifyLog() does not trust a checkpoint's frontier that is not its root's", async () => {
  const frames = honest.filter(({ sequence }) => sequence !== 7);
  const lying = signed.map((checkpoint) => {
    const headers = new Map(checkpoint.headers).set(frontierHeader, new Uint8Array(64).toBase64());
    return { ...checkpoint, headers };
  });
  const result = await check(frames, lying);
  ok(!result.ok && result.signed === 5, "nothing behind the gap counts as signed");
});

Deno.test("verifyLog() finds any one change of a signed log", async () => {
  const index = fc.nat({ max: honest.length - 1 });
  const change = fc.oneof(
    fc.tuple(fc.constant("drop" as const), index, fc.nat()),
    fc.tuple(fc.constant("twice" as const), index, fc.nat()),
    fc.tuple(fc.constant("swap" as const), fc.nat({ max: honest.length - 2 }), fc.nat()),
    fc.tuple(fc.constant("payload" as const), index, fc.nat()),
    fc.tuple(fc.constant("header" as const), index, fc.nat()),
    fc.tuple(fc.constant("subject" as const), index, fc.nat()),
    fc.tuple(fc.constant("cut" as const), fc.integer({ min: 1, max: honest.length - 1 }), fc.nat()),
  );
  await fc.assert(fc.asyncProperty(change, fc.boolean(), async ([kind, at, seed], renumbered) => {
    const damaged = damage(kind, at, seed);
    const frames = renumbered ? damaged.map(renumber) : damaged;
    ok(!(await check(frames, signed)).ok);
  }));
});

Deno.test("verifyLog() refuses frames that no checkpoint signs, and a key that is none", async () => {
  match(words(await check(honest, [])), /no checkpoint signs any of the \d+ frames/);
  await rejects(verifyLog(streamOf(honest), streamOf(signed), "x+y+z"), RangeError);
});

function damage(kind: string, index: number, seed: number): StoredMessage[] {
  const frame = at([...honest], index + 1);
  const replaced = (changed: StoredMessage) => honest.with(index, changed);
  switch (kind) {
    case "drop":
      return honest.toSpliced(index, 1);
    case "twice":
      return honest.toSpliced(index, 0, frame);
    case "swap":
      return honest.toSpliced(index, 2, at([...honest], index + 2), frame);
    case "payload": {
      const bit = seed % (frame.payload.length * 8);
      return replaced({
        ...frame,
        payload: frame.payload.map((byte, offset) =>
          offset === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte
        ),
      });
    }
    case "header":
      return replaced({ ...frame, headers: new Map([...frame.headers, [`H${seed % 9}`, ""]]) });
    case "subject":
      return replaced({ ...frame, subject: frame.subject.replace(".s1.", `.s1${seed % 9}.`) });
    default:
      return honest.slice(0, index);
  }
}
function check(
  frames: readonly StoredMessage[],
  checkpoints: readonly StoredMessage[],
  kept: readonly Uint8Array[] = [],
): Promise<Verification> {
  return verifyLog(streamOf(frames), streamOf(checkpoints), testSigner.vkey, { kept });
}
function findings(result: Verification): [string, string][] {
  return result.ok ? [] : result.findings.map(({ guarantee, message }) => [guarantee, message]);
}
function words(result: Verification): string {
  return findings(result).map(([guarantee, message]) => `${guarantee}: ${message}`).join("\n");
}
function renumber(message: StoredMessage, index: number): StoredMessage {
  return { ...message, sequence: index + 1 };
}
