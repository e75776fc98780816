import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { StatementAnalysis } from "#schemas/analysis.ts";
import { policyLimits, type PolicySet } from "./cedar.ts";
import { createDecider, decide } from "./decide.ts";
import type { Principal } from "./situation.ts";
import { ada, begin, bulk, designPolicy, dropTable, load, permitAll, select } from "./testing.ts";

Deno.test("release() leaves a policy that denies everything, and its successor untouched", () => {
  const before = load(permitAll);
  const after = load(permitAll);
  before.release();
  strictEqual(decide(before, ada, "ehr", [select]).unjudged, "policy_failed");
  strictEqual(decide(after, ada, "ehr", [select]).decision, "allow");
});

Deno.test("createDecider() answers as decide() does, and remembers at most decisionsMax", () => {
  const policy = load(designPolicy, { ...policyLimits, decisionsMax: 4 });
  const decider = createDecider(policy);
  for (const round of [1, 2]) {
    for (const analyses of [[select], [bulk], [dropTable], [begin], [select, bulk], []]) {
      const decision = decider.decide(ada, "ehr", analyses);
      deepStrictEqual(decision, decide(policy, ada, "ehr", analyses), `round ${round}`);
      ok(decider.size <= 4);
    }
  }
  strictEqual(decider.size, 4);
});

Deno.test("createDecider() asks once for what it has seen", () => {
  const policy = load(designPolicy);
  let questions = 0;
  const counted: PolicySet = {
    ...policy,
    ask: (question) => {
      questions += 1;
      return policy.ask(question);
    },
  };
  const decider = createDecider(counted);
  const first = decider.decide(ada, "ehr", [select]);
  const asked = questions;
  ok(asked > 0);
  strictEqual(decider.decide({ ...ada }, "ehr", [{ ...select }]), first);
  strictEqual(questions, asked);
});

Deno.test("createDecider() tells apart every part of principal, connection and request", () => {
  const decider = createDecider(load(permitAll));
  const requests: [Principal, string, StatementAnalysis[]][] = [
    [ada, "ehr", [select]],
    [{ ...ada, person: "bob" }, "ehr", [select]],
    [{ ...ada, issuer: "https://other.example.org" }, "ehr", [select]],
    [{ ...ada, actors: [] }, "ehr", [select]],
    [{ ...ada, groups: [] }, "ehr", [select]],
    [{ ...ada, purpose: "" }, "ehr", [select]],
    [ada, "lab", [select]],
    [ada, "ehr", [select, select]],
    [ada, "ehr", []],
    [ada, "ehr", [{ ...select, command: "COPY" }]],
    [ada, "ehr", [{ ...select, effects: ["write"] }]],
    [ada, "ehr", [{ ...select, details: ["drop"] }]],
    [ada, "ehr", [{ ...select, relations: ["a"] }]],
    [ada, "ehr", [{ ...select, functions: ["a"] }]],
    [ada, "ehr", [{ ...select, classesRead: ["ssn"] }]],
    [ada, "ehr", [{ ...select, classesFiltered: ["ssn"] }]],
    [ada, "ehr", [{ ...select, classesWritten: ["ssn"] }]],
    [ada, "ehr", [{ ...select, columns: null }]],
    [ada, "ehr", [{
      ...select,
      columns: [{ name: "", classes: ["ssn"], opaque: false, origin: null }],
    }]],
    [ada, "ehr", [{ ...select, columns: [{ name: "", classes: [], opaque: true, origin: null }] }]],
    [ada, "ehr", [{ ...select, estimatedRows: 7 }]],
  ];
  for (const request of requests) decider.decide(...request);
  strictEqual(decider.size, requests.length);
});

Deno.test("createDecider() does not remember a failure, nor a request too long to key", () => {
  const policy = load(permitAll, { ...policyLimits, decisionKeyCharsMax: 400 });
  const decider = createDecider(policy);
  const long = { ...select, relations: ["r".repeat(500)] };
  strictEqual(decider.decide(ada, "ehr", [long]).decision, "allow");
  strictEqual(decider.size, 0);
  decider.decide(ada, "ehr", [select]);
  strictEqual(decider.size, 1);
  policy.release();
  strictEqual(decider.decide(ada, "ehr", [dropTable]).unjudged, "policy_failed");
  strictEqual(decider.size, 1);
});
