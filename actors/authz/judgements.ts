/**
 * Policy's decisions as judgements, for every protocol alike.
 *
 * @module
 */
import { type Effect, type StatementAnalysis, statementsRecordedMax } from "#schemas/analysis.ts";
import type { Config } from "#schemas/config.ts";
import { expectedRows, expectedRowsText } from "#schemas/expected_rows.ts";
import type { Open, PrincipalChain, Reason } from "#schemas/frames.ts";
import { type MaskPlan, maskWhole } from "#schemas/mask_plan.ts";
import type { PolicySet } from "./policy/cedar.ts";
import { createDecider, type Decider, type Decision } from "./policy/decide.ts";
import { explain, permittedEffects } from "./policy/explain.ts";
import { seesRows } from "./policy/rows.ts";
import type { PolicyRule } from "./policy/rules.ts";
import { type Judgement, noConsequence, type SessionJudge } from "./session_judge.ts";

export type JudgementPorts = {
  readonly config: Config;
  readonly configDigest: string;
  readonly policy: () => PolicySet;
};

export type Judgements = {
  readonly config: Config;
  decide(
    principal: PrincipalChain,
    connection: string,
    analyses: readonly StatementAnalysis[],
  ): Decision;
  /** What a decision says; its plan masks everything until one is made. */
  of(
    decision: Decision,
    principal: PrincipalChain,
    open: Open,
    statements: readonly StatementAnalysis[],
  ): Judgement;
  refuse(reason: Reason | null, catalogDigest?: string | null): Judgement;
  /** The rules of the policy in force, by id. */
  rules(): ReadonlyMap<string, PolicyRule>;
  /** Whether any of them can see how many rows are expected. */
  seesRows(): boolean;
  /** The judge of a session that is not to be: everything is refused, for one reason. */
  refusing(reason: Reason): SessionJudge;
};

export function createJudgements(ports: JudgementPorts): Judgements {
  const { config, configDigest } = ports;
  let decider: { readonly policy: PolicySet; readonly decider: Decider } | null = null;
  return {
    config,
    decide,
    of,
    rules: () => ports.policy().rules,
    seesRows: () => seesRows(ports.policy()),
    refuse,
    refusing,
  };

  function decide(
    principal: PrincipalChain,
    connection: string,
    analyses: readonly StatementAnalysis[],
  ): Decision {
    const policy = ports.policy();
    if (decider?.policy !== policy) decider = { policy, decider: createDecider(policy) };
    return decider.decider.decide(principal, connection, analyses);
  }

  function of(
    decision: Decision,
    principal: PrincipalChain,
    open: Open,
    statements: readonly StatementAnalysis[],
  ): Judgement {
    const { connection } = open;
    const permitted = decision.decision === "deny"
      ? permittedEffects(ports.policy(), principal, connection, hintEffects)
      : [];
    return {
      ...refuse(null),
      decision: decision.decision,
      policies: decision.policies,
      reasons: withRows(
        explain(decision, connection, config.limits.bulk_rows, permitted),
        statements,
      ),
      needs: decision.approvals,
      statements: statements.slice(0, statementsRecordedMax),
    };
  }

  function refuse(reason: Reason | null, catalogDigest: string | null = null): Judgement {
    return {
      decision: "deny",
      policies: [],
      policyVersion: ports.policy().version,
      configDigest,
      catalogDigest,
      reasons: reason === null ? [] : [reason],
      needs: [],
      statements: [],
      plan: maskWhole,
      parsed: null,
      durationMsMax: config.limits.statement_ms_max,
      volume: null,
      facts: [],
      consequence: noConsequence,
      explain: [],
    };
  }

  function refusing(reason: Reason): SessionJudge {
    return {
      connect: () => refuse(reason),
      request: () => refuse(reason),
      understand: () => noConsequence,
      estimated() {},
      denied() {},
      ready: () => true,
      waitOver() {},
    };
  }
}

/** What a decision may have turned on is told with its first reason. */
function withRows(reasons: readonly Reason[], statements: readonly StatementAnalysis[]): Reason[] {
  const expected = expectedRows(statements);
  return reasons.map((reason, index) => {
    if (expected.by === null || index > 0) return reason;
    const detail = `${reason.detail} Expected: ${expectedRowsText(expected)}.`.trim();
    return { ...reason, detail };
  });
}

/** A session opens or it does not: there is no way to hold a login open for approval. */
export function neverHeld(judgement: Judgement, plan: MaskPlan): Judgement {
  const held = judgement.decision === "hold";
  return { ...judgement, decision: held ? "deny" : judgement.decision, plan };
}

/** Effects that a refusal's hint may name. */
const hintEffects: readonly Effect[] = ["read", "write", "export", "execute", "define"];
