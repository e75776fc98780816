/**
 * From the text of a policy file to its rules: each policy with its id and what its annotations ask
 * for.
 *
 * **Invariant:** every rule has an id that no other rule has, and an unknown annotation is a
 * problem: a misspelt `@aproval` would otherwise turn a hold into an allow.
 *
 * @module
 */
import { type PolicyJson, policySetTextToParts, policyToJson } from "@cedar-policy/cedar-wasm";
import { didYouMean } from "#schemas/did_you_mean.ts";
import { VolumeBounds } from "#schemas/volume.ts";

/** Where in the policy file, and what is wrong there. */
export type Problem = { readonly path: string; readonly message: string };

/** What must be granted before a request may run that only this rule permits. */
export type ApprovalRule = {
  readonly group: string;
  readonly quorum: number;
  /** How long the approval may be waited for, in ms. */
  readonly expiresMs: number;
};

export type PolicyRule = {
  readonly id: string;
  readonly effect: "permit" | "forbid";
  readonly approval: ApprovalRule | null;
  /** The limits that `@rows_max` and the like name. */
  readonly volume: Partial<VolumeBounds>;
  readonly json: PolicyJson;
  readonly text: string;
  /** Line of the file on which the policy starts, from 1. */
  readonly line: number;
};

const volumeNames = VolumeBounds.keyof().options;
const annotationNames = ["id", "approval", "quorum", "expires", ...volumeNames] as const;
const ruleId = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const groupName = /^[^\s\p{Cc}][^\p{Cc}]{0,127}$/u;
const quorumMax = 10;
const expiresMsMax = 30 * 86_400_000;
const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Parses and checks every policy of a text; the rules are in the order of the file. */
export function parseRules(
  text: string,
  defaultExpiresMs: number,
): { readonly rules: readonly PolicyRule[]; readonly problems: readonly Problem[] } {
  const parts = policySetTextToParts(text);
  if (parts.type === "failure") {
    const problems = parts.errors.map(({ message, sourceLocations }) => {
      const start = sourceLocations?.[0]?.start;
      return { path: start === undefined ? "policy" : `line ${lineAt(text, start)}`, message };
    });
    return { rules: [], problems };
  }
  const problems: Problem[] = parts.policy_templates.map((template) => ({
    path: `line ${text.slice(0, Math.max(0, text.indexOf(template))).split("\n").length}`,
    message: "is a template (?principal or ?resource), which nothing fills in",
  }));
  const rules: PolicyRule[] = [];
  const ids = new Set<string>();
  const searched = new Map<string, number>();
  for (const part of parts.policies) {
    // Of two policies with the same text, the second stands after the first.
    const start = Math.max(0, text.indexOf(part, searched.get(part) ?? 0));
    searched.set(part, start + part.length);
    const line = text.slice(0, start).split("\n").length;
    const parsed = policyToJson(part);
    if (parsed.type === "failure") {
      problems.push({ path: `line ${line}`, message: "cannot be read as one policy" });
      continue;
    }
    const { json } = parsed;
    const checked = checkAnnotations(json, line, defaultExpiresMs);
    problems.push(...checked.problems);
    if (checked.id === null) continue;
    if (ids.has(checked.id)) {
      const message = `@id("${checked.id}") is already that of another policy`;
      problems.push({ path: `line ${line}`, message });
      continue;
    }
    ids.add(checked.id);
    const { id, approval, volume } = checked;
    rules.push({ id, effect: json.effect, approval, volume, json, text: part, line });
  }
  rules.sort((left, right) => left.line - right.line);
  return { rules, problems };
}

/** The line, from 1, of a byte offset: Cedar counts UTF-8 bytes. */
export function lineAt(text: string, byteOffset: number): number {
  const bytes = new TextEncoder().encode(text).subarray(0, byteOffset);
  return bytes.reduce((lines, byte) => byte === 0x0a ? lines + 1 : lines, 1);
}

type CheckedAnnotations = {
  readonly id: string | null;
  readonly approval: ApprovalRule | null;
  readonly volume: Partial<VolumeBounds>;
  readonly problems: readonly Problem[];
};

function checkAnnotations(
  json: PolicyJson,
  line: number,
  defaultExpiresMs: number,
): CheckedAnnotations {
  // An annotation without a value comes as null, whatever the type says.
  const annotations = new Map(
    Object.entries(json.annotations ?? {}).map(([name, value]) => [name, value ?? ""]),
  );
  const id = annotations.get("id");
  const path = id === undefined ? `line ${line}` : `line ${line}, policy "${id}"`;
  const problems: Problem[] = [];
  const report = (message: string) => void problems.push({ path, message });
  for (const name of annotations.keys()) {
    if (annotationNames.some((known) => known === name)) continue;
    report(`@${name} is not an annotation we know${didYouMean(name, annotationNames)}`);
  }
  if (id === undefined) report("has no @id, so a decision could not name it");
  else if (!ruleId.test(id)) report("@id must be letters, digits, '_', '-' and '.', at most 128");
  const group = annotations.get("approval");
  const quorum = readQuorum(annotations.get("quorum"));
  const expiresMs = readExpiry(annotations.get("expires"), defaultExpiresMs);
  if (quorum === null) report(`@quorum must be a whole number from 1 to ${quorumMax}`);
  if (expiresMs === null) report("@expires must be a time such as 30s, 15m, 2h or 1d, up to 30d");
  if (group === undefined) {
    for (const name of ["quorum", "expires"]) {
      if (annotations.has(name)) report(`@${name} says nothing without @approval`);
    }
  } else {
    if (!groupName.test(group)) report("@approval must name a group of approvers");
    if (json.effect === "forbid") {
      report("a forbid cannot have @approval: no approval lifts it; write a permit with @approval");
    }
    if (namesOnly(json, "reveal")) {
      report("@approval cannot guard reveal: a class is revealed or masked, never held");
    }
  }
  const volume: Partial<VolumeBounds> = {};
  for (const name of volumeNames) {
    const text = annotations.get(name);
    if (text === undefined) continue;
    if (/^[1-9][0-9]{0,14}$/.test(text)) volume[name] = Number(text);
    else report(`@${name} must be a whole number from 1`);
    if (json.effect === "forbid" || namesOnly(json, "reveal")) {
      report(`@${name} says nothing here: it limits what a permit on a connection lets out`);
    }
  }
  const complete = id !== undefined && ruleId.test(id);
  const approval = group !== undefined && quorum !== null && expiresMs !== null
    ? { group, quorum, expiresMs }
    : null;
  return { id: complete ? id : null, approval, volume, problems };
}

function readQuorum(text: string | undefined): number | null {
  if (text === undefined) return 1;
  if (!/^[1-9][0-9]?$/.test(text)) return null;
  return Number(text) <= quorumMax ? Number(text) : null;
}

function readExpiry(text: string | undefined, defaultMs: number): number | null {
  if (text === undefined) return defaultMs;
  const [, digits, unit] = /^([1-9][0-9]{0,6})([smhd])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const ms = Number(digits) * (unitMs[unit] ?? Number.NaN);
  return ms <= expiresMsMax ? ms : null;
}

/** True when the policy's action scope holds nothing but the named action. */
function namesOnly(json: PolicyJson, action: string): boolean {
  const scope = json.action;
  if (scope.op === "All") return false;
  const entities = "entities" in scope ? scope.entities : "entity" in scope ? [scope.entity] : [];
  return entities.length > 0 &&
    entities.every((entity) => ("__entity" in entity ? entity.__entity.id : entity.id) === action);
}
