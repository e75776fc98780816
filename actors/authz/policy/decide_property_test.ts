import { ok } from "node:assert/strict";
import fc from "fast-check";
import { Effect, type StatementAnalysis } from "#schemas/analysis.ts";
import { decide } from "./decide.ts";
import { ada, load, select } from "./testing.ts";

const order = { deny: 0, hold: 1, allow: 2 } as const;
const anAction = fc.constantFrom(...Effect.options, "reveal", null);
const aScope = fc.constantFrom(
  "principal",
  'principal in Group::"clinical-agents"',
  'principal in Group::"other"',
  'principal in User::"ada"',
);
const aCondition = fc.constantFrom(
  "",
  "when { context.estimated_rows > 100 }",
  'when { context.classes.contains("ssn") }',
  'unless { context.purpose == "TREAT" }',
  'when { context.effects.contains("drop") }',
);
const aRule = fc.record({
  kind: fc.constantFrom("permit", "forbid", "approval"),
  action: anAction,
  scope: aScope,
  condition: aCondition,
}).map(({ kind, action, scope, condition }) => {
  const held = kind === "approval" && action !== "reveal" ? '@approval("g") ' : "";
  const what = action === null ? "action" : `action == Action::"${action}"`;
  return `${held}${
    kind === "forbid" ? "forbid" : "permit"
  } (${scope}, ${what}, resource) ${condition};`;
});
const anAnalysis: fc.Arbitrary<StatementAnalysis> = fc.record({
  effects: fc.uniqueArray(fc.constantFrom(...Effect.options), { minLength: 1, maxLength: 3 }),
  details: fc.subarray(["drop"]),
  classesRead: fc.subarray(["mrn", "ssn"]),
  estimatedRows: fc.constantFrom(1, 80, 5000),
}).map((part) => ({ ...select, ...part }));

function withIds(rules: readonly string[]): string {
  return rules.map((rule, index) => `@id("p${index}") ${rule}`).join("\n");
}

Deno.test("decide() never widens when a forbid is added", () => {
  fc.assert(
    fc.property(
      fc.array(aRule, { maxLength: 5 }),
      aRule.filter((rule) => rule.startsWith("forbid")),
      fc.array(anAnalysis, { minLength: 1, maxLength: 3 }),
      (rules, forbid, analyses) => {
        const without = load(withIds(rules));
        const added = load(withIds([...rules, forbid]));
        const [wide, narrow] = [without, added].map((set) => decide(set, ada, "ehr", analyses));
        without.release();
        added.release();
        ok(wide !== undefined && narrow !== undefined);
        ok(order[narrow.decision] <= order[wide.decision]);
        ok(
          narrow.revealed.every((name) => wide.decision === "deny" || wide.revealed.includes(name)),
        );
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("decide() never allows more for a request than for each of its statements", () => {
  fc.assert(
    fc.property(
      fc.array(aRule, { maxLength: 6 }),
      fc.array(anAnalysis, { minLength: 2, maxLength: 3 }),
      (rules, analyses) => {
        const policy = load(withIds(rules));
        const whole = order[decide(policy, ada, "ehr", analyses).decision];
        const parts = analyses.map((one) => order[decide(policy, ada, "ehr", [one]).decision]);
        policy.release();
        ok(whole <= Math.min(...parts));
      },
    ),
    { numRuns: 60 },
  );
});
