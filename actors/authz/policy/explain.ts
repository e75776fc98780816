/**
 * Turns a decision into reasons that an agent can act on.
 *
 * An agent retries what it does not understand. So each reason names the policy or what no policy
 * permits, what was refused, and the nearest thing that is allowed.
 *
 * **Invariant:** a reason holds names from policy, configuration and catalog, never a value of a
 * statement. Codes are stable; words are not.
 *
 * @module
 */
import type { Effect } from "#schemas/analysis.ts";
import type { ApprovalNeed, Reason } from "#schemas/frames.ts";
import { connectAnalysis, type Principal } from "./situation.ts";
import { decide, type Decision, type Denied, type Unjudged } from "./decide.ts";
import type { PolicySet } from "./cedar.ts";

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
      ? `no policy permits ${phrases[denied.effect]} on connection "${connection}"`
      : `policy "${denied.policy}" forbids ${phrases[denied.effect]} on connection "${connection}"`,
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

const phrases: Readonly<Record<Effect, string>> = {
  connect: "connecting (connect)",
  session: "changing the session (session)",
  read: "reading (read)",
  write: "changing rows (write)",
  define: "changing definitions (define)",
  execute: "calling this code (execute)",
  export: "reading in bulk (export)",
  administer: "administering the server (administer)",
  escape: "reaching outside the SQL engine (escape)",
  // deno-lint-ignore camelcase -- the effect's own name
  filter_by: "filtering, sorting, grouping or joining by a protected class (filter_by)",
  declassify: "writing protected values into an unprotected column (declassify)",
  shell: "opening an interactive shell (shell)",
  forward: "forwarding a connection (forward)",
  network: "reaching out over the network (network)",
  interpret: "running code that cannot be judged (interpret)",
};

const ask = "Ask the owner of the policy for access, naming the policy or effect above.";

function hintOf(
  { effect, policy }: Denied,
  bulkRows: number,
  permitted: readonly Effect[],
): string {
  const others = permitted.filter((other) => other !== "connect" && other !== effect);
  const may = others.length === 0 ? "" : `On this connection you may: ${others.join(", ")}. `;
  return `${nearestTo(effect, bulkRows, policy !== null)} ${may}${ask}`;
}

function nearestTo(effect: Effect, bulkRows: number, forbidden: boolean): string {
  switch (effect) {
    case "connect":
      return "Use a connection that your token and groups are permitted.";
    case "session":
      return "Leave session settings and transactions as they are.";
    case "read":
      return "Leave out the relations or functions named in the detail.";
    case "write":
      return "Read instead (SELECT), or have the change made by a process that may write.";
    case "define":
      return "Use the relations that exist; definitions change through migrations.";
    case "execute":
      return "Leave out the function, procedure or DO block, or use plain SQL in its place.";
    case "export":
      return `Add LIMIT ${bulkRows} or less, aggregate, or narrow the predicate to a unique key.`;
    case "administer":
      return "Leave roles, settings and other sessions to the people who run the server.";
    case "escape":
      return "Leave out files, programs, foreign servers, large objects; COPY TO STDOUT remains.";
    case "filter_by":
      return "Filter, sort, group and join by columns that are not protected, such as a row's key.";
    case "declassify":
      return forbidden
        ? "Leave the protected columns out of what is written."
        : "Write protected values only into columns of the same class.";
    case "shell":
      return "Run single commands instead: ssh host command.";
    case "forward":
      return "Connect to that system by a connection of its own.";
    case "network":
      return "Leave out what reaches out; bring files by scp or sftp through the gateway.";
    case "interpret":
      return "Write the command plainly, without eval, encodings or inline code.";
  }
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
