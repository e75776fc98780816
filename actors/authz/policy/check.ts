/**
 * Checks a configuration and a policy together, and says what they amount to: the pure part of
 * `sallyport policy check`.
 *
 * @module
 */
import { Effect } from "#schemas/analysis.ts";
import { type Config, Config as ConfigSchema } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { revealAction, unlistedClass } from "#schemas/policy_schema.ts";
import { loadPolicy } from "./cedar.ts";
import type { VolumeBounds } from "#schemas/volume.ts";
import type { ApprovalRule, PolicyRule } from "./rules.ts";

export type FileProblem = {
  readonly file: "config" | "policy";
  readonly path: string;
  readonly message: string;
};

/** A rule as a reader wants it: what it is about, without its conditions. */
export type RuleSummary = {
  readonly id: string;
  readonly line: number;
  readonly effect: "permit" | "forbid";
  /** Names of its actions; every action where the rule names none. */
  readonly actions: readonly string[];
  readonly conditional: boolean;
  readonly approval: ApprovalRule | null;
  /** The limits it sets to what leaves. */
  readonly volume: Partial<VolumeBounds>;
};

export type PolicySummary = {
  readonly configDigest: string;
  readonly policyVersion: string;
  readonly connections: readonly string[];
  readonly classes: readonly string[];
  readonly rules: readonly RuleSummary[];
  /** What is allowed to be so, and seldom meant. */
  readonly warnings: readonly string[];
};

export type CheckedPolicy =
  | { readonly ok: true; readonly problems: readonly []; readonly summary: PolicySummary }
  | { readonly ok: false; readonly problems: readonly FileProblem[]; readonly summary: null };

/** Loads both texts as a start of the gateway would. Nothing is kept. */
export function checkPolicy(configText: string, policyText: string): CheckedPolicy {
  const parsed = parseConfig(configText);
  if (!parsed.ok) {
    // The policy's own mistakes are worth seeing although its names cannot be looked up.
    const loaded = loadPolicy(policyText, nameless);
    if (loaded.ok) loaded.policy.release();
    const unrelated = loaded.ok ? [] : loaded.problems.filter(isAboutPolicyAlone);
    return {
      ok: false,
      problems: [...inFile("config", parsed.problems), ...inFile("policy", unrelated)],
      summary: null,
    };
  }
  const loaded = loadPolicy(policyText, parsed.config);
  if (!loaded.ok) return { ok: false, problems: inFile("policy", loaded.problems), summary: null };
  const rules = [...loaded.policy.rules.values()];
  loaded.policy.release();
  const summary = {
    configDigest: parsed.digest,
    policyVersion: loaded.version,
    connections: Object.keys(parsed.config.connections).sort(),
    classes: Object.keys(parsed.config.classes).sort(),
    rules: rules.map(summaryOf),
    warnings: warningsOf(rules.map(summaryOf), parsed.config),
  };
  return { ok: true, problems: [], summary };
}

/** A configuration without a name in it, to read a policy against when the real one is broken. */
const nameless: Config = ConfigSchema.parse({
  version: 1,
  organisation: "none",
  issuer: { url: "https://localhost", audience: "none" },
  console: { url: "https://localhost", client_id: "none" },
  connections: {},
  classes: {},
});

function isAboutPolicyAlone({ message }: { readonly message: string }): boolean {
  return !/is not in the configuration|never holds|never is/.test(message);
}

function inFile(
  file: FileProblem["file"],
  problems: readonly { readonly path: string; readonly message: string }[],
): FileProblem[] {
  return problems.map(({ path, message }) => ({ file, path, message }));
}

function summaryOf({ id, line, effect, json, approval, volume }: PolicyRule): RuleSummary {
  const { action, conditions } = json;
  const entities = "entities" in action
    ? action.entities
    : "entity" in action
    ? [action.entity]
    : [];
  const named = entities.map((entity) => "__entity" in entity ? entity.__entity.id : entity.id);
  const actions = action.op === "All" ? [...Effect.options, revealAction] : named;
  return { id, line, effect, actions, conditional: conditions.length > 0, approval, volume };
}

function warningsOf(rules: readonly RuleSummary[], config: Config): string[] {
  const warnings: string[] = [];
  const permits = rules.filter(({ effect }) => effect === "permit");
  for (const effect of ["connect", "session", "read"] as const) {
    if (permits.some(({ actions }) => actions.includes(effect))) continue;
    warnings.push(`no policy permits "${effect}" to anyone`);
  }
  for (const { id, actions, approval, conditional } of permits) {
    if (approval === null && actions.length > 1 && actions.includes(revealAction)) {
      warnings.push(`policy "${id}" permits reveal among other actions: it unmasks classes`);
    }
    if (approval === null && actions.includes("escape")) {
      warnings.push(`policy "${id}" permits escape, past everything that lineage follows`);
    }
    if (approval === null && actions.includes("interpret") && !conditional) {
      warnings.push(`policy "${id}" permits interpret, code that nobody can judge, of any kind`);
    }
  }
  for (const [name, { columns, detectors }] of Object.entries(config.classes)) {
    if (name === unlistedClass || columns.length > 0 || detectors.length > 0) continue;
    warnings.push(`class "${name}" has no columns and no detectors, so it protects nothing`);
  }
  return warnings;
}
