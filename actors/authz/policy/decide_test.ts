import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { Effect, type StatementAnalysis } from "#schemas/analysis.ts";
import { Config } from "#schemas/config.ts";
import { loadPolicy, policyLimits, type PolicySet } from "./cedar.ts";
import { createDecider, decide, type Decision } from "./decide.ts";
import { connectAnalysis, type Principal } from "./situation.ts";

const config = Config.parse({
  version: 1,
  organisation: "Example Health",
  issuer: { url: "https://id.example.org", audience: "sallyport" },
  console: { url: "https://gate.example.org", client_id: "console" },
  connections: {
    ehr: {
      protocol: "postgres",
      host: "db.example.org",
      port: 5432,
      database: "ehr",
      user: "gate",
      labels: { env: "production" },
    },
    lab: {
      protocol: "postgres",
      host: "lab.example.org",
      port: 5432,
      database: "lab",
      user: "gate",
    },
  },
  classes: { ssn: {}, mrn: {}, name: {} },
});

const ada: Principal = {
  issuer: "https://id.example.org",
  person: "ada",
  actors: ["summariser"],
  groups: ["clinical-agents", "treatment-team"],
  purpose: "TREAT",
};
const alone: Principal = { ...ada, actors: [] };

const select: StatementAnalysis = {
  command: "SELECT",
  effects: ["read"],
  details: [],
  relations: ["public.patients"],
  functions: [],
  classesRead: [],
  classesFiltered: [],
  classesWritten: [],
  columns: [],
  copy: null,
  estimatedRows: 1,
};
const dropTable: StatementAnalysis = {
  ...select,
  command: "DROP TABLE",
  effects: ["define"],
  details: ["drop"],
  relations: ["public.old"],
  columns: null,
};
const begin: StatementAnalysis = {
  ...select,
  command: "BEGIN",
  effects: ["session"],
  relations: [],
  columns: null,
};
const bulk: StatementAnalysis = { ...select, effects: ["read", "export"], estimatedRows: 5000 };

const designPolicy = `
@id("clinical-agents-read")
permit (principal in Group::"clinical-agents", action == Action::"read", resource == Connection::"ehr");
@id("bulk-needs-compliance") @approval("compliance") @quorum("2") @expires("15m")
permit (principal in Group::"clinical-agents", action == Action::"export", resource == Connection::"ehr")
  when { context.estimated_rows > 1000 };
@id("treatment-team-sees-mrn")
permit (principal in Group::"treatment-team", action == Action::"reveal", resource == DataClass::"mrn")
  when { context.purpose == "TREAT" };
@id("never-drop")
forbid (principal, action == Action::"define", resource) when { context.effects.contains("drop") };
`;

function load(text: string, limits = policyLimits): PolicySet {
  const loaded = loadPolicy(text, config, limits);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

function judge(text: string, analyses: StatementAnalysis[], principal = ada): Decision {
  return decide(load(text), principal, "ehr", analyses);
}

const permitAll = `@id("all") permit (principal, action, resource);`;

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
    @id("a") @approval("g") @quorum("1") @expires("1d") permit (principal, action == Action::"read", resource);
    @id("b") @approval("g") @quorum("3") @expires("2h") permit (principal, action == Action::"read", resource);
    @id("c") @approval("h") @quorum("2") @expires("30s") permit (principal, action == Action::"write", resource);`;
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
  const text =
    `@id("c") permit (principal in Group::"clinical-agents", action == Action::"connect", resource);`;
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
  const shut =
    `${permitAll} @id("f") forbid (principal, action == Action::"reveal", resource == DataClass::"mrn");`;
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
