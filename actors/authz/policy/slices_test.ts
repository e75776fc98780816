import { isAuthorized } from "@cedar-policy/cedar-wasm";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { Answer, PolicySet, Question } from "./cedar.ts";
import { policyLimits } from "./cedar.ts";
import { contextOf, partiesOf } from "./question.ts";
import { parseRules } from "./rules.ts";
import { rulesFor, seenBy } from "./slices.ts";
import { situationsOf } from "./situation.ts";
import { ada, alone, load, select } from "./testing.ts";

function rulesOf(...texts: string[]) {
  const { rules, problems } = parseRules(
    texts.map((text, at) => `@id("p${at}") ${text}`).join("\n"),
    1000,
  );
  deepStrictEqual(problems, []);
  return rules;
}

Deno.test("rulesFor() leaves out rules of another action or resource, and no others", () => {
  const rules = rulesOf(
    `permit (principal, action, resource);`,
    `permit (principal, action == Action::"read", resource);`,
    `permit (principal, action in [Action::"read", Action::"write"], resource);`,
    `permit (principal, action in Action::"write", resource);`,
    `permit (principal, action, resource == Connection::"ehr");`,
    `permit (principal, action, resource is Connection);`,
    `permit (principal, action, resource in Connection::"lab");`,
    `permit (principal, action, resource is DataClass);`,
  );
  const ids = (action: string, type: string, id: string) =>
    rulesFor(rules, action, { type, id }).map((rule) => rule.id.slice(1)).join("");
  strictEqual(ids("read", "Connection", "ehr"), "012456");
  strictEqual(ids("write", "Connection", "lab"), "02356");
  strictEqual(ids("reveal", "DataClass", "ehr"), "067");
});

Deno.test("seenBy() names what rules look at, and takes every other use of context for all", () => {
  const when = (condition: string) =>
    seenBy(rulesOf(`permit (principal, action, resource) when { ${condition} };`));
  deepStrictEqual(when("true"), new Set());
  deepStrictEqual(
    when(`context.purpose == "TREAT" && (context.agent || context has port)`),
    new Set(["purpose", "agent", "port"]),
  );
  deepStrictEqual(
    when("[context.classes].contains(context.relations)"),
    new Set([
      "classes",
      "relations",
    ]),
  );
  strictEqual(when("context == {}"), "everything");
  strictEqual(when("{ inner: context }.inner.agent"), "everything");
  strictEqual(when("[context].contains({})"), "everything");
});

const actions = ["read", "write", "filter_by", "reveal"] as const;
const aScope = fc.constantFrom(
  "resource",
  "resource is Connection",
  "resource is DataClass",
  'resource == Connection::"ehr"',
  'resource == Connection::"lab"',
  'resource == DataClass::"ssn"',
);
const aCondition = fc.constantFrom(
  "",
  "when { context.estimated_rows > 100 }",
  "when { context.estimated_rows + 9223372036854775807 > 0 }",
  'when { context.relations.contains("public.patients") }',
  'unless { context.classes.contains("ssn") || context.agent }',
  'when { context.purpose == "TREAT" }',
);
const aRule = fc.record({
  effect: fc.constantFrom("permit", "permit", "forbid", '@approval("g") permit'),
  action: fc.constantFrom(...actions, null),
  resource: aScope,
  condition: aCondition,
}).map(({ effect, action, resource, condition }) => {
  const asked = action === "reveal" && effect.startsWith("@") ? "permit" : effect;
  const connection = action !== null && action !== "reveal";
  const about = connection !== resource.includes("DataClass") ? resource : "resource";
  const what = action === null ? "action" : `action == Action::"${action}"`;
  return `${asked} (principal, ${what}, ${about}) ${condition};`;
});
const aQuestion = fc.record({
  principal: fc.constantFrom(ada, alone),
  action: fc.constantFrom(...actions),
  connection: fc.constantFrom("ehr", "lab"),
  dataClass: fc.constantFrom("ssn", "name"),
  relations: fc.subarray(["public.patients", "public.visits"]),
  classesRead: fc.subarray(["ssn", "name"]),
  estimatedRows: fc.constantFrom(1, 5000),
}).map(({ principal, action, connection, dataClass, ...facts }): Question => {
  const parties = partiesOf(principal, connection, {});
  const [situation] = situationsOf([{ ...select, ...facts }], 1000);
  const [subject] = situation?.subjects.get("read") ?? [];
  if (situation === undefined || subject === undefined) throw new Error("No situation");
  const context = contextOf(principal, connection, situation, subject);
  const resource = action === "reveal" ? { type: "DataClass", id: dataClass } : parties.connection;
  const entities = action === "reveal"
    ? [...parties.entities, { uid: resource, attrs: { name: dataClass }, parents: [] }]
    : parties.entities;
  return { principal: parties.principal, action, resource, context, entities };
});

/** Cedar's own answer, given all rules and all of the context. */
function wholeAnswer(policy: PolicySet, question: Question): Answer["kind"] {
  const rules = [...policy.rules.values()];
  const decided = (kind: "plain" | "approval") => {
    const asked = rules.filter((rule) => (rule.approval === null) === (kind === "plain"));
    const answer = isAuthorized({
      ...question,
      action: { type: "Action", id: question.action },
      entities: [...question.entities],
      policies: { staticPolicies: Object.fromEntries(asked.map(({ id, text }) => [id, text])) },
    });
    if (answer.type === "failure") throw new Error("Cedar has no answer");
    return answer.response;
  };
  const plain = decided("plain");
  const isForbid = (id: string) => policy.rules.get(id)?.effect === "forbid";
  if (plain.diagnostics.errors.some(({ policyId }) => isForbid(policyId))) return "forbidden";
  if (plain.decision === "allow") return "permitted";
  if (plain.diagnostics.reason.length > 0) return "forbidden";
  return decided("approval").decision === "allow" ? "needs_approval" : "not_permitted";
}

Deno.test("ask() answers as Cedar does of all rules and all facts, remembered or not", () => {
  fc.assert(
    fc.property(
      fc.array(aRule, { maxLength: 6 }),
      fc.array(aQuestion, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(2, 1000),
      (rules, questions, answersMax) => {
        const text = rules.map((rule, at) => `@id("p${at}") ${rule}`).join("\n");
        const policy = load(text, { ...policyLimits, answersMax });
        for (const question of [...questions, ...questions]) {
          strictEqual(policy.ask(question).kind, wholeAnswer(policy, question));
        }
        policy.release();
      },
    ),
    { numRuns: 80 },
  );
});

Deno.test("ask() remembers no answer of a policy that was released", () => {
  const policy = load(`@id("all") permit (principal, action, resource);`);
  const parties = partiesOf(ada, "ehr", {});
  const question = {
    principal: parties.principal,
    action: "read",
    resource: parties.connection,
    context: {},
    entities: parties.entities,
  };
  strictEqual(policy.ask(question).kind, "permitted");
  policy.release();
  strictEqual(policy.ask(question).kind, "failed");
});
