/**
 * Every statement of `daily/`, to the database itself and through the gateway. What comes back is
 * the same, byte by byte, but for the columns that an entry says are masked; and those are. So it
 * is with `filters/`, where a policy refuses some ways of filtering by a class.
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

Deno.test("what is no secret passes as it is, and policy chooses how to filter", async (t) => {
  const all = await readEntries(new URL("daily/", import.meta.url));
  const choices = await readEntries(new URL("filters/", import.meta.url));
  ok(all.length >= 200, `${all.length} statements of daily work`);
  await using rig = await startCorpusRig();
  const direct = await directAddress(rig.system);

  await t.step("daily work passes unmasked where no class is touched", async () => {
    // A day's work is one session, as it is with a tool that keeps its connection.
    using expected = await connectAgent(direct);
    using agent = await connectAgent(addressOf(rig.system, "ordinary"));
    deepStrictEqual(await problemsOf(all, (entry) => compare(entry, expected, agent)), []);
  });

  await t.step("a class is filtered by in the ways that policy permits", async () => {
    // What a session asked for before counts.
    const problems = await problemsOf(choices, async (entry) => {
      using expected = await connectAgent(direct);
      using agent = await connectAgent(addressOf(rig.system, "choosy"));
      return await compare(entry, expected, agent);
    }, 4);
    deepStrictEqual(problems, []);
  });
});
type Compare = (entry: Entry) => Promise<string | null>;

async function problemsOf(
  entries: readonly Entry[],
  compareEntry: Compare,
  atATime = 1,
): Promise<string[]> {
  const problems: string[] = [];
  const pending = entries.filter(({ place }) => place.includes(chosen)).values();
  await Promise.all(Array.from({ length: atATime }, async () => {
    for (const entry of pending) {
      const problem = await compareEntry(entry);
      if (problem !== null) problems.push(`${entry.place} ${entry.tries}: ${problem}`);
    }
  }));
  return problems;
}

/** Why an entry does not pass as it should; null when it does. */
async function compare(entry: Entry, direct: Agent, gateway: Agent): Promise<string | null> {
  for (const [index, step] of entry.steps.entries()) {
    const isLast = index === entry.steps.length - 1;
    const expected = await direct.run(step, "simple");
    const actual = await gateway.run(step, "simple");
    const problem = isLast && entry.refused.length > 0
      ? compareRefusal(actual, entry.refused)
      : compareReplies(expected, actual, entry);
    if (problem !== null) return problem;
  }
  return null;
}

/** Of several policies that refuse it, the error names one. */
function compareRefusal({ error, texts }: Reply, policies: readonly string[]): string | null {
  if (texts.some((text) => findPlanted(text) !== null)) return "a planted value came";
  const { code, message } = error ?? { code: "no error", message: "" };
  const isNamed = policies.some((policy) => message.includes(`"${policy}"`));
  return code === "42501" && isNamed ? null : `${code} ${message}, not by ${policies.join()}`;
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
