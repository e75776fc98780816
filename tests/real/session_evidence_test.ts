/**
 * One session's evidence in the hands of somebody who would change it: others' frames stand in it
 * by their hashes alone, and the log's one signature still covers every frame that is there.
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { checkpointsOf } from "#actors/audit/testing.ts";
import {
  decodeEvidenceRange,
  encodeEvidenceHead,
  encodeEvidenceMessage,
  encodeEvidenceRange,
} from "#schemas/log/evidence.ts";
import { epochSigner } from "#schemas/log/epoch.ts";
import { frameLeafHash } from "#schemas/log/leaf.ts";
import { extend, type LeafRange, rangeFrom } from "#schemas/log/merkle.ts";
import {
  alone,
  fail,
  head,
  log,
  month,
  monthSigned,
  sessionHead,
  verdictOn,
} from "./evidence_files.ts";

Deno.test("one session's evidence proves itself, and holds nothing of another", async () => {
  const { code, out } = await verdictOn(alone);
  strictEqual(code, 0, out);
  match(out, /of session 2026_11\.3\.pg1\.s1 alone/);
  ok(!alone.some((line) => line.includes(".s2.")));
  // A head, a checkpoint, and its frames with a range behind each.
  strictEqual(alone.length, 2 + month.length);
});

Deno.test("no line of one session's evidence can be changed, left out, put twice or moved", async () => {
  for (const [at, line] of alone.entries()) {
    if (at === 0) continue;
    const isRange = decodeEvidenceRange(line) !== null;
    const edited = !isRange
      ? line.replace(/(?<="payload":").{4}/, "AAAA")
      : line.replace(/(?<="hashes":\[").{4}/, "AAAA");
    ok(edited !== line);
    // A range says itself where it belongs.
    const behind = isRange || at === 1 ? undefined : alone[at + 2];
    const damages = [
      alone.with(at, edited),
      alone.toSpliced(at, 1),
      // A checkpoint or a range that stands twice says the same twice.
      ...(isRange || at === 1 ? [] : [alone.toSpliced(at, 0, line)]),
      ...(behind === undefined ? [] : [alone.with(at, behind).with(at + 2, line)]),
    ];
    for (const [which, lines] of damages.entries()) {
      const { code, out } = await verdictOn(lines);
      ok(code === 1 && !/\nVERIFIED/.test(out), `${which} of line ${at + 1}: ${out}`);
    }
  }
});

Deno.test("a frame of the session that stands behind a hash is missed where another rests on it", async () => {
  const needed = /^(open|request|verdict|approval|response)$/;
  const released = month.findLastIndex(({ subject }) => subject.endsWith("s1.response")) - 2;
  for (const [at, { subject }] of month.entries()) {
    if (at % 2 === 1 || at > released || !needed.test(subject.split(".").at(-1) ?? "")) continue;
    const rest = month.toSpliced(at, 1);
    const [lines, size] = [linesWithout(at), rest.length];
    const { code, out } = await verdictOn(lines);
    // Nothing rests on what was refused, nor on the account of what a verdict used up.
    const restsNothing = /"decision":"deny"|"state":"consumed"/.test(textOf(at));
    strictEqual(code, restsNothing ? 0 : 1, `${at} of ${size}, ${subject}: ${out}`);
  }
});

/** The session's evidence, made by somebody who keeps one of its frames back. */
function linesWithout(kept: number): string[] {
  const lines = [encodeEvidenceHead(sessionHead), ...monthSigned.map(encodeEvidenceMessage)];
  let others: LeafRange | null = null;
  for (const [at, message] of month.entries()) {
    if (at % 2 === 0 && at !== kept) {
      if (others !== null) lines.push(encodeEvidenceRange(others));
      others = null;
      lines.push(encodeEvidenceMessage(message));
    } else others = extend(others ?? rangeFrom(at), frameLeafHash(message));
  }
  if (others !== null) lines.push(encodeEvidenceRange(others));
  return lines.map((line) => line.trimEnd());
}

function textOf(at: number): string {
  return new TextDecoder().decode(month[at]?.payload);
}

Deno.test("a month's evidence takes no hashes in the place of frames, nor a session's other frames", async () => {
  const [, ...rest] = alone;
  const other = { ...head, frames: month.length, checkpoints: 1 };
  for (const first of [other, { ...other, session: "2026_11.3.pg1.s2" }]) {
    const { code, out } = await verdictOn([encodeEvidenceHead(first).trimEnd(), ...rest]);
    strictEqual(code, 1, out);
    match(out, /not understood/);
  }
});

Deno.test("a kept checkpoint that ends among others' frames is not taken for one that agrees", async () => {
  const kept = await Deno.makeTempFile();
  try {
    const early = checkpointsOf(month.slice(0, 9), [9], epochSigner(log.skey, "2026_11") ?? fail());
    await Deno.writeFile(kept, early[0]?.payload ?? fail());
    strictEqual(
      (await verdictOn(alone, "--kept", kept)).code,
      0,
      "it ends at a frame that is here",
    );
    const { code, out } = await verdictOn(linesWithout(8), "--kept", kept);
    strictEqual(code, 1, out);
    match(out, /kept checkpoint of 9 frames ends among others' frames/);
  } finally {
    await Deno.remove(kept);
  }
});
