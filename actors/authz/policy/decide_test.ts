import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "#schemas/analysis.ts";
import { decide } from "./decide.ts";
import { policyLimits } from "./cedar.ts";
import {
  ada,
  begin,
  bulk,
  designPolicy,
  dropTable,
  judge,
  load,
  permitAll,
  select,
} from "./testing.ts";
import { unreadAnalysis } from "./situation.ts";

Deno.test("decide() denies what no policy permits", () => {
  const decision = judge(`@id("w") permit (principal, action == Action::"write", resource);`, [
    select,
  ]);
  strictEqual(decision.decision, "deny");
  deepStrictEqual(decision.policies, []);
  deepStrictEqual(decision.denied, [{
    effect: "read",
    policy: null,
    commands: ["SELECT"],
    relations: ["public.patients"],
    details: [],
    streams: false,
  }]);
});

Deno.test("decide() denies everything under an empty policy", () => {
  for (const effect of Effect.options) {
    strictEqual(judge("", [{ ...select, effects: [effect] }]).decision, "deny");
  }
});

Deno.test("decide() follows the design's example", () => {
  deepStrictEqual(judge(designPolicy, [select]), {
    decision: "allow",
    policies: ["clinical-agents-read"],
    denied: [],
    unjudged: null,
    approvals: [],
    revealed: [],
    everything: false,
  });
  const held = judge(designPolicy, [bulk]);
  strictEqual(held.decision, "hold");
  deepStrictEqual(held.policies, ["bulk-needs-compliance"]);
  deepStrictEqual(held.approvals, [
    { group: "compliance", quorum: 2, expiresMs: 900_000, policies: ["bulk-needs-compliance"] },
  ]);
  const dropped = judge(designPolicy, [dropTable]);
  strictEqual(dropped.decision, "deny");
  deepStrictEqual(dropped.policies, ["never-drop"]);
});

Deno.test("decide() denies when a forbid matches, whatever else permits", () => {
  const text = `${permitAll}
    @id("asked") @approval("g") permit (principal, action, resource is Connection);
    @id("no-drop") forbid (principal, action, resource) when { context.effects.contains("drop") };`;
  const decision = judge(text, [dropTable]);
  strictEqual(decision.decision, "deny");
  deepStrictEqual(decision.policies, ["no-drop"]);
  strictEqual(judge(text, [select]).decision, "allow");
});

Deno.test("decide() holds, and never allows, when only @approval permits", () => {
  const text =
    `@id("asked") @approval("owners") permit (principal, action == Action::"read", resource);`;
  const decision = judge(text, [select]);
  strictEqual(decision.decision, "hold");
  deepStrictEqual(decision.approvals, [
    { group: "owners", quorum: 1, expiresMs: 900_000, policies: ["asked"] },
  ]);
  strictEqual(judge(`${permitAll}\n${text}`, [select]).decision, "allow");
});

Deno.test("decide() denies when one effect is held and another is not permitted", () => {
  const text =
    `@id("asked") @approval("g") permit (principal, action == Action::"read", resource);`;
  const decision = judge(text, [{ ...select, effects: ["read", "write"] }]);
  strictEqual(decision.decision, "deny");
  deepStrictEqual(decision.denied.map(({ effect }) => effect), ["write"]);
  deepStrictEqual(decision.approvals, []);
});

Deno.test("decide() asks for every matching approval, quorum and expiry by group", () => {
  const text = `
    @id("a") @approval("g") @quorum("1") @expires("1d")
      permit (principal, action == Action::"read", resource);
    @id("b") @approval("g") @quorum("3") @expires("2h")
      permit (principal, action == Action::"read", resource);
    @id("c") @approval("h") @quorum("2") @expires("30s")
      permit (principal, action == Action::"write", resource);`;
  deepStrictEqual(judge(text, [{ ...select, effects: ["read", "write"] }]).approvals, [
    { group: "g", quorum: 3, expiresMs: 7_200_000, policies: ["a", "b"] },
    { group: "h", quorum: 2, expiresMs: 30_000, policies: ["c"] },
  ]);
});

Deno.test("decide() judges each statement: deny wins over hold wins over allow", () => {
  const text = `
    @id("s") permit (principal, action == Action::"session", resource);
    @id("r") permit (principal, action == Action::"read", resource);
    @id("w") @approval("g") permit (principal, action == Action::"write", resource);`;
  const update = { ...select, command: "UPDATE", effects: ["write" as const] };
  strictEqual(judge(text, [begin, select]).decision, "allow");
  strictEqual(judge(text, [begin, select, update]).decision, "hold");
  const denied = judge(text, [begin, select, update, dropTable]);
  strictEqual(denied.decision, "deny");
  deepStrictEqual(denied.denied.map(({ effect, relations }) => [effect, relations]), [
    ["define", ["public.old"]],
  ]);
});

Deno.test("decide() judges a request as a whole: effects and classes that only meet there", () => {
  const text = `${permitAll}
    @id("no-mix") forbid (principal, action, resource is Connection)
      when { context.classes.contains("ssn") && context.effects.contains("write") };`;
  const secret = { ...select, classesRead: ["ssn"] };
  const update = { ...select, command: "UPDATE", effects: ["write" as const] };
  strictEqual(judge(text, [secret]).decision, "allow");
  strictEqual(judge(text, [update]).decision, "allow");
  deepStrictEqual(judge(text, [secret, update]).policies, ["no-mix"]);
});

Deno.test("decide() adds rows up, so that bulk cannot be cut into statements", () => {
  const part = { ...select, estimatedRows: 600 };
  strictEqual(judge(designPolicy, [part]).decision, "allow");
  strictEqual(judge(designPolicy, [part, part]).decision, "hold");
  strictEqual(judge(designPolicy, [part, { ...part, estimatedRows: 100 }]).decision, "allow");
});

Deno.test("decide() keeps a condition on the command usable in a transaction", () => {
  const text = `
    @id("s") permit (principal, action == Action::"session", resource);
    @id("r") permit (principal, action == Action::"read", resource)
      when { context.command == "SELECT" };`;
  strictEqual(judge(text, [begin, select]).decision, "allow");
  strictEqual(judge(text, [begin, { ...select, command: "COPY" }]).decision, "deny");
});

Deno.test("decide() counts a forbid that fails to evaluate as matching", () => {
  // Cedar itself skips a policy that errs, and would allow this request.
  const text = `${permitAll}
    @id("overflows") forbid (principal, action, resource)
      when { context.estimated_rows + 9223372036854775807 < 0 };`;
  const decision = judge(text, [select]);
  strictEqual(decision.decision, "deny");
  deepStrictEqual(decision.policies, ["overflows"]);
});

Deno.test("decide() does not count a permit that fails to evaluate", () => {
  const text = `@id("overflows") permit (principal, action, resource)
    when { context.estimated_rows + 9223372036854775807 > 0 };`;
  strictEqual(judge(text, [select]).decision, "deny");
});

Deno.test("decide() treats an estimate that is no number as more than any limit", () => {
  const text = `${permitAll}
    @id("big") forbid (principal, action, resource) when { context.estimated_rows > 1000000 };`;
  for (const estimatedRows of [Number.NaN, Infinity, 1e300]) {
    deepStrictEqual(judge(text, [{ ...select, estimatedRows }]).policies, ["big"]);
  }
  strictEqual(judge(text, [{ ...select, estimatedRows: 0.5 }]).decision, "allow");
});

Deno.test("decide() refuses a statement that claims no effect", () => {
  const decision = judge(permitAll, [select, { ...select, effects: [] }]);
  strictEqual(decision.decision, "deny");
  strictEqual(decision.unjudged, "no_effect");
});

Deno.test("decide() judges a request without statements as touching the session", () => {
  const session = `@id("s") permit (principal, action == Action::"session", resource);`;
  strictEqual(judge(session, []).decision, "allow");
  strictEqual(
    judge(`@id("r") permit (principal, action == Action::"read", resource);`, []).decision,
    "deny",
  );
});

Deno.test("decide() refuses a request that asks more questions than its limit", () => {
  const policy = load(permitAll, { ...policyLimits, questionsMax: 10 });
  const many = Array.from(
    { length: 9 },
    (_, index) => ({ ...select, relations: [`public.r${index}`] }),
  );
  strictEqual(decide(policy, ada, "ehr", many).decision, "allow");
  const more = [...many, { ...select, relations: ["public.last"] }];
  strictEqual(decide(policy, ada, "ehr", more).unjudged, "too_many_questions");
  const same = Array.from({ length: 500 }, () => select);
  strictEqual(decide(policy, ada, "ehr", same).decision, "allow");
});

Deno.test("decide() says who may see everything: every class, and what is not understood", () => {
  ok(judge(permitAll, [select]).everything);
  strictEqual(judge(permitAll, [unreadAnalysis]).decision, "allow");
  ok(judge(permitAll, [unreadAnalysis]).everything);
  const allClasses = ["ssn", "mrn", "name"].map((name) => {
    return `@id("sees-${name}") permit (principal, action == Action::"reveal",
      resource == DataClass::"${name}");`;
  }).join("\n");
  const work = `@id("works") permit (principal, action, resource == Connection::"ehr");\n`;
  ok(!judge(work + allClasses, [select]).everything, "opaque is not revealed");
  const opaque = `@id("sees-opaque") permit (principal, action == Action::"reveal",
    resource == DataClass::"opaque");`;
  ok(judge(work + allClasses + opaque, [select]).everything);
  ok(!judge(work + opaque, [select]).everything, "classes are not revealed");
  const but = `${permitAll}
    @id("not-ssn") forbid (principal, action == Action::"reveal", resource == DataClass::"ssn");`;
  ok(!judge(but, [select]).everything);
  const once = `${permitAll}
    @id("not-then") forbid (principal, action == Action::"reveal",
      resource == DataClass::"opaque") when { context.command == "DROP TABLE" };`;
  ok(judge(once, [select]).everything);
  ok(!judge(once, [select, dropTable]).everything);
});

Deno.test("what is made of a class and written is declassified for who may not see it", () => {
  const text = `@id("most") permit (principal, action in [Action::"read", Action::"write",
      Action::"reveal"], resource);
    @id("hides-ssn") forbid (principal, action == Action::"reveal", resource == DataClass::"ssn");`;
  const update = { ...select, command: "UPDATE", effects: ["write" as const] };
  const decided = (name: string) =>
    judge(text, [{ ...update, classesWritten: [name], classesReshaped: [name] }]);
  strictEqual(decided("mrn").decision, "allow");
  strictEqual(decided("ssn").decision, "deny");
  deepStrictEqual(decided("ssn").denied.map(({ effect }) => effect), ["declassify"]);
  strictEqual(judge(text, [{ ...update, classesWritten: ["ssn"] }]).decision, "allow");
});

Deno.test("decide() tells policy that a class is written which may not be seen", () => {
  const text = `${permitAll}
    @id("hides-ssn") forbid (principal, action == Action::"reveal", resource == DataClass::"ssn");
    @id("not-blindly") forbid (principal, action == Action::"write", resource is Connection)
      when { context.effects.contains("writes_unseen") };`;
  const update = { ...select, command: "UPDATE", effects: ["write" as const] };
  const decided = (...classesWritten: string[][]) =>
    judge(text, classesWritten.map((written) => ({ ...update, classesWritten: written })));
  strictEqual(decided([]).decision, "allow");
  strictEqual(decided(["mrn", "name"]).decision, "allow");
  deepStrictEqual(decided(["ssn"]).policies, ["not-blindly"]);
  deepStrictEqual(decided(["mrn", "ssn"]).policies, ["not-blindly"]);
  deepStrictEqual(decided(["mrn"], ["ssn"]).policies, ["not-blindly"]);
  const reading = { ...select, classesRead: ["ssn"] };
  strictEqual(judge(text, [reading]).decision, "allow", "what is only read is masked");
});
