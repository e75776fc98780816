/**
 * Every statement of `daily/`, to the database itself and through the gateway. What comes back is
 * the same, byte by byte, but for the columns that an entry says are masked; and those are.
 *
 * `CORPUS=03_orms` runs the entries whose place holds the text.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Agent, connectAgent, type Reply, type Result } from "./agent.ts";
import { type Entry, readEntries } from "./entries.ts";
import { findPlanted } from "./planted.ts";
import { addressOf, directAddress, startCorpusRig } from "./rig.ts";

const chosen = Deno.env.get("CORPUS") ?? "";

Deno.test("daily work passes unmasked where no class is touched", async () => {
  const all = await readEntries(new URL("daily/", import.meta.url));
  ok(all.length >= 200, `${all.length} statements of daily work`);
  await using rig = await startCorpusRig();
  const direct = await directAddress(rig.system);
  const gateway = addressOf(rig.system, "ordinary");
  const findings: string[] = [];
  // A day's work is one session, as it is with a tool that keeps its connection.
  using expected = await connectAgent(direct);
  using agent = await connectAgent(gateway);
  for (const entry of all.filter(({ place }) => place.includes(chosen))) {
    const problem = await compare(entry, expected, agent);
    if (problem !== null) findings.push(`${entry.place} ${entry.tries}: ${problem}`);
  }
  deepStrictEqual(findings, []);
});

/** Why an entry does not pass as it should; null when it does. */
async function compare(entry: Entry, direct: Agent, gateway: Agent): Promise<string | null> {
  for (const step of entry.steps) {
    const expected = await direct.run(step, "simple");
    const actual = await gateway.run(step, "simple");
    const problem = compareReplies(expected, actual, entry);
    if (problem !== null) return problem;
  }
  return null;
}

function compareReplies(expected: Reply, actual: Reply, entry: Entry): string | null {
  if (actual.error?.code !== expected.error?.code) {
    return `${actual.error?.code ?? "no error"} ${actual.error?.message ?? ""}; direct: ${
      expected.error?.code ?? "no error"
    } ${expected.error?.message ?? ""}`;
  }
  if (actual.error?.message !== expected.error?.message) return "the error's words differ";
  if (actual.texts.some((text) => findPlanted(text) !== null)) return "a planted value came";
  if (actual.results.length !== expected.results.length) return "another number of results";
  for (const [index, result] of expected.results.entries()) {
    const other = actual.results[index];
    if (other === undefined) return "a result is missing";
    const problem = compareResults(result, other, entry);
    if (problem !== null) return problem;
  }
  return null;
}

function compareResults(
  expected: Result,
  actual: Result,
  { masks, varies }: Entry,
): string | null {
  const names = expected.fields.map(({ name }) => name);
  const others = actual.fields.map(({ name }) => name);
  if (names.join() !== others.join()) return `columns ${others.join()} instead of ${names.join()}`;
  if (expected.rows.length !== actual.rows.length) {
    return `${actual.rows.length} rows instead of ${expected.rows.length}`;
  }
  if (masks.length === 0 && expected.copied !== actual.copied) return "COPY's data differ";
  for (const [at, row] of expected.rows.entries()) {
    for (const [column, value] of row.entries()) {
      const name = names[column] ?? "";
      if (varies.includes(name)) continue;
      const came = textOf(actual.rows[at]?.[column] ?? null);
      const same = came === textOf(value);
      if (masks.includes(name) && value !== null) {
        if (same) return `${name} is not masked: ${came}`;
      } else if (!same) return `${name} is ${came} instead of ${textOf(value)}`;
    }
  }
  return null;
}

function textOf(value: Uint8Array | null): string {
  return value === null ? "NULL" : new TextDecoder().decode(value);
}
