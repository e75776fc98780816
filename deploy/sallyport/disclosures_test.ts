/** @module */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Disclosure } from "#actors/audit/report/disclosures.ts";
import { openPayload, startMs } from "#actors/audit/testing.ts";
import { isWanted, type Wanted } from "./choose_disclosure.ts";
import { disclosureJson, disclosureLines } from "./disclosure_text.ts";

const anything: Wanted = {
  sinceMs: 0,
  untilMs: Infinity,
  person: null,
  dataClass: null,
  unmasked: false,
  policy: null,
  approver: null,
  all: false,
};
const seen: Disclosure = {
  atMs: startMs,
  key: { epoch: "2026_11", shard: 3, edge: "pg1", session: "s1" },
  request: 4,
  connection: "ehr",
  principal: openPayload().principal,
  commands: ["SELECT"],
  effects: ["read"],
  touched: ["public.patients"],
  classes: [
    { name: "mrn", unmasked: true, maskedValues: 0 },
    { name: "ssn", unmasked: false, maskedValues: 12 },
  ],
  filteredBy: ["dob"],
  policies: ["reads", "sees-mrn"],
  policyVersion: "v1",
  consent: [{
    issuer: "https://idp.example",
    person: "carl",
    name: "Carl Meyer",
    justification: "asked\x1b[2J for",
    atMs: startMs - 1000,
  }],
  status: "executed",
  rows: 12,
  bytes: 900,
  isStream: false,
};

Deno.test("isWanted() picks by person, class, policy, approver and time", () => {
  const wants = (wanted: Partial<Wanted>, disclosure = seen) =>
    isWanted(disclosure, { ...anything, ...wanted });
  ok(wants({}));
  ok(wants({ person: "ADA" }) && wants({ person: "agent-7" }) && !wants({ person: "nora" }));
  ok(wants({ dataClass: "mrn" }) && wants({ dataClass: "ssn" }) && wants({ dataClass: "dob" }));
  ok(!wants({ dataClass: "ss" }) && !wants({ dataClass: "note" }));
  ok(wants({ unmasked: true }) && wants({ unmasked: true, dataClass: "mrn" }));
  ok(!wants({ unmasked: true, dataClass: "ssn" }) && !wants({ unmasked: true, dataClass: "dob" }));
  ok(wants({ policy: "sees-mrn" }) && !wants({ policy: "sees" }));
  ok(wants({ approver: "meyer" }) && wants({ approver: "carl" }) && !wants({ approver: "dana" }));
  ok(wants({ sinceMs: startMs }) && !wants({ sinceMs: startMs + 1 }));
  ok(wants({ untilMs: startMs + 1 }) && !wants({ untilMs: startMs }));
});

Deno.test("isWanted() leaves out what touched nothing, unless all is asked for", () => {
  const plain = { ...seen, classes: [], filteredBy: [], consent: [] };
  ok(!isWanted(plain, anything));
  ok(isWanted(plain, { ...anything, all: true }));
  ok(isWanted({ ...plain, isStream: true }, anything), "a stream may hold anything");
  ok(!isWanted({ ...plain, isStream: true, bytes: 0 }, anything));
});

Deno.test("disclosureLines() says who, what, how, by which policy and with whose consent", () => {
  const lines = disclosureLines(seen);
  deepStrictEqual(lines, [
    "2026-11-21T09:00:00Z  ada ← agent-7, for TREAT",
    "  asked    SELECT on public.patients at ehr",
    "  got      12 rows, executed",
    "  unmasked mrn",
    "  masked   ssn (12)",
    "  searched dob",
    "  policy   reads, sees-mrn, version v1",
    "  consent  Carl Meyer (carl) at 2026-11-21T08:59:59Z: asked\\x1b[2J for",
    "  record   session s1, request 4",
  ]);
  const stream = disclosureLines({ ...seen, isStream: true, status: null, classes: [] });
  match(stream.join("\n"), / {2}got {6}900 bytes, no outcome stored\n {2}searched/);
});

Deno.test("disclosureJson() gives times with their zone, and classes by what became of them", () => {
  const json = disclosureJson(seen);
  strictEqual(json.at, "2026-11-21T09:00:00.000Z");
  deepStrictEqual([json.unmasked, json.masked], [["mrn"], { ssn: 12 }]);
  deepStrictEqual(json.consent.map(({ person, at }) => [person, at]), [
    ["carl", "2026-11-21T08:59:59.000Z"],
  ]);
});
