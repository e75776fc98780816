/**
 * The analyser under mutated statements of both corpora: every text is answered by an analysis or
 * by one refusal, nothing throws, and what is analysed is of its schema.
 *
 * `FUZZ_SEED=7 FUZZ_RUNS=100000` tries others; a failure names its seed and its text.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import fc from "fast-check";
import { analyse, defaultLimits, freshSession } from "#actors/authz/analysis/analyse.ts";
import { applyRequest, indexCatalog, shapeOf } from "#actors/authz/analysis/analyse.ts";
import { clinicCatalog, clinicListing } from "#actors/authz/analysis/clinic.ts";
import { loadParser } from "#actors/authz/analysis/parser.ts";
import { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import { readEntries } from "./entries.ts";

const seed = Number(Deno.env.get("FUZZ_SEED") ?? 20261121);
const numRuns = Number(Deno.env.get("FUZZ_RUNS") ?? 3000);

const parser = await loadParser();
const schema = indexCatalog(clinicCatalog, clinicListing);
const fresh = freshSession(clinicCatalog.searchPath);
const texts = [
  ...await readEntries(new URL("evasions/", import.meta.url)),
  ...await readEntries(new URL("daily/", import.meta.url)),
].flatMap(({ steps }) => steps.map(({ sql }) => sql));
const tokens = texts.map((sql) => sql.match(/\w+|\s+|\$\w*\$|'(?:[^']|'')*'|./gs) ?? []);
const words = [...new Set(tokens.flat())].filter((token) => token.trim() !== "");

/** Changes the tokens of a statement. */
const mutation = fc.oneof(
  fc.record({ does: fc.constant("drop"), at: fc.nat(), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ does: fc.constant("repeat"), at: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ does: fc.constant("word"), at: fc.nat(), count: fc.nat(words.length - 1) }),
  fc.record({ does: fc.constant("splice"), at: fc.nat(), count: fc.nat(tokens.length - 1) }),
  fc.record({ does: fc.constant("nest"), at: fc.nat(), count: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ does: fc.constant("byte"), at: fc.nat(), count: fc.nat(0xffff) }),
);

const statement = fc.tuple(
  fc.nat(tokens.length - 1),
  fc.array(mutation, { minLength: 1, maxLength: 6 }),
).map(([start, mutations]) => {
  let current: readonly string[] = tokens[start] ?? [];
  for (const { does, at, count } of mutations) current = mutated(current, does, at, count);
  return current.join("").slice(0, charsMax);
});

/** What a mutated statement is cut to. */
const charsMax = 20_000;

function mutated(list: readonly string[], does: string, place: number, count: number): string[] {
  const at = list.length === 0 ? 0 : place % list.length;
  const [before, after] = [list.slice(0, at), list.slice(at)];
  switch (does) {
    case "drop":
      return [...before, ...after.slice(count)];
    case "repeat": {
      const part = after.slice(0, 6);
      return [...before, ...Array.from({ length: count }, () => part).flat(), ...after];
    }
    case "word":
      return [...before, words[count] ?? "", ...after.slice(1)];
    case "splice":
      return [...before, ...(tokens[count] ?? []).slice(at % 7), ...after];
    case "nest":
      return [
        ...before,
        "(".repeat(count),
        ...after.slice(0, 8),
        ")".repeat(count),
        ...after.slice(8),
      ];
    default:
      return [...before, String.fromCharCode(count), ...after];
  }
}

Deno.test("mutated statements are analysed or refused, whatever they are", () => {
  let analysed = 0;
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1, maxLength: 3 }), (session) => {
      let state = fresh;
      for (const sql of session) {
        shapeOf(sql);
        const result = analyse(sql, state, schema, parser, defaultLimits);
        if (result.kind === "refused") {
          Refusal.parse(result.refusal);
          continue;
        }
        analysed++;
        for (const { analysis } of result.statements) StatementAnalysis.parse(analysis);
        state = applyRequest(
          state,
          result.statements.map(({ change }) => change),
          result.statements.length,
        );
      }
    }),
    { seed, numRuns },
  );
  ok(analysed > numRuns / 10, `only ${analysed} texts were understood`);
});
