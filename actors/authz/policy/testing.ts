/**
 * What the tests of policy share: a configuration, a principal, statements, the design's policy.
 *
 * @module
 */
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import { configWith } from "#schemas/config_testing.ts";
import { loadPolicy, policyLimits, type PolicySet } from "./cedar.ts";
import { decide, type Decision } from "./decide.ts";
import type { Principal } from "./situation.ts";

export const config = configWith({
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

export const ada: Principal = {
  issuer: "https://id.example.org",
  person: "ada",
  actors: ["summariser"],
  groups: ["clinical-agents", "treatment-team"],
  purpose: "TREAT",
};
export const alone: Principal = { ...ada, actors: [] };

export const select: StatementAnalysis = {
  ...emptyAnalysis,
  command: "SELECT",
  effects: ["read"],
  relations: ["public.patients"],
  columns: [],
  estimatedRows: 1,
};
export const dropTable: StatementAnalysis = {
  ...select,
  command: "DROP TABLE",
  effects: ["define"],
  details: ["drop"],
  relations: ["public.old"],
  columns: null,
};
export const begin: StatementAnalysis = {
  ...select,
  command: "BEGIN",
  effects: ["session"],
  relations: [],
  columns: null,
};
export const bulk: StatementAnalysis = {
  ...select,
  effects: ["read", "export"],
  estimatedRows: 5000,
};

export const designPolicy = `
@id("clinical-agents-read")
permit (principal in Group::"clinical-agents", action == Action::"read",
  resource == Connection::"ehr");
@id("bulk-needs-compliance") @approval("compliance") @quorum("2") @expires("15m")
permit (principal in Group::"clinical-agents", action == Action::"export",
  resource == Connection::"ehr")
  when { context.estimated_rows > 1000 };
@id("treatment-team-sees-mrn")
permit (principal in Group::"treatment-team", action == Action::"reveal",
  resource == DataClass::"mrn")
  when { context.purpose == "TREAT" };
@id("never-drop")
forbid (principal, action == Action::"define", resource) when { context.effects.contains("drop") };
`;

export function load(text: string, limits = policyLimits): PolicySet {
  const loaded = loadPolicy(text, config, limits);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

export function judge(text: string, analyses: StatementAnalysis[], principal = ada): Decision {
  return decide(load(text), principal, "ehr", analyses);
}

export const permitAll = `@id("all") permit (principal, action, resource);`;
