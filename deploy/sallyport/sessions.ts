/** `sallyport sessions`: who was here, and what became of what they asked. @module */
import { type Grammar, time, wholeNumber } from "./arguments.ts";
import { concerns } from "./choose_session.ts";
import type { RecordBus } from "./evidence_file.ts";
import { exitCodes } from "./failure.ts";
import { newestSequence, type OpenedSession, openedSessions, sessionFrames } from "./log_reader.ts";
import { openRecord, recordFlags } from "./record.ts";
import { type ListedSession, sessionJson, sessionTable, tallySession } from "./session_list.ts";
import type { Call, Verb } from "./verb.ts";

const limitMax = 1000;
/** Sessions that are read at once; the key has few reading consumers. */
const readsMax = 4;

const grammar: Grammar = {
  verb: "sessions",
  summary: "list sessions, newest first",
  flags: {
    limit: { value: "<n>", help: `show the newest n (default: 20, at most ${limitMax})` },
    since: { value: "<time>", help: "opened since then: 2026-11-21, 2026-11-21T09:00Z, 2h, 7d" },
    person: { value: "<id>", help: "of this person or agent: an id or a name, in part" },
    ...recordFlags,
  },
  details: [
    "WHO is the accountable person, then the agents through whom they acted. A request that was\n" +
    "held counts again as allowed or denied. Times are UTC, of the bus server's clock.",
  ],
};

export const sessions: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal } = call;
  const limit = wholeNumber(grammar, given, "limit", { min: 1, max: limitMax, otherwise: 20 });
  const sinceMs = time(grammar, given, "since", { nowMs: Date.now(), otherwise: 0 });
  const person = given.value("person");
  await using record = await openRecord(grammar, call);
  const { bus, epoch } = record;
  const through = await newestSequence(bus, epoch);
  terminal.say(`reading the log of ${epoch}, ${through} frames`);
  const chosen: OpenedSession[] = [];
  let opened = 0;
  for await (const session of openedSessions(bus, epoch, through)) {
    signal.throwIfAborted();
    opened++;
    if (session.openedAt < sinceMs || !concerns(session, person)) continue;
    chosen.push(session);
    if (chosen.length > limit) chosen.shift();
  }
  const listed = await tallyAll(bus, chosen.reverse(), through, signal);
  if (given.has("json")) {
    terminal.print(JSON.stringify(listed.map(sessionJson), null, 2));
  } else if (listed.length === 0) {
    terminal.say(opened === 0 ? "no session yet" : `none of ${opened} sessions is asked for`);
  } else {
    for (const line of sessionTable(listed)) terminal.print(line);
    if (listed.length < opened) terminal.say(`${listed.length} of ${opened} sessions`);
  }
  return exitCodes.done;
}

async function tallyAll(
  bus: RecordBus,
  chosen: readonly OpenedSession[],
  through: number,
  signal: AbortSignal,
): Promise<ListedSession[]> {
  const listed: ListedSession[] = [];
  for (let index = 0; index < chosen.length; index += readsMax) {
    signal.throwIfAborted();
    const some = chosen.slice(index, index + readsMax).map(async (session) => {
      return { ...session, tally: await tallySession(sessionFrames(bus, session, through)) };
    });
    listed.push(...await Promise.all(some));
  }
  return listed;
}
