/**
 * A file of evidence in the hands of somebody who would change it: each field of each kind of line,
 * its end, its keys.
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { testSigner } from "#actors/_kit/identity_testing.ts";
import { frameList, honestFrames, openPayload, startMs } from "#actors/audit/testing.ts";
import { encodeEvidenceHead, encodeEvidenceMessage } from "#schemas/log/evidence.ts";
import { signerOf } from "#schemas/log/key.ts";
import {
  fail,
  frames,
  head,
  identity,
  linesOf,
  tokens,
  verdictOn,
  whole,
} from "./evidence_files.ts";

const firstFrame = whole.findIndex((line) => line.includes('"audit.'));

Deno.test("verify passes an honest file of evidence", async () => {
  const { code, out } = await verdictOn(whole);
  strictEqual(code, 0, out);
  match(out, /\nVERIFIED$/);
});

Deno.test("verify names each change of a field of a line", async () => {
  // A line of each kind of frame, and a checkpoint.
  const kinds = new Map(
    whole.slice(1).map((line, index) => {
      return [/"subject":"[^"]*?([a-z]+|checkpoint[^"]*)"/.exec(line)?.[1] ?? "", index + 1];
    }),
  );
  ok(kinds.size >= 8, [...kinds.keys()].join());
  const edits: readonly [string, (fields: Fields) => Fields][] = [
    ["subject", (line) => ({ ...line, subject: line.subject.replace("2026_11", "2026_12") })],
    ["sequence", (line) => ({ ...line, sequence: line.sequence + 1 })],
    ["time", (line) => ({ ...line, timeMs: line.timeMs + 1 })],
    ["a header", (line) => ({ ...line, headers: [...line.headers, ["X", "y"]] })],
    ["a header twice", (line) => ({ ...line, headers: [...line.headers, ...line.headers] })],
    ["no headers", (line) => ({ ...line, headers: [] })],
    ["payload", (line) => ({ ...line, payload: `AAAA${line.payload}` })],
    ["a field more", (line) => ({ ...line, note: "" })],
  ];
  for (const [kind, at] of kinds) {
    for (const [what, change] of edits) {
      // The frontier in a checkpoint's headers is a convenience, and its time says nothing.
      if (kind.startsWith("checkpoint") && /header|time/.test(what)) continue;
      const line = JSON.stringify(change(JSON.parse(whole[at] ?? "")));
      const { code, out } = await verdictOn(whole.with(at, line));
      ok(code === 1 && !/\nVERIFIED/.test(out), `${what} of ${kind}: ${out}`);
    }
  }
});
type Fields = {
  readonly subject: string;
  readonly sequence: number;
  readonly timeMs: number;
  readonly headers: readonly (readonly string[])[];
  readonly payload: string;
};

Deno.test("verify takes one spelling of a line", async () => {
  const line = whole[firstFrame] ?? "";
  const spellings = [
    ` ${line}`,
    line.replace('{"', '{"sequence":7,"'),
    line.replace("pg1", "pg\\u0031"),
  ];
  for (const spelling of spellings) {
    const { code, out } = await verdictOn(whole.with(firstFrame, spelling));
    ok(code === 1 && /not understood/.test(out), out);
  }
});

Deno.test("verify refuses frames behind the newest checkpoint of a file of evidence", async () => {
  // Whoever edits a file takes the newest checkpoints away and writes what follows anew.
  const { code, out } = await verdictOn(whole.toSpliced(firstFrame - 1, 1));
  strictEqual(code, 1, out);
  match(out, /NOT VERIFIED[^]*\n {2}G6: sequence 10 to \d+ are signed by no checkpoint/);
  const list = frameList();
  list.frames.push(...frames);
  list.say("open", 0, openPayload(), "s2");
  const forged = encodeEvidenceMessage(list.frames.at(-1) ?? fail()).trimEnd();
  const longer = encodeEvidenceHead({ ...head, frames: frames.length + 1 }).trimEnd();
  const appended = await verdictOn([...whole.with(0, longer), forged]);
  strictEqual(appended.code, 1, appended.out);
});

Deno.test("verify refuses a file whose head was changed", async () => {
  const heads: readonly Record<string, unknown>[] = [
    { frames: frames.length - 1 },
    { frames: frames.length + 1 },
    { frames: 0, checkpoints: 0 },
    { checkpoints: 2 },
    { checkpoints: 0 },
    { epoch: "2026_12" },
    { organisation: "other" },
    { identityKeys: testSigner().jwks },
    { identityKeys: { keys: [] } },
    { identityKeys: null },
    { logKey: signerOf("log.example", new Uint8Array(32).fill(8)).signer.vkey },
    { logKey: signerOf("log.other", new Uint8Array(32).fill(7)).signer.vkey },
  ];
  for (const change of heads) {
    const { code, out } = await verdictOn(whole.with(0, JSON.stringify({ ...head, ...change })));
    strictEqual(code, 1, `${JSON.stringify(change)}: ${out}`);
  }
});

Deno.test("verify holds a file with its own keys against keys from elsewhere", async () => {
  // Whoever stole the log's key invents people, and signs for them as identity.
  const thief = testSigner();
  const invented = linesOf(honestFrames(tokens(thief)), { identityKeys: thief.jwks });
  const believed = await verdictOn(invented);
  match(believed.out, /with keys that the evidence brought itself/);
  const keys = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(keys, JSON.stringify(identity.jwks));
    const { code, out } = await verdictOn(invented, "--identity-keys", keys);
    strictEqual(code, 1, out);
    match(out, /token_bad_signature/);
    strictEqual((await verdictOn(whole, "--identity-keys", keys)).code, 0);
  } finally {
    await Deno.remove(keys);
  }
});

Deno.test("verify takes what identity signed before its key was rotated", async () => {
  const start = startMs / 1000;
  const rotated = testSigner("k2", { signer: identity, from: 0, until: start + 60 });
  const thief = testSigner("k9");
  const keys = await Deno.makeTempFile();
  const verdict = async (jwks: unknown, ...words: string[]) =>
    (await verdictOn(linesOf(frames, { identityKeys: jwks }), ...words)).code;
  try {
    strictEqual(await verdict(rotated.jwks), 0);
    // By the present key alone, as somebody kept it: it signed which were before.
    await Deno.writeTextFile(keys, JSON.stringify({ keys: rotated.jwks.keys }));
    strictEqual(await verdict(rotated.jwks, "--identity-keys", keys), 0);
    strictEqual(await verdict({ keys: rotated.jwks.keys }, "--identity-keys", keys), 1);
    // Over before the record was made, or planted by who does not hold the present key.
    const over = testSigner("k2", { signer: identity, from: 0, until: start - 1 });
    strictEqual(await verdict(over.jwks), 1);
    const { earlier } = testSigner("k2", { signer: thief, from: 0, until: start + 60 }).jwks;
    const invented = linesOf(honestFrames(tokens(thief)), {
      identityKeys: { ...rotated.jwks, earlier },
    });
    strictEqual((await verdictOn(invented)).code, 1);
    const { code, out } = await verdictOn(invented, "--identity-keys", keys);
    strictEqual(code, 1, out);
    match(out, /token_bad_signature/);
  } finally {
    await Deno.remove(keys);
  }
});
