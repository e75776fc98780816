/** @module */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import {
  approvalPayload,
  frameList,
  honestFrames,
  openPayload,
  outcomePayload,
  sha256,
  verdictPayload,
} from "#actors/audit/testing.ts";
import type { StatementAnalysis } from "#schemas/analysis.ts";
import { maskedHeader, type Verdict } from "#schemas/frames.ts";
import type { MaskPlan, StreamPlan } from "#schemas/mask_plan.ts";
import { type Disclosure, disclosureLimits, readDisclosures } from "./disclosures.ts";

const digest = sha256(Uint8Array.of(1));
const select: StatementAnalysis = {
  command: "SELECT",
  effects: ["read", "filter_by"],
  details: [],
  relations: ["public.patients"],
  functions: [],
  classesRead: ["mrn", "name"],
  classesFiltered: ["dob"],
  classesWritten: [],
  columns: null,
  copy: null,
  estimatedRows: 10,
};
const plan: MaskPlan = {
  results: [{
    answers: "query",
    statement: null,
    formats: [],
    columns: [
      { classes: ["mrn"], mask: { operator: "keep" }, origin: null },
      { classes: ["name"], mask: { operator: "redact" }, origin: null },
      { classes: [], mask: { operator: "keep" }, origin: null },
    ],
    copy: null,
  }],
  errors: "generic",
};

Deno.test("readDisclosures() gives each request that ran, with who agreed to it", () => {
  const { all, unreadable } = read(honestFrames());
  strictEqual(unreadable, 0);
  deepStrictEqual(all.map(({ request, status, rows }) => [request, status, rows]), [
    [1, "executed", 1],
    [2, "executed", 1],
  ]);
  const [first, second] = all;
  deepStrictEqual(first?.consent, []);
  deepStrictEqual(first?.principal.person, "ada");
  deepStrictEqual(second?.consent.map(({ person, justification }) => [person, justification]), [
    ["grace", "looked at it"],
    ["edsger", "looked at it"],
  ]);
});

Deno.test("readDisclosures() tells classes shown from classes masked, and counts values", () => {
  const list = begun();
  const verdict = list.say("verdict", 1, allow());
  const respond = (part: number) =>
    list.add("response", { request: 1, part }, new Uint8Array(1), [[maskedHeader, "name=2,ssn=1"]]);
  respond(0);
  // Stored again after a lost acknowledgement; it left once.
  respond(0);
  list.say("outcome", 1, outcomePayload(1, digest, verdict));
  // The last part may be stored after the outcome.
  respond(1);
  const [only, ...others] = read(list.frames).all;
  deepStrictEqual(others, []);
  deepStrictEqual(only?.classes, [
    { name: "mrn", unmasked: true, maskedValues: 0 },
    { name: "name", unmasked: false, maskedValues: 4 },
    { name: "ssn", unmasked: false, maskedValues: 2 },
  ]);
  deepStrictEqual([only?.commands, only?.touched, only?.filteredBy, only?.policies], [
    ["SELECT"],
    ["public.patients"],
    ["dob"],
    ["p1"],
  ]);
});

Deno.test("readDisclosures() says of a response that left as it came that all was shown", () => {
  const list = begun();
  list.say("verdict", 1, allow({ plan: { results: [], errors: "keep", verbatim: true } }));
  const [only] = read(list.frames).all;
  deepStrictEqual(only?.classes.map(({ name, unmasked }) => [name, unmasked]), [
    ["mrn", true],
    ["name", true],
  ]);
  strictEqual(only?.status, null, "no outcome is stored yet");
});

Deno.test("readDisclosures() names files, and masks what a detector finds in their names", () => {
  const list = begun();
  const access = { host: null, port: null, arguments: [], content: "output" as const };
  const cat = (path: string): StatementAnalysis => {
    return {
      ...select,
      command: "cat",
      relations: [],
      classesRead: [],
      access: { ...access, path },
    };
  };
  const stream: StreamPlan = {
    content: "output",
    revealed: ["name"],
    holdMsMax: null,
    files: "mask",
  };
  list.say("verdict", 1, {
    ...allow({ plan: { results: [], errors: "generic", stream } }),
    statements: [cat("~/notes/1.txt"), cat("~/536-22-1234.txt")],
  });
  const [only] = read(list.frames).all;
  deepStrictEqual(only?.commands, ["cat"]);
  deepStrictEqual(only?.touched, ["~/notes/1.txt", "~/[ssn].txt"]);
  ok(only?.isStream);
  deepStrictEqual(only?.classes, [{ name: "name", unmasked: true, maskedValues: 0 }]);
});

Deno.test("readDisclosures() leaves out what never ran, and votes of another approval", () => {
  const list = begun();
  list.say("verdict", 1, { ...allow(), decision: "deny" });
  list.say("verdict", 2, allow({ request: 2, cancels: 1 }));
  const ran = list.say("verdict", 3, allow({ request: 3 }));
  list.say("outcome", 3, outcomePayload(3, digest, ran, "not_run"));
  list.say("approval", 4, approvalPayload("voted", 4, "grace"));
  list.say("verdict", 4, allow({ request: 4 }));
  const { all } = read(list.frames);
  deepStrictEqual(all.map(({ request, consent }) => [request, consent]), [[4, []]]);
});

Deno.test("readDisclosures() takes in what is stored after a session's close", () => {
  const list = begun();
  const allowed = list.say("verdict", 1, allow());
  list.say("close", 0, {
    version: 1,
    reason: "client",
    requests: 2,
    released: { parts: 0, bytes: 0, sha256: sha256() },
    closedAt: "2026-11-21T09:00:01.000Z",
  });
  list.say("outcome", 1, outcomePayload(1, digest, allowed));
  list.say("verdict", 2, allow({ request: 2, decision: "deny" }));
  const { all, unreadable } = read(list.frames);
  strictEqual(unreadable, 0);
  deepStrictEqual(all.map(({ request, status }) => [request, status]), [[1, "executed"]]);
  // Those that closed longest ago are let go when more closed than may wait.
  const reader = readDisclosures({ ...disclosureLimits, closedMax: 1 });
  const early = list.frames.flatMap((frame) => reader.take(frame));
  deepStrictEqual(early.map(({ request, status }) => [request, status]), [[1, null]]);
  strictEqual(reader.unreadable(), 2);
});

Deno.test("readDisclosures() counts what it does not understand, and holds no more than told", () => {
  const list = begun();
  list.add("verdict", { request: 1 }, Uint8Array.of(123));
  list.add("outcome", { request: 1 }, new Uint8Array(0), [], "nobody-opened");
  const other: StoredMessage = { ...at(list.frames, 0), headers: new Map() };
  strictEqual(read([...list.frames, other]).unreadable, 3);
  list.say("open", 0, openPayload(), "s2");
  throws(() => read(list.frames, { ...disclosureLimits, sessionsMax: 1 }), (error) => {
    match(String(error), /more than 1 sessions are open/);
    return true;
  });
  const many = begun();
  for (let request = 1; request <= 5; request++) many.say("verdict", request, allow({ request }));
  const reader = readDisclosures({ ...disclosureLimits, requestsMax: 2 });
  const early = many.frames.flatMap((frame) => reader.take(frame));
  deepStrictEqual(early.map(({ request }) => request), [1, 2, 3]);
  deepStrictEqual(reader.end().map(({ request }) => request), [4, 5]);
});

function begun() {
  const list = frameList();
  list.say("open", 0, openPayload());
  return list;
}

Deno.test("readDisclosures() waits for the program that runs while much input goes to it", () => {
  const list = begun();
  const stream: StreamPlan = { content: "output", revealed: [], holdMsMax: null, files: "mask" };
  const shell = allow({ plan: { ...plan, results: [], stream } });
  const started = list.say("verdict", 1, shell);
  for (let request = 2; request < 12; request++) {
    const input = list.say("verdict", request, allow({ request }));
    list.say("outcome", request, outcomePayload(request, digest, input));
  }
  const masked = [[maskedHeader, "mrn=3"]] as const;
  list.add("response", { request: 1, part: 0 }, Uint8Array.of(1), masked);
  list.say("outcome", 1, { ...outcomePayload(1, digest, started), bytes: 9000 });
  const { all } = read(list.frames, { ...disclosureLimits, requestsMax: 2 });
  deepStrictEqual(all.map(({ request }) => request).sort((one, other) => one - other), [
    ...Array.from({ length: 11 }, (_, index) => index + 1),
  ]);
  const program = all.find(({ request }) => request === 1);
  deepStrictEqual([program?.status, program?.bytes], ["executed", 9000]);
  deepStrictEqual(program?.classes.find(({ name }) => name === "mrn")?.maskedValues, 3);
});

function allow(changes: Partial<Verdict> = {}): Verdict {
  return { ...verdictPayload(1, digest, "allow"), statements: [select], plan, ...changes };
}

function read(frames: readonly StoredMessage[], limits = disclosureLimits) {
  const reader = readDisclosures(limits);
  const all: Disclosure[] = frames.flatMap((frame) => reader.take(frame));
  all.push(...reader.end());
  return { all, unreadable: reader.unreadable() };
}

function at(frames: readonly StoredMessage[], index: number): StoredMessage {
  const frame = frames[index];
  if (frame === undefined) throw new Error(`There is no frame ${index}`);
  return frame;
}
