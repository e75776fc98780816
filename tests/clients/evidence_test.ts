/**
 * The verifier in Python of docs/evidence.md, which shares no line with ours: it passes what ours
 * passes, prints who was given what, and names the same damages.
 */
import { match, ok, strictEqual } from "node:assert/strict";
import { testSigner } from "#actors/_kit/identity_testing.ts";
import { honestFrames } from "#actors/audit/testing.ts";
import { runTool } from "#deploy/machine/process.ts";
import { signerOf } from "#schemas/log/key.ts";
import {
  alone,
  frames,
  identity,
  linesOf,
  log,
  tokens,
  verdictOn,
  whole,
} from "#tests/real/evidence_files.ts";

const script = new URL("../../docs/verify_evidence.py", import.meta.url).pathname;
const keys = { log: log.signer.vkey, identity: identity.jwks as unknown };

async function pythonOn(lines: readonly string[], { log, identity } = keys) {
  const directory = await Deno.makeTempDir();
  try {
    const [file, logFile, identityFile] = ["file", "log", "identity"].map((name) => {
      return `${directory}/${name}`;
    });
    if (!file || !logFile || !identityFile) throw new Error("Three files are needed");
    await Deno.writeTextFile(file, `${lines.join("\n")}\n`);
    await Deno.writeTextFile(logFile, `${log}\n`);
    await Deno.writeTextFile(identityFile, JSON.stringify(identity));
    return await runTool("python3", [script, file, logFile, identityFile]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("an independent verifier passes a month's and one session's evidence, and tells of it", async () => {
  // The second session of the month's frames is no honest one: of it hashes alone are at hand.
  for (const lines of [whole, alone]) {
    const { success, stdout, stderr } = await pythonOn(lines);
    ok(success, stderr);
    match(
      stdout,
      /ada by \['agent-7'\] at ehr: executed .* by \['p1'\] of policy v1; agreed: nobody/,
    );
    match(stdout, /agreed: grace \(looked at it\), edsger \(looked at it\)/);
    match(stdout, /^VERIFIED: \d+ frames of the log, 1 sessions/m);
  }
});

Deno.test("an independent verifier names what ours names", async () => {
  const at = (text: string) => whole.findIndex((line) => line.includes(text));
  const [vote, response, outcome] = [".approval", ".response", ".outcome"].map(at);
  ok(vote !== undefined && response !== undefined && outcome !== undefined);
  const time = (line = "") =>
    line.replace(/"timeMs":(\d+)/, (_, ms) => `"timeMs":${Number(ms) + 1}`);
  const thief = testSigner();
  const damages: readonly (readonly string[])[] = [
    whole.with(response, time(whole[response])),
    whole.with(vote, (whole[vote] ?? "").replace("[[", '[["X","y"],[')),
    whole.toSpliced(outcome, 1),
    whole.with(outcome, whole[vote] ?? "").with(vote, whole[outcome] ?? ""),
    whole.toSpliced(at('"audit.') - 1, 1),
    alone.with(3, (alone[3] ?? "").replace(/(?<="hashes":\[").{4}/, "AAAA")),
    alone.toSpliced(3, 1),
    linesOf(frames.map((frame) => {
      const isFirst = frame.subject.endsWith(".request") && frame.headers.size === 1;
      const headers = new Map([...frame.headers, ["Sallyport-Operation", "cancel:x"] as const]);
      return isFirst ? { ...frame, headers } : frame;
    })),
    // Signed by the log, but not by identity, nor as it was said.
    linesOf(honestFrames(tokens(thief))),
    linesOf(honestFrames({ ...tokens(), voteOf: tokens(thief).voteOf })),
    linesOf(honestFrames({ ...tokens(), voteOf: () => tokens().voteOf("grace") })),
  ];
  for (const [which, lines] of damages.entries()) {
    const { success, stderr } = await pythonOn(lines);
    ok(!success && stderr.startsWith("NOT VERIFIED: "), `${which}: ${stderr}`);
    strictEqual((await verdictOn(lines)).code, 1, String(which));
  }
  const otherLog = signerOf("log.example", new Uint8Array(32).fill(8)).signer.vkey;
  for (const others of [{ ...keys, log: otherLog }, { ...keys, identity: thief.jwks }]) {
    ok(!(await pythonOn(whole, others)).success);
  }
});
