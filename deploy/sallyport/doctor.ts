/**
 * `sallyport doctor`: whether an installation is as it must be, checked one by one, with what to do
 * about each thing that is not.
 *
 * @module
 */
import { lineText } from "#actors/audit/replay/text.ts";
import { CommandError, exitCodes } from "./failure.ts";
import type { Grammar } from "./arguments.ts";
import { checkBus } from "./doctor_bus.ts";
import { checkColumns } from "./doctor_columns.ts";
import { checkFiles } from "./doctor_files.ts";
import { checkInForce } from "./doctor_in_force.ts";
import { checkProcesses } from "./doctor_processes.ts";
import type { Check } from "./doctor_check.ts";
import { connectAuditor, findPlace } from "./place.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "doctor",
  summary: "check the installation: files, bus, streams, log, processes",
  flags: {},
};
const lineCharactersMax = 300;

export const doctor: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const place = await findPlace(call);
  const checks: Check[] = [];
  const note = (check: Check) => {
    checks.push(check);
    if (given.has("json")) return;
    for (const line of checkLines(check)) terminal.print(line);
  };
  terminal.say(`checking ${place.directory}`);
  for (const check of await checkFiles(place)) note(check);
  for (const check of await checkProcesses(place, call.signal)) note(check);
  try {
    await using auditor = await connectAuditor(place);
    for (const check of await checkBus(auditor)) note(check);
    note(await checkInForce(place, auditor));
    for (const check of await checkColumns(auditor)) note(check);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    note({ what: "bus", good: false, said: error.message, hint: error.hint });
  }
  const wrong = checks.filter(({ good }) => !good).length;
  if (given.has("json")) terminal.print(JSON.stringify({ ok: wrong === 0, checks }, null, 2));
  else terminal.print(wrong === 0 ? "all is well" : `${wrong} of ${checks.length} are wrong`);
  return wrong === 0 ? exitCodes.done : exitCodes.failed;
}

function checkLines({ what, good, said, hint }: Check): string[] {
  const line = `${good ? "good " : "WRONG"}  ${what}: ${lineText(said, lineCharactersMax)}`;
  return good || hint === null ? [line] : [line, `       hint: ${hint}`];
}
