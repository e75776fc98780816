/**
 * `sallyport verify`: recomputes a month's log from its frames and holds it against its signed
 * checkpoints and guarantees G1, G2, G5 and G6.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { verifyLog } from "#actors/audit/verify/verify.ts";
import { epochLog, epochVerifier, logName } from "#schemas/log/epoch.ts";
import type { Verifier } from "#schemas/log/key.ts";
import { checkpointStream, checkpointSubject } from "#schemas/subjects.ts";
import { type Grammar, usage } from "./arguments.ts";
import type { RecordBus } from "./evidence_file.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { allCheckpoints, allFrames, newestSequence } from "./log_reader.ts";
import { type LogRecord, openRecord, recordFlags } from "./record.ts";
import { waitForSignature } from "./signed.ts";
import { counted, nothingSeen, verifyJson, verifyReport } from "./verify_report.ts";
import type { Call, Terminal, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "verify",
  summary: "recompute the whole log and hold it against its signed checkpoints and the guarantees",
  flags: {
    key: { value: "<vkey file>", help: "the log's public key (default: public/log.vkey)" },
    "identity-keys": { value: "<jwks file>", help: "identity's public keys, from elsewhere" },
    kept: { value: "<note file>", help: "a checkpoint that was kept elsewhere: must still agree" },
    "save-checkpoint": { value: "<file>", help: "write the newest checkpoint there, to be kept" },
    log: { value: "<name>", help: `the log's name on the bus (default: ${logName})` },
    ...recordFlags,
  },
  details: [
    "G1 what ran was allowed, those bytes, once; G2 what agents received was stored before; G5\n" +
    "held requests ran by their approvals; G6 every frame is a leaf of the signed log.",
    "Take the keys from elsewhere than the machine or file that is in doubt: the log's says that\n" +
    "nothing was changed, identity's (/.well-known/jwks.json) who people were and what they agreed\n" +
    "to. The present one signed which were before it. Frames and checkpoints that were cut off\n" +
    "together are found only with --kept.",
  ],
};

const progressFrames = 2000;

export const verify: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  await using record = await openRecord(grammar, call);
  const { bus, epoch } = record;
  const name = given.value("log") ?? logName;
  if (!/^[A-Za-z0-9_-]{1,48}$/.test(name)) throw usage(grammar, "--log is a name, as audit");
  const log = epochLog(name, epoch);
  const verifier = await verifierOf(record, given.value("key"));
  const identity = await record.identity(given.value("identity-keys"));
  if (!record.grows) sayWhoseKeys(call);
  const keptFile = given.value("kept");
  const kept = keptFile === null ? [] : [await readNamed(keptFile, "the kept checkpoint")];
  const frames = await newestSequence(bus, epoch);
  terminal.say(`verifying ${log}, ${frames} frames, with key ${verifier.name}+${verifier.keyId}`);
  if (record.grows) await waitForSignature(bus, log, frames, terminal);

  // Checkpoints first: every frame that one of them signs is then within what is read.
  const { last: newest } = await bus.state(checkpointStream);
  const through = await newestSequence(bus, epoch);
  const seen = nothingSeen();
  const read = allFrames(bus, epoch, through);
  const checkpoints = allCheckpoints(bus, log, newest);
  const passing = counted(untilStopped(read, call.signal), seen, () => {
    if (seen.frames % progressFrames === 0) {
      terminal.progress(`${seen.frames} of ${through} frames`);
    }
  });
  const result = await verifyLog(passing, checkpoints, verifier.vkey, {
    kept,
    identity,
    signedThrough: frames,
    ranges: await record.ranges(),
  });
  const { session } = record;
  const verified = { log, key: verifier.vkey, kept: kept.length, session, seen, result };
  if (given.has("json")) terminal.print(JSON.stringify(verifyJson(verified), null, 2));
  else for (const line of verifyReport(verified)) terminal.print(line);
  const saved = given.value("save-checkpoint");
  if (saved !== null && result.ok) await saveCheckpoint(bus, log, saved, terminal);
  return result.ok ? exitCodes.done : exitCodes.failed;
}

/** A file that brings the keys it is checked with shows that it is whole, not whose it is. */
function sayWhoseKeys({ given, terminal }: Call): void {
  const own = ["key", "identity-keys"].filter((flag) => !given.has(flag)).map((flag) =>
    `--${flag}`
  );
  if (own.length === 0) return;
  const names = own.join(" and ");
  terminal.say(`with keys that the evidence brought itself: name them from elsewhere by ${names}`);
}

async function verifierOf({ logKey, epoch }: LogRecord, named: string | null): Promise<Verifier> {
  const { text, from } = named === null
    ? await logKey()
    : { text: new TextDecoder().decode(await readNamed(named, "the log's key")), from: named };
  const verifier = epochVerifier(text.trim(), epoch);
  if (verifier !== null) return verifier;
  throw new CommandError(
    `the log's key in ${from} does not parse`,
    "it is one line, <name>+<key id>+<base64> (C2SP signed-note), as in public/log.vkey",
  );
}

async function* untilStopped(
  frames: AsyncIterable<StoredMessage>,
  signal: AbortSignal,
): AsyncGenerator<StoredMessage> {
  for await (const message of frames) {
    signal.throwIfAborted();
    yield message;
  }
}

async function saveCheckpoint(
  bus: RecordBus,
  log: string,
  path: string,
  terminal: Terminal,
): Promise<void> {
  const newest = await bus.last(checkpointStream, checkpointSubject(log));
  if (newest === null) {
    throw new CommandError("there is no checkpoint to save", "look whether audit runs");
  }
  await Deno.writeFile(path, newest.payload).catch((error) => {
    const why = error instanceof Error ? error.name : "unknown";
    throw new CommandError(`cannot write ${path} (${why})`, "name a file in a folder that exists");
  });
  terminal.say(`wrote the newest checkpoint to ${path}; keep it away from this system`);
}
