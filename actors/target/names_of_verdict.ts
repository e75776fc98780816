/**
 * What a verdict says of the names in its request: what it was judged by, when the server looks
 * them up, and whether the request may make visible what its transaction has defined.
 *
 * @module
 */
import { bareName, statementsRecordedMax } from "#schemas/analysis.ts";
import type { Verdict } from "#schemas/frames.ts";
import type { Names } from "./settled.ts";

/** The names that a request was judged by; undefined: none, or its judgement holds by whatever. */
export function readsOf(verdict: Verdict): Names | undefined {
  const { plan, statements, unsettled, catalogDigest, prepares } = verdict;
  if (plan.verbatim === true || unsettled === true || catalogDigest === null) return undefined;
  const known = reading.get(statements) ?? { names: namesRead(statements) };
  reading.set(statements, known);
  return prepares === undefined ? known.names : union(known.names, namesOf(prepares));
}

/** By the statements of verdicts, which those of one shape share. */
const reading = new WeakMap<Verdict["statements"], { readonly names: Names | undefined }>();

function namesRead(statements: Verdict["statements"]): Names | undefined {
  if (statements.length >= statementsRecordedMax) return null;
  const depending = statements.filter(({ effects }) => effects.some((one) => one !== "session"));
  if (depending.length === 0) return undefined;
  return new Set(depending.flatMap(({ relations }) => relations.map(bareName)));
}

/** Whether the server looks all names up as soon as it begins. */
export function isPrompt({ statements, prepares, late }: Verdict): boolean {
  return statements.length === 1 && prepares === undefined && late !== true;
}

export function namesOf(defines: readonly string[] | null): Names {
  return defines === null ? null : new Set(defines);
}

export function union(left: Names | undefined, right: Names): Names {
  if (left === undefined) return right;
  return left === null || right === null ? null : left.union(right);
}

/** Whether a request may commit a transaction that is open. */
export function mayCommit({ statements }: Verdict): boolean {
  return statements.length >= statementsRecordedMax ||
    statements.some(({ command }) => committing.has(command)) ||
    // What stands behind the end of one transaction is in another.
    statements.length > 1 && statements.some(({ command }) => abandoning.has(command));
}

/** `UNREAD`: what nobody understood. */
const committing: ReadonlySet<string> = new Set(["COMMIT", "COMMIT PREPARED", "UNREAD"]);
const abandoning: ReadonlySet<string> = new Set(["ROLLBACK", "PREPARE TRANSACTION"]);
