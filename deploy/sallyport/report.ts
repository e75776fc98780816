/**
 * `sallyport report`: who was given what, when, under which policies and with whose consent.
 *
 * @module
 */
import {
  type Disclosure,
  disclosureKinds,
  readDisclosures,
} from "#actors/audit/report/disclosures.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";
import { auditFilter, auditStream } from "#schemas/subjects.ts";
import { type Grammar, time, wholeNumber } from "./arguments.ts";
import { isWanted, type Wanted } from "./choose_disclosure.ts";
import { disclosureJson, disclosureLines } from "./disclosure_text.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { newestSequence } from "./log_reader.ts";
import { openRecord, recordFlags } from "./record.ts";
import type { Call, Verb } from "./verb.ts";

const limitMax = 1_000_000;
const progressFrames = 20_000;
const namesMax = 10_000;

const grammar: Grammar = {
  verb: "report",
  summary: "who was given what, when, under which policy, and who agreed to it",
  flags: {
    person: { value: "<id>", help: "of this person or agent: an id or a name, in part" },
    class: { value: "<class>", help: "where this class was shown, masked or searched by" },
    unmasked: { help: "only where it, or any class, was shown as it is" },
    policy: { value: "<id>", help: "what this policy let through" },
    approver: { value: "<id>", help: "what this person agreed to: an id or a name, in part" },
    since: { value: "<time>", help: "from then on: 2026-11-21, 2026-11-21T09:00Z, 2h, 7d" },
    until: { value: "<time>", help: "before then" },
    limit: { value: "<n>", help: `the newest n (default: 1000, at most ${limitMax})` },
    all: { help: "also what touched nothing protected" },
    ...recordFlags,
  },
  details: [
    "Oldest first, from the record alone; `sallyport verify` says whether that is whole and genuine.\n" +
    "Masked values are counted, statements and values are not shown: `sallyport replay` shows what a\n" +
    'session asked. Of a terminal or a file, "unmasked" is what would have been shown as it is.',
  ],
};

export const report: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal } = call;
  const wanted = wantedOf(call);
  const limit = wholeNumber(grammar, given, "limit", { min: 1, max: limitMax, otherwise: 1000 });
  await using record = await openRecord(grammar, call);
  const { bus, epoch } = record;
  const through = await newestSequence(bus, epoch);
  terminal.say(`reading the log of ${epoch}, ${through} frames`);
  const filters = disclosureKinds.map((kind) => auditFilter(epoch, "*", kind));
  const reader = readDisclosures();
  const chosen: Disclosure[] = [];
  let ran = 0;
  let found = 0;
  const met = { class: new Set<string>(), policy: new Set<string>() };
  const take = (disclosures: readonly Disclosure[]) => {
    ran += disclosures.length;
    for (const { classes, filteredBy, policies } of disclosures) {
      note(met.class, [...classes.map(({ name }) => name), ...filteredBy]);
      note(met.policy, policies);
    }
    const own = disclosures.filter((one) => isWanted(one, wanted));
    found += own.length;
    chosen.push(...own);
    // Sessions overlap, so the newest are known only once twice as many are there to choose from.
    if (chosen.length >= 2 * limit) keepNewest(chosen, limit);
  };
  let frames = 0;
  for await (const message of bus.read(auditStream(epoch), { filters, from: 1, through })) {
    signal.throwIfAborted();
    if (++frames % progressFrames === 0) terminal.progress(`${message.sequence} of ${through}`);
    take(taken(() => reader.take(message)));
  }
  take(reader.end());
  keepNewest(chosen, limit);
  if (given.has("json")) {
    terminal.print(JSON.stringify(chosen.map(disclosureJson), null, 2));
  } else {
    for (const one of chosen) for (const line of disclosureLines(one)) terminal.print(line);
  }
  terminal.say(`${chosen.length} of ${ran} requests that ran`);
  for (const flag of ["class", "policy"] as const) {
    const name = given.value(flag);
    // Nothing found may be the answer, or a name that nobody has.
    if (name === null || met[flag].has(name)) continue;
    terminal.say(`no request had ${flag} ${JSON.stringify(name)}${didYouMean(name, met[flag])}`);
  }
  if (found > chosen.length) {
    terminal.say(`${found - chosen.length} older ones are left out: --limit`);
  }
  if (reader.unreadable() === 0) return exitCodes.done;
  throw new CommandError(
    `${reader.unreadable()} frames are not understood, so this report is not whole`,
    "sallyport verify names what is wrong with the record",
  );
}

/** Notes names that were met; of a record with more than this many the first. */
function note(met: Set<string>, names: readonly string[]): void {
  for (const name of names) if (met.size < namesMax) met.add(name);
}

function wantedOf({ given }: Call): Wanted {
  const nowMs = Date.now();
  return {
    sinceMs: time(grammar, given, "since", { nowMs, otherwise: 0 }),
    untilMs: time(grammar, given, "until", { nowMs, otherwise: Infinity }),
    person: given.value("person"),
    dataClass: given.value("class"),
    unmasked: given.has("unmasked"),
    policy: given.value("policy"),
    approver: given.value("approver"),
    all: given.has("all"),
  };
}

function keepNewest(chosen: Disclosure[], limit: number): void {
  chosen.sort((one, other) => one.atMs - other.atMs);
  chosen.splice(0, Math.max(0, chosen.length - limit));
}

function taken(take: () => Disclosure[]): Disclosure[] {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError(error.message, "report on a shorter month, or ask for a higher limit");
  }
}
