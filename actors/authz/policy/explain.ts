/**
 * Turns a decision into reasons that an agent can act on.
 *
 * An agent retries what it does not understand. So each reason names the policy or what no policy
 * permits, what was refused, and the nearest thing that is allowed.
 *
 * **Invariant:** a reason holds names from policy, configuration and catalog and the names of
 * programs, never a value of a statement, an argument or a path. Codes are stable; words are not.
 *
 * @module
 */
import type { Effect } from "#schemas/analysis.ts";
import type { ApprovalNeed, Reason } from "#schemas/frames.ts";
import { connectAnalysis, type Principal } from "./situation.ts";
import { decide, type Decision, type Denied, type Unjudged } from "./decide.ts";
import type { PolicySet } from "./cedar.ts";
import { nearestTo, nearestToOpaque, phraseOf } from "./effect_words.ts";

/** The codes of a reason. */
export type ReasonCode =
  | "policy_forbids"
  | "policy_no_permit"
  | "approval_needed"
  | `policy_${"unknown_connection" | "no_effect" | "too_many_questions" | "failed"}`;

/** Names listed in a detail; the rest is counted. */
const namesMax = 8;
const nameCharsMax = 128;
/** Reasons of one decision. */
const reasonsMax = 8;
/** insufficient_privilege, PostgreSQL Appendix A. */
const sqlstate = "42501";

export type Explained = Reason & { readonly code: ReasonCode };

/**
 * The reasons of a denied or held decision; none for one that is allowed. `permitted` are effects
 * the principal has on the connection (see `permittedEffects`); they make the hint.
 */
export function explain(
  decision: Decision,
  connection: string,
  bulkRows: number,
  permitted: readonly Effect[] = [],
): Explained[] {
  if (decision.decision === "allow") return [];
  if (decision.unjudged !== null) return [explainUnjudged(decision.unjudged, connection)];
  if (decision.decision === "hold") {
    return decision.approvals.slice(0, reasonsMax).map((need) => explainHold(need, connection));
  }
  return decision.denied.slice(0, reasonsMax).map((denied) => ({
    code: denied.policy === null ? "policy_no_permit" : "policy_forbids",
    policy: denied.policy,
    message: denied.policy === null
      ? `no policy permits ${
        phraseOf(denied.effect, languageOf(denied))
      } on connection "${connection}"`
      : `policy "${denied.policy}" forbids ${
        phraseOf(denied.effect, languageOf(denied))
      } on connection "${connection}"`,
    detail: detailOf(denied),
    hint: hintOf(denied, bulkRows, permitted),
    sqlstate,
  }));
}

/**
 * The effects that policy permits the principal on a connection in the plainest case: one row, no
 * class, no relation. For hints only; a condition may still refuse the real thing.
 */
export function permittedEffects(
  policy: PolicySet,
  principal: Principal,
  connection: string,
  effects: readonly Effect[],
): Effect[] {
  return effects.filter((effect) => {
    const plainest = { ...connectAnalysis, command: "", effects: [effect], estimatedRows: 1 };
    return decide(policy, principal, connection, [plainest]).decision === "allow";
  });
}

function languageOf({ streams }: Denied): "sql" | "shell" {
  return streams ? "shell" : "sql";
}

const ask = "Ask the owner of the policy for access, naming the policy or effect above.";

function hintOf(
  denied: Denied,
  bulkRows: number,
  permitted: readonly Effect[],
): string {
  const { effect, policy, details } = denied;
  const others = permitted.filter((other) => other !== "connect" && other !== effect);
  const nearest = languageOf(denied) === "shell" && nearestToOpaque(details) ||
    nearestTo(effect, bulkRows, policy !== null, languageOf(denied));
  const may = others.length === 0 ? "" : `On this connection you may: ${others.join(", ")}. `;
  return `${nearest} ${may}${ask}`;
}

function explainHold({ group, quorum, expiresMs, policies }: ApprovalNeed, connection: string) {
  const people = quorum === 1 ? "1 approval" : `${quorum} approvals by different people`;
  return {
    code: "approval_needed" as const,
    policy: policies[0] ?? null,
    message: `held on connection "${connection}": needs ${people} from group "${group}"`,
    detail: `Asked for by ${list(policies)}; waits at most ${Math.ceil(expiresMs / 1000)} s.`,
    hint: "Wait for the answer; the same bytes run once when granted. Do not send it again.",
    sqlstate,
  };
}

function explainUnjudged(reason: Unjudged, connection: string): Explained {
  const about = {
    unknown_connection: {
      code: "policy_unknown_connection" as const,
      message: "the connection is not in the configuration",
      hint: "Use the name of a connection that exists.",
    },
    no_effect: {
      code: "policy_no_effect" as const,
      message: `a statement on connection "${connection}" could not be judged`,
      hint: "Write it in simpler SQL, and one statement at a time.",
    },
    too_many_questions: {
      code: "policy_too_many_questions" as const,
      message: "the request holds too many different statements to be judged at once",
      hint: "Send it in smaller requests.",
    },
    policy_failed: {
      code: "policy_failed" as const,
      message: "policy could not be evaluated, so the request is refused",
      hint: "Try again once; then tell those who run the gateway.",
    },
  }[reason];
  return { ...about, policy: null, detail: "", sqlstate };
}

function detailOf({ effect, commands, relations, details }: Denied): string {
  const parts = [`Refused: ${effect}`];
  if (details.length > 0) parts.push(`(${list(details)})`);
  const named = commands.filter((command) => command !== "");
  if (named.length > 0) parts.push(`of ${list(named)}`);
  if (relations.length > 0) parts.push(`on ${list(relations)}`);
  return `${parts.join(" ")}.`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, namesMax).map((name) => name.slice(0, nameCharsMax)).join(", ");
  return names.length > namesMax ? `${shown} and ${names.length - namesMax} more` : shown;
}
