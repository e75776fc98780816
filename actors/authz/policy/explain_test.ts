import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "#schemas/analysis.ts";
import { Reason } from "#schemas/frames.ts";
import { decide } from "./decide.ts";
import { explain, permittedEffects } from "./explain.ts";
import { ada, bulk, designPolicy, dropTable, judge, load, select } from "./testing.ts";

Deno.test("explain() has nothing to say about what is allowed", () => {
  deepStrictEqual(explain(judge(designPolicy, [select]), "ehr", 1000), []);
});

Deno.test("explain() names the policy that forbids, what was refused, and a way on", () => {
  const [reason, ...others] = explain(judge(designPolicy, [dropTable]), "ehr", 1000);
  deepStrictEqual(others, []);
  strictEqual(reason?.code, "policy_forbids");
  strictEqual(reason.policy, "never-drop");
  strictEqual(
    reason.message,
    'policy "never-drop" forbids changing definitions (define) on connection "ehr"',
  );
  strictEqual(reason.detail, "Refused: define (drop) of DROP TABLE on public.old.");
  match(reason.hint, /migrations/);
  strictEqual(reason.sqlstate, "42501");
});

Deno.test("explain() says which effect no policy permits, and what would be permitted", () => {
  const policy = load(designPolicy);
  const update = { ...select, command: "UPDATE", effects: ["write" as const] };
  const decision = decide(policy, ada, "ehr", [update]);
  const permitted = permittedEffects(policy, ada, "ehr", Effect.options);
  deepStrictEqual(permitted, ["read"]);
  const [reason] = explain(decision, "ehr", 1000, permitted);
  strictEqual(reason?.code, "policy_no_permit");
  strictEqual(reason.policy, null);
  strictEqual(reason.message, 'no policy permits changing rows (write) on connection "ehr"');
  match(reason.hint, /Read instead \(SELECT\).*On this connection you may: read\./);
});

Deno.test("explain() names the limit that makes a read a bulk read", () => {
  const text = designPolicy.split('@id("bulk')[0] ?? "";
  const [reason] = explain(judge(text, [bulk]), "ehr", 250);
  match(reason?.hint ?? "", /^Add LIMIT 250 or less/);
});

Deno.test("explain() tells who must approve a held request, and not to repeat it", () => {
  const [reason] = explain(judge(designPolicy, [bulk]), "ehr", 1000);
  strictEqual(reason?.code, "approval_needed");
  strictEqual(reason.policy, "bulk-needs-compliance");
  match(reason.message, /needs 2 approvals by different people from group "compliance"/);
  match(reason.detail, /at most 900 s/);
  match(reason.hint, /Do not send it again/);
});

Deno.test("explain() gives a valid, complete reason for every effect and every failure", () => {
  const effects = Effect.options.map((effect) => judge("", [{ ...select, effects: [effect] }]));
  const unjudged =
    (["unknown_connection", "no_effect", "too_many_questions", "policy_failed"] as const)
      .map((why) => ({ ...judge("", [select]), denied: [], unjudged: why }));
  for (const decision of [...effects, ...unjudged]) {
    const reasons = explain(decision, "ehr", 1000);
    strictEqual(reasons.length, 1);
    for (const reason of reasons) {
      ok(Reason.safeParse(reason).success);
      ok(reason.message !== "" && reason.hint !== "");
    }
  }
});

Deno.test("explain() bounds the names and reasons it lists", () => {
  const relations = Array.from({ length: 500 }, (_, index) => `public.${"r".repeat(500)}${index}`);
  const effects = [...Effect.options];
  const reasons = explain(judge("", [{ ...select, effects, relations }]), "ehr", 1000);
  strictEqual(reasons.length, 8);
  for (const { detail } of reasons) {
    match(detail, / and 492 more\.$/);
    ok(detail.length < 2000);
  }
});
