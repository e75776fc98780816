/**
 * Loads a policy file into Cedar, checked, and asks Cedar one question at a time.
 *
 * Cedar's WebAssembly module is imported as ECMAScript, which needs no permission. Policy sets are
 * parsed once and kept inside it under an id. A question costs some 100 µs, most of it for taking
 * principal and context over; so it asks only the rules that can match (`slices.ts`), with what
 * they look at, and the answer is remembered under exactly that for as long as the policy lives.
 *
 * **Invariant:** an answer that is not certain is never a permit. A forbid that fails to evaluate
 * counts as matching (Cedar itself would skip it), a permit that fails does not count, and whatever
 * else goes wrong is `failed`, which is a denial.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  type AuthorizationAnswer,
  type Context,
  type EntityJson,
  preparsePolicySet,
  statefulIsAuthorized,
  type TypeAndId,
  validate,
} from "@cedar-policy/cedar-wasm";
import type { Config } from "#schemas/config.ts";
import { policySchema } from "#schemas/policy_schema.ts";
import { remember } from "#schemas/remember.ts";
import { checkReferences } from "./references.ts";
import { lineAt, parseRules, type PolicyRule, type Problem } from "./rules.ts";
import { type Overrun, type ScanLimits, scanPolicy } from "./scan.ts";
import { rulesFor, type Seen, seenBy } from "./slices.ts";

export type PolicyLimits = ScanLimits & {
  /** Decisions remembered. */
  readonly decisionsMax: number;
  /** A request described in more characters than this is decided anew each time. */
  readonly decisionKeyCharsMax: number;
  /** Answers of Cedar remembered. */
  readonly answersMax: number;
  /** A question of more characters than this is asked anew each time. */
  readonly answerKeyCharsMax: number;
  /** Questions to Cedar for one request; one that needs more is refused. */
  readonly questionsMax: number;
};

export const policyLimits: PolicyLimits = {
  policyBytesMax: 1_048_576,
  policiesMax: 2000,
  nestingMax: 24,
  operatorsMax: 250,
  decisionsMax: 8192,
  decisionKeyCharsMax: 16_384,
  answersMax: 8192,
  answerKeyCharsMax: 4096,
  questionsMax: 512,
};

export type Question = {
  readonly principal: TypeAndId;
  readonly action: string;
  readonly resource: TypeAndId;
  readonly context: Context;
  /** The principal with its parents, and the resource. */
  readonly entities: readonly EntityJson[];
};

/** `policies` are the ids that decided. */
export type Answer =
  | { readonly kind: "permitted"; readonly policies: readonly string[] }
  | { readonly kind: "needs_approval"; readonly policies: readonly string[] }
  | { readonly kind: "forbidden"; readonly policies: readonly string[] }
  | { readonly kind: "not_permitted" }
  | { readonly kind: "failed" };

export type PolicySet = {
  /** SHA-256 of the policy text, hex. */
  readonly version: string;
  readonly rules: ReadonlyMap<string, PolicyRule>;
  readonly config: Config;
  readonly limits: PolicyLimits;
  ask(question: Question): Answer;
  /** Gives Cedar's memory back; every question after that is `failed`, hence denied. */
  release(): void;
};

export type LoadedPolicy =
  | { readonly ok: true; readonly policy: PolicySet; readonly version: string }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Sets are kept by Cedar under an id of ours for the whole process; a number makes it unique. */
let loads = 0;

/** Parses, validates (strict, against our schema) and compiles a policy file. Never throws. */
export function loadPolicy(
  policyText: string,
  config: Config,
  limits: PolicyLimits = policyLimits,
): LoadedPolicy {
  const overrun = scanPolicy(policyText, limits);
  if (overrun !== null) return { ok: false, problems: [overrunProblem(overrun, limits)] };
  try {
    const { rules, problems } = parseRules(policyText, config.approvals.pending_ms_max);
    if (problems.length > 0) return { ok: false, problems };
    const wrong = [...checkReferences(rules, config), ...checkSchema(rules)];
    if (wrong.length > 0) return { ok: false, problems: wrong };
    const version = createHash("sha256").update(policyText).digest("hex");
    return { ok: true, version, policy: compile(version, rules, config, limits) };
  } catch {
    // A trap inside WebAssembly; scanPolicy exists so that this is not met.
    return { ok: false, problems: [{ path: "policy", message: "Cedar cannot work on this text" }] };
  }
}

function checkSchema(rules: readonly PolicyRule[]): Problem[] {
  const answer = validate({
    validationSettings: { mode: "strict" },
    schema: policySchema,
    policies: { staticPolicies: textsById(rules) },
  });
  if (answer.type === "failure") {
    return answer.errors.map(({ message }) => ({ path: "policy", message }));
  }
  // Warnings count: a policy that can never apply is a forbid that forbids nothing.
  return [...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) => {
    const rule = rules.find(({ id }) => id === policyId);
    const start = error.sourceLocations?.[0]?.start ?? 0;
    const line = rule === undefined ? 1 : rule.line + lineAt(rule.text, start) - 1;
    const help = error.help === null ? "" : ` (${error.help})`;
    return { path: `line ${line}, policy "${policyId}"`, message: `${error.message}${help}` };
  });
}

function compile(
  version: string,
  rules: readonly PolicyRule[],
  config: Config,
  limits: PolicyLimits,
): PolicySet {
  loads += 1;
  const load = loads;
  const slices = new Map<string, Slice>();
  const sets = new Map<string, CedarSet>();
  const answers = new Map<string, Answer>();
  let released = false;
  // Parsed now, so that a set which Cedar does not take is met before the policy is in force.
  setOf(rules);
  return {
    version,
    rules: new Map(rules.map((rule) => [rule.id, rule])),
    config,
    limits,
    ask,
    release,
  };

  function ask(question: Question): Answer {
    if (released) return { kind: "failed" };
    const { action, resource, entities } = question;
    const slice = sliceOf(action, resource);
    if (slice === null) return { kind: "failed" };
    const { plain, approval, seen } = slice;
    const context = contextSeen(question.context, seen);
    const key = JSON.stringify([question.principal, action, resource, entities, context]);
    const isKept = key.length <= limits.answerKeyCharsMax;
    const known = isKept ? answers.get(key) : undefined;
    const answer = known ?? asked({ ...question, context }, plain, approval);
    // A failure inside Cedar is not remembered as if it were policy.
    if (!isKept || answer.kind === "failed") return answer;
    remember(answers, key, answer, limits.answersMax);
    return answer;
  }

  /** At most as many as actions on the connections and classes of the configuration. */
  function sliceOf(action: string, resource: TypeAndId): Slice | null {
    const key = `${action}\n${resource.type}\n${resource.id}`;
    const known = slices.get(key);
    if (known !== undefined) return known;
    const applying = rulesFor(rules, action, resource);
    try {
      const plain = setOf(applying.filter((rule) => rule.approval === null));
      const approval = setOf(applying.filter((rule) => rule.approval !== null));
      const slice = { plain, approval, seen: seenBy(applying) };
      slices.set(key, slice);
      return slice;
    } catch {
      return null;
    }
  }

  function setOf(kept: readonly PolicyRule[]): CedarSet {
    const key = JSON.stringify(kept.map(({ id }) => id));
    const known = sets.get(key);
    if (known !== undefined) return known;
    const forbids = kept.filter(({ effect }) => effect === "forbid").map(({ id }) => id);
    const set = { id: `${load}/${sets.size}`, size: kept.length, forbids: new Set(forbids) };
    keep(set.id, textsById(kept));
    sets.set(key, set);
    return set;
  }

  function release(): void {
    if (released) return;
    released = true;
    for (const { id } of sets.values()) keep(id, {});
    answers.clear();
  }
}

/** Rules that Cedar keeps under an id. */
type CedarSet = {
  readonly id: string;
  readonly size: number;
  readonly forbids: ReadonlySet<string>;
};

/** What is asked about one action on one resource. */
type Slice = { readonly plain: CedarSet; readonly approval: CedarSet; readonly seen: Seen };

function asked(question: Question, plain: CedarSet, approval: CedarSet): Answer {
  if (plain.size > 0) {
    const first = authorize(plain.id, question);
    if (first === null) return { kind: "failed" };
    const { decision, reason, errors } = first;
    const failing = errors.filter((id) => plain.forbids.has(id));
    if (failing.length > 0) return { kind: "forbidden", policies: failing.sort() };
    if (decision === "allow") return { kind: "permitted", policies: reason.sort() };
    if (reason.length > 0) return { kind: "forbidden", policies: reason.sort() };
  }
  if (approval.size === 0) return { kind: "not_permitted" };
  const second = authorize(approval.id, question);
  if (second === null) return { kind: "failed" };
  if (second.decision !== "allow") return { kind: "not_permitted" };
  return { kind: "needs_approval", policies: second.reason.sort() };
}

function contextSeen(context: Context, seen: Seen): Context {
  if (seen === "everything") return context;
  return Object.fromEntries(Object.entries(context).filter(([name]) => seen.has(name)));
}

function keep(id: string, texts: Record<string, string>): void {
  const answer = preparsePolicySet(id, { staticPolicies: texts });
  if (answer.type === "failure") throw new Error("Cedar does not keep a policy set it validated");
}

type Authorized = { decision: "allow" | "deny"; reason: string[]; errors: string[] };

function authorize(set: string, question: Question): Authorized | null {
  let answer: AuthorizationAnswer;
  try {
    answer = statefulIsAuthorized({
      principal: question.principal,
      action: { type: "Action", id: question.action },
      resource: question.resource,
      context: question.context,
      preparsedPolicySetId: set,
      entities: [...question.entities],
    });
  } catch {
    return null;
  }
  if (answer.type === "failure") return null;
  const { decision, diagnostics } = answer.response;
  return {
    decision,
    reason: diagnostics.reason,
    errors: diagnostics.errors.map(({ policyId }) => policyId),
  };
}

function textsById(rules: readonly PolicyRule[]): Record<string, string> {
  return Object.fromEntries(rules.map(({ id, text }) => [id, text]));
}

function overrunProblem({ reason, line }: Overrun, limits: PolicyLimits): Problem {
  const path = `line ${line}`;
  if (reason === "unterminatedString") return { path, message: "a string has no closing quote" };
  const what = {
    policyBytesMax: "bytes in the file",
    policiesMax: "policies in the file",
    nestingMax: "nested brackets",
    operatorsMax: "operators in one policy; split it, policies add up",
  };
  return { path, message: `exceeds the limit of ${limits[reason]} ${what[reason]}` };
}
