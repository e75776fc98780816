/**
 * Decides about a request: allow, deny or hold (design 5).
 *
 * - allow when every effect is permitted by a policy without `@approval`;
 * - hold when only policies with `@approval` permit some effect;
 * - deny otherwise, and always when a forbid matches.
 *
 * Every statement is judged, and the request as a whole; deny wins over hold, hold over allow. When
 * several approval policies match, all of their approvals are needed, so that adding an approval
 * policy never lets a request pass with fewer.
 *
 * **Invariant:** the decision is a function of policy, principal, connection and analyses alone; it
 * is remembered under exactly these, and nothing that is uncertain allows.
 *
 * @module
 */
import type { Context } from "@cedar-policy/cedar-wasm";
import { Effect, type StatementAnalysis } from "#schemas/analysis.ts";
import type { Config, Connection } from "#schemas/config.ts";
import type { ApprovalNeed } from "#schemas/frames.ts";
import { opaqueClass, revealAction, unlistedClass } from "#schemas/policy_schema.ts";
import { remember } from "#schemas/remember.ts";
import type { Answer, PolicySet } from "./cedar.ts";
import { contextOf, type Parties, partiesOf } from "./question.ts";
import { type Principal, type Situation, situationKey, situationsOf } from "./situation.ts";

/** An effect that was refused. `policy` is the forbid that matched, null when nothing permits. */
export type Denied = {
  readonly effect: Effect;
  readonly policy: string | null;
  readonly commands: readonly string[];
  readonly relations: readonly string[];
  readonly details: readonly string[];
  /** Of a command or file operation, not of SQL. */
  readonly streams: boolean;
};

/** Why a request was refused without policy having spoken. */
export type Unjudged = "unknown_connection" | "no_effect" | "too_many_questions" | "policy_failed";

export type Decision = {
  readonly decision: "allow" | "deny" | "hold";
  /**
   * The ids that decided: of permits when allowed, of approvals if held, of forbids if denied. Then
   * those of the permits by which a class is shown.
   */
  readonly policies: readonly string[];
  /** Empty unless denied. */
  readonly denied: readonly Denied[];
  /** Set when denied without a judgement. */
  readonly unjudged: Unjudged | null;
  /** One for each group of approvers; all must be met. Empty unless held. */
  readonly approvals: readonly ApprovalNeed[];
  /** Of the classes this request touches, those its principal may see unmasked. Sorted. */
  readonly revealed: readonly string[];
  /** Its principal may see every class that is configured, and what is not understood as well. */
  readonly everything: boolean;
};

/** Remembers decisions; see `createDecider`. */
export type Decider = {
  decide(
    principal: Principal,
    connection: string,
    analyses: readonly StatementAnalysis[],
  ): Decision;
  /** Decisions remembered now, at most `decisionsMax`. */
  readonly size: number;
};

/** Decides with a memory: least recently used decisions go first when `decisionsMax` is reached. */
export function createDecider(policy: PolicySet): Decider {
  const { decisionsMax, decisionKeyCharsMax } = policy.limits;
  const decisions = new Map<string, Decision>();
  const principals = new WeakMap<Principal, string>();
  const statements = new WeakMap<StatementAnalysis, string>();
  return {
    decide: decideOnce,
    get size() {
      return decisions.size;
    },
  };

  function decideOnce(
    principal: Principal,
    connection: string,
    analyses: readonly StatementAnalysis[],
  ): Decision {
    const who = memo(principals, principal, principalKey);
    const what = analyses.map((one) => memo(statements, one, situationKey));
    // Each part is JSON, hence free of newlines, so that no two requests share a key.
    const key = [who, JSON.stringify(connection), ...what].join("\n");
    if (key.length > decisionKeyCharsMax) return decide(policy, principal, connection, analyses);
    const known = decisions.get(key);
    const decision = known ?? decide(policy, principal, connection, analyses);
    // A failure inside Cedar is not remembered as if it were policy.
    if (decision.unjudged === "policy_failed") return decision;
    remember(decisions, key, decision, decisionsMax);
    return decision;
  }
}

/** Decides once, without memory. Never throws. */
export function decide(
  policy: PolicySet,
  principal: Principal,
  connection: string,
  analyses: readonly StatementAnalysis[],
): Decision {
  const target = policy.config.connections[connection];
  if (!Object.hasOwn(policy.config.connections, connection) || target === undefined) {
    return unjudged("unknown_connection");
  }
  if (analyses.some(({ effects }) => effects.length === 0)) return unjudged("no_effect");
  const parties = partiesOf(principal, connection, target.labels);
  const ask = countedAsk(policy, parties);
  const context = (situation: Situation) => {
    const [subject = nothing] = situation.subjects.values().next().value ?? [];
    return contextOf(principal, connection, situation, subject);
  };
  const situations = situationsOf(analyses, policy.config.limits.bulk_rows)
    .map((one) => isHidden(one.written, one, ask, context) ? unseen(one) : one)
    .map((one) => isHidden(one.reshaped, one, ask, context) ? declassifying(one) : one);
  const verdicts: Judged[] = [];
  for (const situation of situations) {
    for (const [effect, subjects] of situation.subjects) {
      for (const subject of subjects) {
        const answer = ask(effect, null, contextOf(principal, connection, situation, subject));
        if (answer === "too_many_questions") return unjudged(answer);
        if (answer.kind === "failed") return unjudged("policy_failed");
        // Over SSH nothing adds up that a permit could measure: the whole may only be forbidden.
        if (situation.whole && situation.streams && answer.kind !== "forbidden") continue;
        verdicts.push({ effect, command: subject.command, situation, answer });
      }
    }
  }
  const denied = deniedOf(verdicts);
  if (denied.length > 0) {
    const policies = distinct(denied.flatMap(({ policy }) => policy === null ? [] : [policy]));
    return { ...unjudged(null), policies, denied };
  }
  const classes = classesBehind(target, policy.config);
  const revealed = revealedOf(situations, classes, ask, context);
  if (typeof revealed === "string") return unjudged(revealed);
  const everything = [opaqueClass, ...classes].every((name) => {
    return situations.every((situation) =>
      answered(ask(revealAction, name, context(situation))) === "permitted"
    );
  });
  const held = distinct(policiesOf(verdicts, "needs_approval"));
  const approvals = approvalsOf(policy, held);
  const decided = held.length > 0 ? held : policiesOf(verdicts, "permitted");
  return {
    decision: held.length > 0 ? "hold" : "allow",
    policies: distinct([...decided, ...revealed.policies]),
    denied: [],
    unjudged: null,
    approvals,
    revealed: revealed.classes,
    everything,
  };
}

/** Behind a connection that keeps what is unlisted, nothing is of that class. */
function classesBehind(connection: Connection, { classes }: Config): string[] {
  const masks = connection.protocol === "postgres" && connection.unlisted === "mask";
  return Object.keys(classes).filter((name) => masks || name !== unlistedClass);
}

type Judged = {
  readonly effect: Effect;
  readonly command: string;
  readonly situation: Situation;
  readonly answer: Exclude<Answer, { kind: "failed" }>;
};

type Ask = (
  action: Effect | typeof revealAction,
  dataClass: string | null,
  context: Context,
) => Answer | "too_many_questions";

function countedAsk(policy: PolicySet, parties: Parties): Ask {
  let questions = 0;
  return (action, dataClass, context) => {
    questions += 1;
    if (questions > policy.limits.questionsMax) return "too_many_questions";
    const { principal, connection } = parties;
    if (dataClass === null) {
      return policy.ask({
        principal,
        action,
        resource: connection,
        context,
        entities: parties.entities,
      });
    }
    const resource = { type: "DataClass", id: dataClass };
    const entity = { uid: resource, attrs: { name: dataClass }, parents: [] };
    return policy.ask({
      principal,
      action,
      resource,
      context,
      entities: [...parties.entities, entity],
    });
  };
}

/** Whether a class is among them that may not be seen: its mask may be written over a value. */
function isHidden(
  classes: readonly string[],
  situation: Situation,
  ask: Ask,
  context: (situation: Situation) => Context,
): boolean {
  return classes.some((name) =>
    answered(ask(revealAction, name, context(situation))) !== "permitted"
  );
}

/** With the word by which policy knows it. */
function unseen(situation: Situation): Situation {
  return { ...situation, details: distinct([...situation.details, "writes_unseen"]) };
}

/** What is made of a value that may not be seen has the mask of the value, and tells of it. */
function declassifying(situation: Situation): Situation {
  const effects = Effect.options.filter((effect) => {
    return effect === "declassify" || situation.effects.includes(effect);
  });
  const by = situation.subjects.get("declassify") ?? situation.subjects.get("write") ?? [nothing];
  return { ...situation, effects, subjects: new Map(situation.subjects).set("declassify", by) };
}

/**
 * The classes that may be seen in every situation that touches them, the whole request included.
 * A reveal that would need an approval is none: masking is what happens without one.
 */
function revealedOf(
  situations: readonly Situation[],
  classes: readonly string[],
  ask: Ask,
  context: (situation: Situation) => Context,
): Revealed | "too_many_questions" | "policy_failed" {
  const touches = (situation: Situation, name: string) => {
    return situation.streams || situation.classes.includes(name) ||
      situation.filtered.includes(name);
  };
  const touched = distinct(
    situations.flatMap((one) => one.streams ? classes : [...one.classes, ...one.filtered]),
  );
  const revealed: string[] = [];
  const policies: string[] = [];
  for (const name of touched) {
    if (name === opaqueClass) continue;
    const touching = situations.filter((situation) => touches(situation, name));
    let visible = true;
    const by: string[] = [];
    for (const situation of touching) {
      const answer = ask(revealAction, name, context(situation));
      if (answer === "too_many_questions") return answer;
      if (answer.kind === "failed") return "policy_failed";
      visible &&= answer.kind === "permitted";
      if (!visible) break;
      if (answer.kind === "permitted") by.push(...answer.policies);
    }
    if (!visible) continue;
    revealed.push(name);
    policies.push(...by);
  }
  return { classes: revealed, policies };
}

type Revealed = { readonly classes: readonly string[]; readonly policies: readonly string[] };

function deniedOf(verdicts: readonly Judged[]): Denied[] {
  const denied = new Map<string, Denied>();
  for (const { effect, command, situation, answer } of verdicts) {
    if (answer.kind !== "forbidden" && answer.kind !== "not_permitted") continue;
    const policies = answer.kind === "forbidden" ? answer.policies : [null];
    for (const policy of policies) {
      const key = JSON.stringify([effect, policy]);
      const before = denied.get(key);
      // The statement that was refused says more than the request it stands in.
      if (situation.whole && before !== undefined) continue;
      denied.set(key, {
        effect,
        policy,
        commands: distinct([...before?.commands ?? [], command]),
        relations: distinct([...before?.relations ?? [], ...situation.relations]),
        details: distinct([...before?.details ?? [], ...detailsOf(effect, situation)]),
        streams: situation.streams,
      });
    }
  }
  return [...denied.values()];
}

/** What a refusal says of an effect: of filtering, by which classes and how. */
function detailsOf(effect: Effect, { details, filters }: Situation): readonly string[] {
  return effect === "filter_by" ? filters : details;
}

/** One need for each group: the largest quorum and the earliest expiry that any policy asks for. */
function approvalsOf(policy: PolicySet, held: readonly string[]): ApprovalNeed[] {
  const needs = new Map<string, ApprovalNeed>();
  for (const id of held) {
    const approval = policy.rules.get(id)?.approval;
    if (approval === null || approval === undefined) throw new Error("A held rule has no approval");
    const { group, quorum, expiresMs } = approval;
    const before = needs.get(group);
    needs.set(group, {
      group,
      quorum: Math.max(quorum, before?.quorum ?? 0),
      expiresMs: Math.min(expiresMs, before?.expiresMs ?? expiresMs),
      policies: [...before?.policies ?? [], id],
    });
  }
  return [...needs.values()];
}

function policiesOf(verdicts: readonly Judged[], kind: "permitted" | "needs_approval"): string[] {
  return verdicts.flatMap(({ answer }) => answer.kind === kind ? answer.policies : []);
}

function unjudged(reason: Unjudged | null): Decision {
  const nothing = { policies: [], denied: [], approvals: [], revealed: [], everything: false };
  return { decision: "deny", unjudged: reason, ...nothing };
}

function answered(answer: Answer | "too_many_questions"): Answer["kind"] | null {
  return answer === "too_many_questions" ? null : answer.kind;
}

function principalKey({ issuer, person, actors, groups, purpose }: Principal): string {
  return JSON.stringify([issuer, person, actors, groups, purpose]);
}

function memo<T extends WeakKey>(
  known: WeakMap<T, string>,
  key: T,
  of: (key: T) => string,
): string {
  const before = known.get(key);
  if (before !== undefined) return before;
  const text = of(key);
  known.set(key, text);
  return text;
}

const nothing = { command: "", path: "", host: "", port: 0, arguments: [], content: "" };

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
