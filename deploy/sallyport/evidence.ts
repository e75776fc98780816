/**
 * `sallyport evidence`: a month's record in one file, or one session of it, for those who look at
 * it elsewhere.
 *
 * **Invariant:** that a recording is taken is recorded first, in each session that is taken, and
 * stands in the file itself; the file ends where a checkpoint signs.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { parseConfig } from "#schemas/config_file.ts";
import type { EvidenceHead } from "#schemas/log/evidence.ts";
import { epochLog, logName } from "#schemas/log/epoch.ts";
import { sessionName } from "#schemas/subjects.ts";
import type { Grammar } from "./arguments.ts";
import { evidenceLines, type RecordBus, writeEvidence } from "./evidence_file.ts";
import { findSession } from "./choose_session.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { allCheckpoints, allFrames, newestSequence, openedSessions } from "./log_reader.ts";
import { connectAuditor, findPlace, type Place } from "./place.ts";
import { epochOfCall, recordFlags } from "./record.ts";
import { presentEpoch } from "./present_epoch.ts";
import { waitForSignature } from "./signed.ts";
import type { Call, Terminal, Verb } from "./verb.ts";
import { recordView } from "./view_record.ts";

const grammar: Grammar = {
  verb: "evidence",
  summary: "write a month's record, or a session's, into a file to be read and verified elsewhere",
  operands: [{ name: "<file>", help: "the file to write, not there yet; - for standard output" }],
  flags: {
    session: { value: "<id>", help: "of this session alone; of others the file holds hashes" },
    epoch: recordFlags.epoch,
  },
  details: [
    "verify, report, sessions and replay read it with --from, without bus, installation or network.\n" +
    "It holds statements as they came, with what stands in them: keep it as you keep the record.\n" +
    "Whoever gets it should get the log's key (public/log.vkey) by another way, for verify --key.",
  ],
};
const progressMessages = 5000;

export const evidence: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal, cwd } = call;
  const file = given.operand(0);
  const path = file.startsWith("/") ? file : `${cwd}/${file}`;
  const place = await findPlace(call);
  await using auditor = await connectAuditor(place);
  const { bus, settings } = auditor;
  const epoch = epochOfCall(grammar, given, presentEpoch(settings));
  const known = await newestSequence(bus, epoch);
  const named = given.value("session");
  const opened = openedSessions(bus, epoch, known);
  const one = named === null ? null : await findSession(opened, named, epoch);
  let sessions = 0;
  for await (const { key } of one === null ? opened : [one]) {
    signal.throwIfAborted();
    await recordView(bus, key, settings.name, "export");
    sessions++;
  }
  const log = epochLog(logName, epoch);
  const wanted = await newestSequence(bus, epoch);
  // The file ends with this checkpoint: a later one signs frames that are not in it.
  const { frames, checkpoint: checkpoints } = await waitForSignature(bus, log, wanted, terminal);
  if (frames < wanted) {
    const hint = "sallyport doctor says whether audit signs; then take the evidence again";
    throw new CommandError("not all of the record is signed, so it is no evidence yet", hint);
  }
  const head: EvidenceHead = {
    evidence: "sallyport",
    version: 1,
    log: logName,
    epoch,
    ...(one === null ? {} : { session: sessionName(one.key) }),
    organisation: await organisationOf(settings.configFile),
    exportedAt: new Date().toISOString(),
    frames,
    checkpoints,
    logKey: await logKeyOf(place),
    identityKeys: JSON.parse(text(await readNamed(settings.identityKeysFile, "identity's keys"))),
  };
  const lines = evidenceLines(head, messages(bus, head, log, signal, terminal));
  if (file === "-") {
    for await (const line of lines) terminal.write(line);
    return exitCodes.done;
  }
  await writeEvidence(path, lines);
  const { size } = await Deno.stat(path);
  const told = { file: path, epoch, session: head.session ?? null, sessions, frames, bytes: size };
  const whole = one === null
    ? `${sessions} sessions, ${frames} frames`
    : `session ${one.key.session} alone`;
  terminal.print(
    given.has("json") ? JSON.stringify(told, null, 2) : `wrote ${path}: ${whole}, ${size} bytes`,
  );
  terminal.say(`look at it with: sallyport verify --from ${file}`);
  return exitCodes.done;
}

/** Checkpoints, then frames, up to what the head says; of one session the newest checkpoint. */
async function* messages(
  bus: RecordBus,
  { epoch, frames, checkpoints, session }: EvidenceHead,
  log: string,
  signal: AbortSignal,
  terminal: Terminal,
): AsyncGenerator<StoredMessage> {
  let count = 0;
  const from = session === undefined ? 1 : checkpoints;
  for (const read of [allCheckpoints(bus, log, checkpoints, from), allFrames(bus, epoch, frames)]) {
    for await (const message of read) {
      signal.throwIfAborted();
      if (++count % progressMessages === 0) terminal.progress(`${count} messages`);
      yield message;
    }
  }
}

async function organisationOf(configFile: string): Promise<string> {
  const parsed = parseConfig(text(await readNamed(configFile, "the configuration")));
  if (parsed.ok) return parsed.config.organisation;
  throw new CommandError("the configuration is wrong", "sallyport policy check says where");
}

async function logKeyOf({ directory }: Place): Promise<string> {
  return text(await readNamed(`${directory}/public/log.vkey`, "the log's key")).trim();
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
