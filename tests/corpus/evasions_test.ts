/** No planted value is in anything that comes back, and nearly all statements are answered. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { findLeaks, readEvasions } from "./evade.ts";
import { startCorpusRig } from "./rig.ts";

Deno.test("no evasion brings out a planted value", async () => {
  const all = await readEvasions();
  ok(all.length >= 300, `${all.length} evasions`);
  await using rig = await startCorpusRig();
  const { findings, answered } = await findLeaks(rig.system, all);
  deepStrictEqual(findings, []);
  ok(Deno.env.get("CORPUS") !== undefined || answered >= all.length, `${answered} answers`);
});
