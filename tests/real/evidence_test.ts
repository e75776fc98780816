/**
 * A file of evidence in the hands of somebody who would change it: each field of each kind of line,
 * its end, its keys. `sallyport verify` runs as it is, on files, in this process.
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import {
  binding,
  checkpointsOf,
  frameList,
  honestFrames,
  openPayload,
  startMs,
  streamOf,
} from "#actors/audit/testing.ts";
import { parseArguments } from "#deploy/sallyport/arguments.ts";
import { evidenceLines } from "#deploy/sallyport/evidence_file.ts";
import { CommandError } from "#deploy/sallyport/failure.ts";
import { verify } from "#deploy/sallyport/verify.ts";
import { voteDigest } from "#schemas/approval.ts";
import { actOf } from "#schemas/identity.ts";
import { decodeControl, encodeControl } from "#schemas/frames.ts";
import {
  decodeEvidenceRange,
  encodeEvidenceHead,
  encodeEvidenceMessage,
  encodeEvidenceRange,
} from "#schemas/log/evidence.ts";
import { epochSigner } from "#schemas/log/epoch.ts";
import { signerOf } from "#schemas/log/key.ts";
import { frameLeafHash } from "#schemas/log/leaf.ts";
import { extend, type LeafRange, rangeFrom } from "#schemas/log/merkle.ts";

const log = signerOf("log.example", new Uint8Array(32).fill(7));
const identity = testSigner();
const frames = honestFrames(tokens());
const head = {
  evidence: "sallyport",
  version: 1,
  log: "audit",
  epoch: "2026_11",
  organisation: testIssuer.replace("sallyport/", ""),
  exportedAt: "2026-11-21T12:00:00.000Z",
  frames: frames.length,
  checkpoints: 3,
  logKey: log.signer.vkey,
  identityKeys: identity.jwks,
} as const;
const whole = linesOf(frames);
const firstFrame = whole.findIndex((line) => line.includes('"audit.'));

/** Head, checkpoints at 5, 9 and the end, frames. */
function linesOf(stored: typeof frames, change: Record<string, unknown> = {}): string[] {
  const epoch = epochSigner(log.skey, "2026_11");
  if (epoch === null) throw new Error("The log has no key");
  const checkpoints = checkpointsOf(stored, [5, 9, stored.length], epoch).map((checkpoint) => {
    return { ...checkpoint, subject: "checkpoint.audit-2026_11" };
  });
  const first = encodeEvidenceHead({ ...head, ...change });
  const lines = [first, ...[...checkpoints, ...stored].map(encodeEvidenceMessage)];
  return lines.map((line) => line.trimEnd());
}

/** What `verify` says of a file of these lines; 0 when it passes. */
async function verdictOn(
  lines: readonly string[],
  ...words: string[]
): Promise<{ code: number; out: string }> {
  const file = await Deno.makeTempFile();
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  try {
    await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
    const code = await verify.run({
      given: parseArguments(verify.grammar, ["--from", file, ...words]),
      cwd: "/",
      environment: { SALLYPORT_DIR: undefined, HOME: undefined },
      terminal: { print: say, write: say, say, progress: say },
      signal: new AbortController().signal,
    });
    return { code, out: said.join("\n") };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { code: 1, out: `${said.join("\n")}\n${error.message}` };
  } finally {
    await Deno.remove(file);
  }
}

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

const session = "2026_11.3.pg1.s1";
/** Two sessions, a frame of the one behind each of the other. */
const month = frames.flatMap((frame) => {
  const sequence = 2 * frame.sequence - 1;
  const subject = frame.subject.replace(".s1.", ".s2.");
  const isOutcome = frame.subject.endsWith(".outcome");
  const outcome = isOutcome ? decodeControl("outcome", frame.payload) : null;
  // An outcome names the sequence of its verdict.
  const payload = outcome === null
    ? frame.payload
    : encodeControl("outcome", { ...outcome, verdict: 2 * outcome.verdict - 1 });
  return [{ ...frame, sequence, payload }, { ...frame, sequence: sequence + 1, subject }];
});
const sessionHead = { ...head, session, frames: month.length, checkpoints: 1 };
const monthSigned = checkpointsOf(month, [month.length], epochSigner(log.skey, "2026_11") ?? fail())
  .map((checkpoint) => ({ ...checkpoint, subject: "checkpoint.audit-2026_11" }));
const alone = (await Array.fromAsync(evidenceLines(
  sessionHead,
  streamOf([
    ...monthSigned,
    ...month,
  ]),
))).map((line) => line.trimEnd());

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

function tokens(signer = identity) {
  const { principal, connection } = openPayload();
  const { person: sub, name, groups, purpose, issuer } = principal;
  const act = actOf(principal.actors);
  const opened = {
    aud: "sallyport:edge",
    connection,
    session: "s1",
    approval: null,
    ...(act && { act }),
  };
  const person = { sub, name, groups, "purpose_of_use": purpose };
  const vote = voteDigest({ binding, decision: "approve", justification: "looked at it" });
  return {
    open: signer.sign(voteClaims(startMs, issuer, { ...opened, ...person })),
    voteOf: (person: string) => {
      return signer.sign(voteClaims(startMs, issuer, { sub: person, name: person, vote }));
    },
  };
}

function fail(): never {
  throw new Error("There is no such frame");
}
