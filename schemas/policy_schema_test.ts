import { deepStrictEqual, ok } from "node:assert/strict";
import { Effect } from "./analysis.ts";
import { policySchema, revealAction } from "./policy_schema.ts";

Deno.test("policySchema has every effect as an action, and reveal beside them", () => {
  const lists = [...policySchema.matchAll(/^action (.*) appliesTo/gm)].map(([, names]) => names);
  const actions = lists.join(", ").split(", ").map((name) => name.slice(1, -1));
  deepStrictEqual(actions, [...Effect.options, revealAction]);
  ok(!Effect.options.some((effect) => effect.toString() === revealAction));
});
