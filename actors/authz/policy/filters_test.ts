import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { ClassFilter, StatementAnalysis } from "#schemas/analysis.ts";
import { loadPolicy } from "./cedar.ts";
import { explain } from "./explain.ts";
import { config, judge, select } from "./testing.ts";

const policy = `
@id("read") permit (principal, action == Action::"read", resource);
@id("compare") permit (principal, action == Action::"filter_by", resource)
  when { ["mrn:equality", "mrn:join", "name:equality"].containsAll(context.filters) };
@id("order-is-asked-for") @approval("compliance")
permit (principal, action == Action::"filter_by", resource)
  when { ["equality", "range", "sort"].containsAll(context.filter_kinds) };
@id("no-patterns-of-ssn") forbid (principal, action == Action::"filter_by", resource)
  when { context.filters.containsAny(["ssn:pattern"]) };
`;

function filtering(...filters: ClassFilter[]): StatementAnalysis {
  const classesFiltered = filters.map((one) => one.class);
  return { ...select, effects: ["read", "filter_by"], classesFiltered, filters };
}

Deno.test("policy may permit equality, ask for approval of ranges and forbid patterns", () => {
  const cases: [ClassFilter[], string, string[]][] = [
    [[{ class: "mrn", kinds: ["equality", "join"] }], "allow", ["compare", "read"]],
    [[{ class: "name", kinds: ["equality"] }], "allow", ["compare", "read"]],
    [[{ class: "mrn", kinds: ["equality", "range"] }], "hold", ["order-is-asked-for"]],
    [[{ class: "ssn", kinds: ["equality"] }], "hold", ["order-is-asked-for"]],
    [[{ class: "mrn", kinds: ["pattern"] }], "deny", []],
    [[{ class: "mrn", kinds: ["group"] }], "deny", []],
    [[{ class: "name", kinds: ["equality"] }, { class: "ssn", kinds: ["pattern"] }], "deny", [
      "no-patterns-of-ssn",
    ]],
  ];
  for (const [filters, decision, policies] of cases) {
    const judged = judge(policy, [filtering(...filters)]);
    strictEqual(judged.decision, decision, JSON.stringify(filters));
    deepStrictEqual(judged.policies, policies, JSON.stringify(filters));
  }
});

Deno.test("kinds of several statements add up, and a use that is not told is every use", () => {
  const equality = filtering({ class: "mrn", kinds: ["equality"] });
  const range = filtering({ class: "mrn", kinds: ["range"] });
  strictEqual(judge(policy, [equality, range]).decision, "hold");
  const { filters: _, ...untold } = equality;
  strictEqual(judge(policy, [untold]).decision, "deny");
});

Deno.test("a refusal says how the class was used", () => {
  const judged = judge(policy, [filtering({ class: "ssn", kinds: ["pattern"] })]);
  const [reason] = explain(judged, "ehr", 1000);
  match(reason?.detail ?? "", /filter_by \(ssn:pattern\)/);
});

Deno.test("loadPolicy() names a class or kind that a filter never has", () => {
  for (
    const [condition, problem] of [
      [`context.filters.contains("ssn:equal")`, /never holds "ssn:equal"/],
      [`context.filter_kinds.contains("like")`, /never holds "like"/],
    ] as const
  ) {
    const text = `@id("x") forbid (principal, action, resource) when { ${condition} };`;
    const loaded = loadPolicy(text, config);
    match(loaded.ok ? "" : loaded.problems[0]?.message ?? "", problem);
  }
});

Deno.test("policy may refuse to filter but for aggregates of enough rows", () => {
  const text = `
@id("all") permit (principal, action, resource);
@id("small") forbid (principal, action == Action::"filter_by", resource)
  when { context.aggregate_rows_min < 11 };`;
  const filter = filtering({ class: "mrn", kinds: ["group"] });
  strictEqual(judge(text, [filter]).decision, "deny");
  strictEqual(judge(text, [{ ...filter, aggregateRowsMin: 10 }]).decision, "deny");
  strictEqual(judge(text, [{ ...filter, aggregateRowsMin: 11 }]).decision, "allow");
});
