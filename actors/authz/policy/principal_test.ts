import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { decide } from "./decide.ts";
import { connectAnalysis, type Principal } from "./situation.ts";
import { ada, alone, designPolicy, judge, load, permitAll, select } from "./testing.ts";

Deno.test("decide() refuses a connection that is not configured", () => {
  for (const connection of ["nowhere", "__proto__", "toString"]) {
    const decision = decide(load(permitAll), ada, connection, [select]);
    deepStrictEqual([decision.decision, decision.unjudged], ["deny", "unknown_connection"]);
  }
});

Deno.test("decide() holds a permit on one connection back from another", () => {
  const policy = load(designPolicy);
  strictEqual(decide(policy, ada, "ehr", [select]).decision, "allow");
  strictEqual(decide(policy, ada, "lab", [select]).decision, "deny");
});

Deno.test("decide() lets policy judge a connection's labels", () => {
  const text = `${permitAll}
    @id("production") forbid (principal, action == Action::"write", resource)
      when { resource.hasTag("env") && resource.getTag("env") == "production" };`;
  const policy = load(text);
  const update = { ...select, effects: ["write" as const] };
  deepStrictEqual(decide(policy, ada, "ehr", [update]).policies, ["production"]);
  strictEqual(decide(policy, ada, "lab", [update]).decision, "allow");
});

Deno.test("decide() judges the opening of a session", () => {
  const text = `@id("c") permit (principal in Group::"clinical-agents",
      action == Action::"connect", resource);`;
  strictEqual(judge(text, [connectAnalysis]).decision, "allow");
  strictEqual(judge(text, [connectAnalysis], { ...ada, groups: [] }).decision, "deny");
  strictEqual(judge(designPolicy, [connectAnalysis]).decision, "deny");
});

Deno.test("decide() takes the agent as principal, in whom it acts for and in their groups", () => {
  const rule = (scope: string) => `@id("x") permit (${scope}, action == Action::"read", resource);`;
  const nested = { ...ada, actors: ["outer", "inner"] };
  const cases: [string, Principal, string][] = [
    ['principal == Agent::"summariser"', ada, "allow"],
    ['principal == User::"ada"', ada, "deny"],
    ['principal == User::"ada"', alone, "allow"],
    ['principal in User::"ada"', ada, "allow"],
    ['principal in User::"ada"', alone, "allow"],
    ['principal in User::"bob"', ada, "deny"],
    ['principal is Agent in Group::"treatment-team"', ada, "allow"],
    ['principal is Agent in Group::"treatment-team"', alone, "deny"],
    ['principal == Agent::"outer"', nested, "allow"],
    ['principal == Agent::"inner"', nested, "deny"],
    ['principal in Agent::"inner"', nested, "allow"],
    ['principal in Group::"other"', ada, "deny"],
  ];
  for (const [scope, principal, expected] of cases) {
    strictEqual(judge(rule(scope), [select], principal).decision, expected, scope);
  }
});

Deno.test("decide() forbids whoever acts for a person who is shut out", () => {
  const text = `${permitAll} @id("out") forbid (principal in User::"ada", action, resource);`;
  for (const actors of [[], ["a"], ["b", "a"], ["a", "a"]]) {
    deepStrictEqual(judge(text, [select], { ...ada, actors }).policies, ["out"]);
  }
});

Deno.test("decide() reveals a class only to whom policy reveals it, in this context", () => {
  const touching = { ...select, classesRead: ["mrn", "ssn"] };
  deepStrictEqual(judge(designPolicy, [touching]).revealed, ["mrn"]);
  deepStrictEqual(judge(designPolicy, [touching], { ...ada, purpose: "HRESCH" }).revealed, []);
  deepStrictEqual(
    judge(designPolicy, [touching], { ...ada, groups: ["clinical-agents"] }).revealed,
    [],
  );
  deepStrictEqual(judge(designPolicy, [{ ...select, classesFiltered: ["mrn"] }]).revealed, ["mrn"]);
});

Deno.test("decide() reveals nothing through an @approval policy or past a forbid", () => {
  const touching = { ...select, classesRead: ["mrn"] };
  const asked = `${designPolicy.split('@id("treatment')[0]}
    @id("wide") @approval("g") permit (principal, action, resource);`;
  deepStrictEqual(judge(asked, [touching]).revealed, []);
  const shut = `${permitAll} @id("f")
      forbid (principal, action == Action::"reveal", resource == DataClass::"mrn");`;
  deepStrictEqual(judge(shut, [{ ...select, classesRead: ["mrn", "name"] }]).revealed, ["name"]);
});

Deno.test("decide() reveals a class only when every statement and the whole reveal it", () => {
  const text = `${permitAll} @id("f") forbid (principal, action == Action::"reveal", resource)
    when { context.estimated_rows > 50 };`;
  const part = { ...select, classesRead: ["mrn"], estimatedRows: 40 };
  deepStrictEqual(judge(text, [part]).revealed, ["mrn"]);
  deepStrictEqual(judge(text, [part, { ...part, relations: ["public.b"] }]).revealed, []);
});

Deno.test("decide() shows policy that a derivation is not understood", () => {
  const text = `${permitAll} @id("f") forbid (principal, action == Action::"read", resource)
    when { context.classes.contains("opaque") };`;
  const opaque = { name: "x", classes: [], opaque: true, origin: null };
  deepStrictEqual(judge(text, [{ ...select, columns: [opaque] }]).policies, ["f"]);
  strictEqual(
    judge(text, [{ ...select, columns: [{ ...opaque, opaque: false }] }]).decision,
    "allow",
  );
});
