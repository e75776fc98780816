import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { approverRefusal, isJustified, quorumMet, type Voter } from "#schemas/approval.ts";
import type { ApprovalNeed, PrincipalChain } from "#schemas/frames.ts";

const groupNames = ["a", "b", "c"] as const;
const need = fc.record({
  group: fc.constantFrom(...groupNames),
  quorum: fc.integer({ min: 1, max: 3 }),
  expiresMs: fc.constant(1000),
  policies: fc.constant<string[]>([]),
});
const voter = fc.record({
  issuer: fc.constant("i"),
  person: fc.constantFrom("p1", "p2", "p3", "p4", "p5"),
  groups: fc.subarray([...groupNames]),
});

/** Every way to seat people, by trying all: what the matching must agree with. */
function seatable(places: readonly string[], people: readonly Voter[]): boolean {
  const [group, ...rest] = places;
  if (group === undefined) return true;
  return people.some((person, index) => {
    return person.groups.includes(group) && seatable(rest, people.toSpliced(index, 1));
  });
}

Deno.test("quorumMet() agrees with trying every way to seat distinct people", () => {
  const cases = fc.tuple(
    fc.array(need, { minLength: 1, maxLength: 3 }),
    fc.uniqueArray(voter, { selector: (one) => one.person, maxLength: 5 }),
  );
  let met = 0;
  fc.assert(
    fc.property(cases, ([needs, votes]) => {
      const places = needs.flatMap(({ group, quorum }) => Array<string>(quorum).fill(group));
      const expected = places.length <= votes.length && seatable(places, votes);
      if (expected) met++;
      strictEqual(quorumMet(needs, votes), expected);
    }),
    { seed: 1, numRuns: 500 },
  );
  // The cases are not all of one kind.
  ok(met > 20 && met < 480);
});

Deno.test("quorumMet() counts a person once however often they voted", () => {
  const two: ApprovalNeed = { group: "a", quorum: 2, expiresMs: 1000, policies: [] };
  const grace = { issuer: "i", person: "grace", groups: ["a"] };
  ok(!quorumMet([two], [grace, grace, { ...grace }]));
  ok(quorumMet([two], [grace, { ...grace, person: "alan" }]));
});

Deno.test("quorumMet() is never met without a need", () => {
  ok(!quorumMet([], [{ issuer: "i", person: "grace", groups: ["a"] }]));
});

const chain: PrincipalChain = {
  issuer: "i",
  person: "ada",
  name: "Ada",
  actors: ["x", "y"],
  groups: ["a"],
  purpose: "",
};

Deno.test("approverRefusal() refuses everybody in the requester's chain, whatever their groups", () => {
  const needs = [{ group: "a", quorum: 1, expiresMs: 1000, policies: [] }];
  const person = fc.constantFrom("ada", "x", "y", "grace");
  fc.assert(
    fc.property(person, fc.subarray([...groupNames]), (approver, groups) => {
      const candidate = { ...chain, person: approver, actors: [], groups };
      const refused = approverRefusal(candidate, chain, needs, []);
      const expected = approver !== "grace"
        ? "approver_is_requester"
        : groups.includes("a")
        ? null
        : "approver_not_in_group";
      strictEqual(refused, expected);
    }),
    { seed: 1 },
  );
});

const spellings = (name: string) => {
  const [first = "", ...rest] = name;
  const wide = String.fromCodePoint(first.codePointAt(0) ?? 0).replace(/[a-z]/, (letter) => {
    return String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0);
  });
  return [
    name.toUpperCase(),
    `${name} `,
    `\u00a0${name}`,
    `${name}\u034f`,
    `${first}\u115f${rest.join("")}`,
    wide + rest.join(""),
  ];
};

Deno.test("a person is one under each spelling of their name", () => {
  const needs = [{ group: "a", quorum: 2, expiresMs: 1000, policies: [] }];
  const candidate = (person: string) => ({ ...chain, person, actors: [], groups: ["a"] });
  for (const own of [chain.person, ...chain.actors]) {
    for (const person of [...spellings(own), `${chain.issuer}|${own}`]) {
      const refused = approverRefusal(candidate(person), chain, needs, []);
      strictEqual(refused, "approver_is_requester", JSON.stringify(person));
    }
  }
  const grace = candidate("grace");
  for (const person of spellings("grace")) {
    strictEqual(approverRefusal(candidate(person), chain, needs, [grace]), "already_voted");
    ok(!quorumMet(needs, [grace, candidate(person)]), JSON.stringify(person));
  }
  ok(quorumMet(needs, [grace, candidate("gracie")]));
});

Deno.test("isJustified() counts characters, not space or what cannot be seen", () => {
  ok(isJustified("0123456789", 10));
  ok(!isJustified("012345678 ", 10));
  ok(!isJustified("\u200b".repeat(50), 10));
  ok(!isJustified(" \n".repeat(50), 1));
  // Ten astral characters are ten, not twenty.
  ok(!isJustified("\u{1F600}".repeat(9), 10));
});
