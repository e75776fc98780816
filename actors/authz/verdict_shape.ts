/** What a verdict holds, before and after its request is judged. @module */
import type { Verdict } from "#schemas/frames.ts";
import { maskWhole } from "#schemas/mask_plan.ts";
import type { Judgement } from "./session_judge.ts";
import type { Waiting } from "./state.ts";

/** All of a verdict but its decision: nothing is allowed, and whatever came would be masked. */
export function undecided(
  request: number,
  { digest }: Pick<Waiting, "digest">,
): Omit<Verdict, "decision"> {
  return {
    version: 1,
    request,
    digest,
    policies: [],
    policyVersion: "",
    catalogDigest: null,
    reasons: [],
    statements: [],
    plan: maskWhole,
    parsed: null,
    durationMsMax: 1,
    approval: null,
    cancels: null,
  };
}

/** What of a verdict the judgement of its request says. */
export function verdictOf(judgement: Judgement) {
  const { decision, policies, policyVersion, catalogDigest, reasons, plan, parsed } = judgement;
  const { durationMsMax, volume, defines, prepares } = judgement;
  const { unsettled = false, late = false } = judgement;
  return {
    decision,
    policies: [...policies],
    policyVersion,
    catalogDigest,
    reasons: [...reasons],
    statements: [...judgement.statements],
    plan,
    parsed: parsed === null ? null : [...parsed],
    ...(defines === undefined ? {} : { defines: defines === null ? null : [...defines] }),
    ...(unsettled === true ? { unsettled } : {}),
    ...(prepares === undefined ? {} : { prepares: prepares === null ? null : [...prepares] }),
    ...(late === true ? { late } : {}),
    durationMsMax,
    ...(volume === null ? {} : { volume }),
  };
}
