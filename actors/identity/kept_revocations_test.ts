import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import type { Revocation } from "#schemas/identity.ts";
import { keptRevocations } from "./kept_revocations.ts";
import { memoryFile } from "./testing.ts";

const startedMs = Date.UTC(2026, 10, 21, 9);
const limits = { entriesMax: 3, linesMax: 4 };

Deno.test("keptRevocations() holds after a restart what was taken before", () => {
  const file = memoryFile();
  const before = keptRevocations(file, limits, startedMs);
  ok(before.add(revocation("ada", 10), startedMs));
  const after = keptRevocations(file, limits, startedMs + 5);
  ok(after.has("person", "ada", startedMs + 5));
  ok(!after.has("person", "ada", startedMs + 10));
});

Deno.test("keptRevocations() lets go of what no longer holds when it starts", () => {
  const file = memoryFile();
  const before = keptRevocations(file, limits, startedMs);
  before.add(revocation("ada", 10), startedMs);
  before.add(revocation("bob", 20), startedMs);
  keptRevocations(file, limits, startedMs + 15);
  deepStrictEqual(file.lines, [JSON.stringify(revocation("bob", 20))]);
});

Deno.test("keptRevocations() writes what is known once, and the file stays bounded", () => {
  const file = memoryFile();
  const kept = keptRevocations(file, limits, startedMs);
  kept.add(revocation("ada", 10), startedMs);
  kept.add(revocation("ada", 10), startedMs);
  strictEqual(file.lines.length, 1);
  for (let until = 11; until < 50; until++) {
    ok(kept.add(revocation("ada", until), startedMs));
    ok(file.lines.length <= limits.linesMax);
  }
  deepStrictEqual(keptRevocations(file, limits, startedMs).entries(startedMs), [
    revocation("ada", 49),
  ]);
});

Deno.test("keptRevocations() holds what it cannot write, says so, and writes it later", () => {
  const file = memoryFile();
  const kept = keptRevocations(file, limits, startedMs);
  file.full = true;
  ok(!kept.add(revocation("ada", 10), startedMs));
  ok(kept.has("person", "ada", startedMs));
  ok(!kept.add(revocation("ada", 10), startedMs));
  file.full = false;
  ok(kept.add(revocation("bob", 10), startedMs));
  deepStrictEqual(file.lines.length, 2);
});

Deno.test("keptRevocations() refuses a file that it does not understand, or that is too long", () => {
  for (const line of ["", "{}", "not JSON", `${JSON.stringify(revocation("ada", 10))}x`]) {
    throws(() => keptRevocations(memoryFile([line]), limits, startedMs), /line 1 of the revoc/);
  }
  const many = ["a", "b", "c", "d"].map((person) => JSON.stringify(revocation(person, 10)));
  throws(() => keptRevocations(memoryFile(many), limits, startedMs), /more than 3 revocations/);
});

function revocation(person: string, untilMs: number): Revocation {
  const until = new Date(startedMs + untilMs).toISOString();
  return { version: 1, kind: "person", value: person, until };
}
