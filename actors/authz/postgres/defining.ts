/**
 * What a request defines, for others: its session is judged by what it did, others by the catalog,
 * which is read once the definition stands. In between a name may mean to the server what nobody
 * here knows; target sees to that (`target/definitions.ts`).
 *
 * @module
 */
import { bareName, definedMax, type StatementAnalysis } from "#schemas/analysis.ts";
import { makesMaterialised } from "../analysis/define.ts";
import { hiddenCode } from "../analysis/run.ts";
import type { SessionChange } from "../analysis/session.ts";
import { losesClass } from "../analysis/views.ts";
import type { Understood } from "./request.ts";

/** What those read that no materialised view may come in between; the name of no relation. */
const materialised = "\0materialised";

/** Bare names of relations; null: any name, and not of relations alone. */
export type Defined = readonly string[] | null;

/**
 * What others may take for something else behind the statements of a request; undefined: nothing.
 * `hasDefiningCode`: some function of the catalog may define something.
 */
export function definedBy(
  { changes, executed }: Pick<Understood, "changes" | "executed">,
  hasDefiningCode: boolean,
): Defined | undefined {
  if (hasDefiningCode && executed.some(runsHiddenCode)) return null;
  const all = changes.flatMap(definitionsIn);
  if (all.length === 0) return undefined;
  if (executed.some(({ details }) => details.includes(makesMaterialised))) all.push(materialised);
  return all.includes(null) || all.length > definedMax ? null : all.flatMap((name) => name ?? []);
}

/**
 * What a request looks up and runs nothing by: the names in what it prepares, binds or describes,
 * but for those that it also runs by.
 */
export function preparedBy(
  { prepared, positions, executed }: Pick<Understood, "prepared" | "positions" | "executed">,
): Defined | undefined {
  const described = positions.flatMap(({ answers, analysis }) =>
    answers === "describe" ? analysis : []
  );
  const namesOf = (all: readonly StatementAnalysis[]) =>
    new Set(all.flatMap(({ relations }) => relations.map(bareName)));
  const names = namesOf([...prepared, ...described]).difference(namesOf(executed));
  if (executed.some(({ details }) => details.includes(losesClass))) names.add(materialised);
  if (names.size === 0) return undefined;
  return names.size > definedMax ? null : [...names];
}

/** Bare names; null among them: any. */
function definitionsIn(change: SessionChange | null): readonly (string | null)[] {
  switch (change?.kind) {
    case "several":
      return change.changes.flatMap(definitionsIn);
    case "define":
      // As those that are read: a name may hold a dot.
      return change.relations?.map(bareName) ?? [null];
    case "unknown_code":
      return change.defines ? [null] : [];
    default:
      return [];
  }
}

/** Code runs that nobody named: behind an operator or a cast, or for rows that are written. */
function runsHiddenCode({ effects, details }: StatementAnalysis): boolean {
  return effects.includes("execute") && details.includes(hiddenCode);
}
