/** The demo's configuration and policy: they load without a problem, and decide as they say. */
import assert from "node:assert/strict";
import { type Effect } from "#schemas/analysis.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { loadPolicy } from "#actors/authz/policy/cedar.ts";
import { checkPolicy } from "#actors/authz/policy/check.ts";
import { decide, type Decision } from "#actors/authz/policy/decide.ts";
import type { Principal } from "#actors/authz/policy/situation.ts";
import { demoConfiguration, demoPolicy } from "#deploy/demo/configuration.ts";

const configText = await demoConfiguration({
  issuerUrl: "http://127.0.0.1:1001",
  consoleUrl: "http://127.0.0.1:1002",
  postgresPort: 1003,
  passwordFile: "secrets/other.password",
  caFile: "certificates/other.crt",
});
const policyText = await demoPolicy();

const base = { issuer: "http://127.0.0.1:1001", actors: [], purpose: "" };
const agent: Principal = {
  ...base,
  person: "ana",
  actors: ["report-agent"],
  groups: ["analysts", "clinical-agents"],
  purpose: "HOPERAT",
};
const ana: Principal = { ...agent, actors: [], groups: ["analysts"] };
const foreign: Principal = { ...agent, actors: ["foreign-agent"], groups: ["analysts"] };
const nora: Principal = { ...base, person: "nora", groups: ["treatment-team"], purpose: "TREAT" };
const carl: Principal = { ...base, person: "carl", groups: ["compliance"], purpose: "HCOMPL" };

Deno.test("demoConfiguration() fills the addresses in and stays valid", () => {
  const parsed = parseConfig(configText);
  assert.deepEqual(parsed.ok ? [] : parsed.problems, []);
  if (!parsed.ok) return;
  const { issuer, console, connections } = parsed.config;
  assert.equal(issuer.url, base.issuer);
  assert.equal(console.url, "http://127.0.0.1:1002");
  assert.equal(connections["ehr"]?.port, 1003);
  assert.equal(connections["ehr"]?.password_file, "secrets/other.password");
  const { ehr } = connections;
  assert.equal(ehr?.protocol === "postgres" && ehr.tls.ca_file, "certificates/other.crt");
  assert.match(configText, /# What derives from a column/);
});

Deno.test("the demo's policy has no problem and no warning", () => {
  const checked = checkPolicy(configText, policyText);
  assert.deepEqual(checked.problems, []);
  assert.deepEqual(checked.summary?.warnings, []);
});

Deno.test("agents for an analyst read, and see nothing unmasked", () => {
  for (const effects of [["connect"], ["session"], ["read"], ["read", "filter_by"]] as const) {
    assert.equal(judge(agent, { effects }).decision, "allow", effects.join());
    assert.equal(judge(ana, { effects }).decision, "allow", effects.join());
    assert.equal(judge(foreign, { effects }).decision, "deny", effects.join());
    assert.equal(judge(carl, { effects }).decision, "deny", effects.join());
  }
  const all = ["mrn", "name", "ssn", "dob", "contact", "zip", "note"];
  assert.deepEqual(judge(agent, { effects: ["read"], classes: all }).revealed, []);
  const lent = { ...nora, actors: ["triage-agent"] };
  assert.deepEqual(judge(lent, { effects: ["read"], classes: all }).revealed, []);
});

Deno.test("an export and a change of claims are held for compliance", () => {
  const exported = judge(agent, { effects: ["read", "export"], rows: 5000 });
  assert.equal(exported.decision, "hold");
  assert.deepEqual(exported.approvals.map(({ group, quorum }) => ({ group, quorum })), [
    { group: "compliance", quorum: 1 },
  ]);
  const update = { effects: ["read", "write"], command: "UPDATE" } as const;
  const claims = judge(agent, { ...update, relations: ["public.claims"] });
  assert.deepEqual([claims.decision, claims.policies], ["hold", ["claims-need-compliance"]]);
  const denied = [
    { ...update, relations: ["public.patients"] },
    { ...update, relations: ["public.claims", "public.patients"] },
    { ...update, relations: ["public.claims"], command: "DELETE" },
  ];
  for (const change of denied) assert.equal(judge(agent, change).decision, "deny");
  assert.equal(judge(nora, { ...update, relations: ["public.claims"] }).decision, "deny");
});

Deno.test("the nurse sees names and record numbers, for treatment only", () => {
  const read = { effects: ["read"], classes: ["mrn", "name", "note", "ssn", "contact"] } as const;
  assert.deepEqual(judge(nora, read).revealed, ["mrn", "name", "note"]);
  assert.equal(judge({ ...nora, purpose: "HOPERAT" }, read).decision, "deny");
  assert.equal(judge(nora, { effects: ["read", "export"], rows: 5000 }).decision, "deny");
});

Deno.test("nobody drops, administers, escapes, runs unknown code or declassifies", () => {
  const dropped = judge(agent, { effects: ["define"], details: ["drop"], command: "DROP TABLE" });
  assert.deepEqual([dropped.decision, dropped.policies], ["deny", ["never-drop"]]);
  for (const principal of [agent, ana, nora, carl]) {
    for (const effect of ["define", "administer", "escape", "execute", "declassify"] as const) {
      assert.equal(judge(principal, { effects: [effect] }).decision, "deny", effect);
    }
  }
  const search = judge(agent, { effects: ["read", "filter_by"], filtered: ["ssn"] });
  assert.deepEqual([search.decision, search.policies], ["deny", ["no-search-by-ssn"]]);
});

type What = {
  readonly effects: readonly Effect[];
  readonly details?: readonly string[];
  readonly command?: string;
  readonly relations?: readonly string[];
  readonly classes?: readonly string[];
  readonly filtered?: readonly string[];
  readonly rows?: number;
};

function judge(principal: Principal, what: What): Decision {
  const parsed = parseConfig(configText);
  assert.ok(parsed.ok);
  const loaded = loadPolicy(policyText, parsed.config);
  assert.ok(loaded.ok);
  const decision = decide(loaded.policy, principal, "ehr", [{
    command: what.command ?? "SELECT",
    effects: [...what.effects],
    details: [...what.details ?? []],
    relations: [...what.relations ?? ["public.patients"]],
    functions: [],
    classesRead: [...what.classes ?? []],
    classesFiltered: [...what.filtered ?? []],
    filters: (what.filtered ?? []).map((name) => ({ class: name, kinds: ["equality"], probes: 1 })),
    classesWritten: [],
    columns: [],
    copy: null,
    estimatedRows: what.rows ?? 1,
  }]);
  loaded.policy.release();
  return decision;
}
