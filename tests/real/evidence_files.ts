/**
 * Files of evidence to be damaged by tests: a month's and one session's, with keys of their own,
 * and what `sallyport verify` says of a file. It runs as it is, on files, in this process.
 *
 * @module
 */
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import {
  binding,
  checkpointsOf,
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
import { decodeControl, encodeControl } from "#schemas/frames.ts";
import { actOf } from "#schemas/identity.ts";
import { encodeEvidenceHead, encodeEvidenceMessage } from "#schemas/log/evidence.ts";
import { epochSigner } from "#schemas/log/epoch.ts";
import { signerOf } from "#schemas/log/key.ts";

export const log = signerOf("log.example", new Uint8Array(32).fill(7));
export const identity = testSigner();
export const frames = honestFrames(tokens());
export const head = {
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
export const whole = linesOf(frames);

/** Head, checkpoints at 5, 9 and the end, frames. */
export function linesOf(stored: typeof frames, change: Record<string, unknown> = {}): string[] {
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
export async function verdictOn(
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

export const session = "2026_11.3.pg1.s1";
/** Two sessions, a frame of the one behind each of the other. */
export const month = frames.flatMap((frame) => {
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
export const sessionHead = { ...head, session, frames: month.length, checkpoints: 1 };
export const monthSigned = checkpointsOf(
  month,
  [month.length],
  epochSigner(log.skey, "2026_11") ?? fail(),
)
  .map((checkpoint) => ({ ...checkpoint, subject: "checkpoint.audit-2026_11" }));
export const alone = (await Array.fromAsync(evidenceLines(
  sessionHead,
  streamOf([
    ...monthSigned,
    ...month,
  ]),
))).map((line) => line.trimEnd());

export function tokens(signer = identity) {
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

export function fail(): never {
  throw new Error("There is no such frame");
}
