import { deepStrictEqual } from "node:assert/strict";
import { startups } from "./startups.ts";

const limits = { startupsMax: 5, startupsPerAddressMax: 3, startupKeptMs: 1000 };

/** Connections by name, and what became of them. */
function crowd() {
  let now = 0;
  const gone: string[] = [];
  const all = startups(limits, () => now);
  const settled = new Map<string, () => void>();
  return {
    letGo: gone,
    begin(name: string): boolean {
      const [address = ""] = name.split("-");
      const over = all.begin(address, () => gone.push(name));
      if (over !== null) settled.set(name, over);
      return over !== null;
    },
    over: (name: string) => settled.get(name)?.(),
    pass: (ms: number) => now += ms,
  };
}

Deno.test("startups() keeps the places of those that have just come", () => {
  const { begin, letGo, over, pass } = crowd();
  deepStrictEqual(["a-1", "a-2", "a-3", "a-4"].map(begin), [true, true, true, false]);
  deepStrictEqual(["b-1", "b-2", "c-1"].map(begin), [true, true, false]);
  pass(999);
  deepStrictEqual([begin("c-2"), over("a-2"), begin("c-3")], [false, undefined, true]);
  deepStrictEqual(letGo, []);
});

Deno.test("startups() lets go of the oldest of an address with too many", () => {
  const { begin, letGo, pass } = crowd();
  ["a-1", "a-2", "a-3"].forEach(begin);
  pass(1000);
  deepStrictEqual(["a-4", "a-5"].map(begin), [true, true]);
  deepStrictEqual(letGo, ["a-1", "a-2"]);
});

Deno.test("startups() lets go of one of the address with most when all are too many", () => {
  const { begin, letGo, pass } = crowd();
  ["b-1", "b-2", "a-1", "a-2", "a-3"].forEach(begin);
  pass(1000);
  deepStrictEqual(["c-1"].map(begin), [true]);
  deepStrictEqual(letGo, ["a-1"]);
});

Deno.test("startups() frees a place once, however often it is told", () => {
  const { begin, over, pass } = crowd();
  ["a-1", "a-2", "a-3"].forEach(begin);
  over("a-1");
  over("a-1");
  deepStrictEqual(["a-4", "a-5"].map(begin), [true, false]);
  pass(1000);
  deepStrictEqual(["a-6"].map(begin), [true]);
  // It has given its place away already.
  over("a-2");
  deepStrictEqual(["a-7"].map(begin), [true]);
});
