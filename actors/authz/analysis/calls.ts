/**
 * Function calls and operators: which function a name means in this session, what calling it does,
 * and what the result derives from.
 *
 * **Invariant:** a call that may reach a user's function or an unknown operator is opaque.
 *
 * @module
 */
import {
  castsTo,
  functionColumns,
  harmlessFunctions,
  isLasting,
  isTold,
  openFunctions,
  pureFunctions,
  pureOperators,
  pureTypes,
  setFunctions,
} from "./builtin_functions.ts";
import { filterByValue } from "./filters.ts";
import { type FunctionJudgement, judgeBuiltin, judgeDangerous, judgeForeign } from "./functions.ts";
import { aggregates } from "./groups.ts";
import { looksUpLate } from "./late_names.ts";
import { aggregated, join, opaque, plain, type Value } from "./lineage.ts";
import { effectivePath, sessionPath } from "./resolve.ts";
import { anyType, hiddenCode, noteCall, type Run, runsMovingCode } from "./run.ts";
import { fields, stringsOf } from "./tree.ts";
import type { CatalogFunction } from "#schemas/catalog.ts";

/** Judges a call by its written name and notes its effects; the result's share beside arguments. */
export function callFunction(names: readonly string[], run: Run): Value {
  const name = names[names.length - 1] ?? "";
  const schema = names.length > 1 ? names[names.length - 2] ?? null : null;
  const { judgement, label } = judge(schema, name, run);
  run.functions.add(label);
  noteCall(name, run);
  if (judgement.effect !== null) run.effects.add(judgement.effect);
  if (judgement.detail !== null) run.details.add(judgement.detail);
  if (run.schema.functions.has(name)) run.types.add(anyType);
  const reached = reachedBy(schema, name, run);
  if (reached.some(({ moves }) => moves)) runsMovingCode(run);
  run.defines ||= reached.some(({ moves, defines = moves }) => defines);
  const share = judgement.opaque ? opaque : plain;
  const type = castsTo(name);
  return type === null ? share : join(share, castTo(type, run));
}

/** Whether the written name surely means PostgreSQL's own function of that name. */
export function isBuiltin(names: readonly string[], run: Run): boolean {
  const name = names[names.length - 1] ?? "";
  if (names.length > 1) {
    return names.length === 2 && names[0] === "pg_catalog" && !isMadeIn("pg_catalog", name, run);
  }
  return run.session.searchPath !== null && !run.session.unsettled &&
    userSchemaOf(name, run) === null;
}

/** Column names of a function in FROM; null when its row shape is not known. */
export function columnsOfFunction(names: readonly string[], run: Run): readonly string[] | null {
  const name = names[names.length - 1] ?? "";
  if (!isBuiltin(names, run) || openFunctions.has(name)) return null;
  const known = functionColumns.get(name);
  if (known !== undefined) return known;
  return pureFunctions.has(name) ? [name] : null;
}

/** The share of an operator: plain when it is one of pg_catalog's. */
export function operatorValue(names: unknown, run: Run): Value {
  const parts = stringsOf(names);
  if (parts === null) return opaque;
  const symbol = parts[parts.length - 1] ?? "";
  const qualified = parts.length > 1;
  if (isHidden([symbol], run)) return opaque;
  // An operator made in this transaction is not in the catalog yet.
  if (run.session.unsettled && !qualified) {
    run.details.add(hiddenCode);
    return opaque;
  }
  if (pureOperators.has(symbol) && (!qualified || parts[0] === "pg_catalog")) {
    // With a text on one side it casts the other to text.
    return symbol === "||" ? castTo("text", run) : plain;
  }
  run.effects.add("execute");
  run.details.add("operator");
  return opaque;
}

/**
 * The users' functions that a name may mean. What a definition not yet in the catalog does was
 * judged when it was made.
 */
function reachedBy(schema: string | null, name: string, run: Run): readonly CatalogFunction[] {
  const overloads = run.schema.functions.get(name) ?? [];
  return schema === null ? overloads : overloads.filter((entry) => entry.schema === schema);
}

/** The share of operators that PostgreSQL looks up by itself: `=` of CASE, USING and the like. */
export function impliedOperators(symbols: readonly string[], run: Run): Value {
  return isHidden(symbols, run) ? opaque : plain;
}

/** The share of a cast to a written type: plain unless users' code casts to it or checks it. */
export function castValue(typeName: unknown, run: Run): Value {
  const names = stringsOf(fields(typeName)["names"]) ?? [];
  const name = names[names.length - 1] ?? "";
  const own = names.length > 1 && names[0] === "pg_catalog";
  if (own && !run.schema.hidden.types.has(name)) return plain;
  return castTo(name, run);
}

/**
 * The share of what becomes a type without a cast: text or JSON read as one, a parameter declared
 * as one. Checks of domains run, casts of users' own do not.
 */
export function readAs(typeName: unknown, run: Run): Value {
  if (typeName === undefined || typeName === null) return plain;
  const names = stringsOf(fields(typeName)["names"]) ?? [];
  const name = names.at(-1) ?? "";
  noteType(name, run);
  const isChecked = run.schema.hidden.types.get(name)?.some((sources) => sources.length === 0);
  if (isChecked === true) return castTo(name, run);
  return names.length > 1 && names[0] === "pg_catalog" ? plain : castToUnknown(name, run);
}

/** The share of what makes JSON of values: a cast to it may be a user's own. */
export function castToJson(run: Run): Value {
  return castTo("json", run);
}

/** Whether a bare name of a type of PostgreSQL's own may mean another here. */
export function isShadowed(name: string, { session }: Run): boolean {
  if (session.temporary.has(name)) return true;
  return session.unsettled && session.searchPath?.includes("pg_catalog") !== false;
}

/** The share of a type that is not in the catalog: made in this transaction, or temporary. */
function castToUnknown(name: string, run: Run): Value {
  const { unsettled } = run.session;
  if (!isShadowed(name, run) && (!unsettled || pureTypes.has(name))) return plain;
  run.details.add(hiddenCode);
  return opaque;
}

/** The share of a cast to a type whose name stands in a text, or nowhere. */
export function castToSome(run: Run): Value {
  const { unsettled, temporary } = run.session;
  run.details.add(looksUpLate);
  if (!unsettled && temporary.size === 0 && run.schema.hidden.types.size === 0) return plain;
  noteCode("cast", run);
  return opaque;
}

function castTo(name: string, run: Run): Value {
  const needed = run.schema.hidden.types.get(name) ?? [];
  const runs = needed.some((sources) =>
    sources.length === 0 || run.types.has(anyType) || sources.some((type) => run.types.has(type))
  );
  noteType(name, run);
  if (runs) {
    noteCode("cast", run);
    return opaque;
  }
  return castToUnknown(name, run);
}

/** Notes a type that values may have; of an array its elements' as well. */
function noteType(name: string, run: Run): void {
  run.types.add(name);
  run.types.add(name.replace(/^_+/, ""));
}

/** Whether users' code stands behind one of the operators; notes that it runs. */
function isHidden(symbols: readonly string[], run: Run): boolean {
  const found = symbols.some((symbol) => run.schema.hidden.operators.has(symbol));
  if (found) {
    noteCode("operator", run);
    run.types.add(anyType);
  }
  return found;
}

function noteCode(detail: "operator" | "cast", run: Run): void {
  run.effects.add("execute");
  run.details.add(detail);
  run.details.add(hiddenCode);
}

function judge(
  schema: string | null,
  name: string,
  run: Run,
): { readonly judgement: FunctionJudgement; readonly label: string } {
  if (schema !== null && isMadeIn(schema, name, run)) {
    return { judgement: judgeForeign(name), label: `${schema}.${name}` };
  }
  if (schema === "information_schema" && name.startsWith("_pg_")) {
    return { judgement: { effect: null, detail: null, opaque: false }, label: `${schema}.${name}` };
  }
  if (schema === "pg_catalog" || schema === "information_schema") {
    return { judgement: judgeBuiltin(name), label: `${schema}.${name}` };
  }
  if (schema !== null) return { judgement: judgeForeign(name), label: `${schema}.${name}` };
  const { searchPath, unsettled } = run.session;
  if (searchPath === null || unsettled) {
    const listed = judgeDangerous(name) ?? judgeForeign(name);
    return { judgement: { ...listed, opaque: true }, label: name };
  }
  const user = userSchemaOf(name, run);
  if (user !== null) return { judgement: judgeForeign(name), label: `${user}.${name}` };
  const judgement = judgeBuiltin(name);
  const known = pureFunctions.has(name) || judgement.effect !== "execute";
  return { judgement, label: known ? `pg_catalog.${name}` : name };
}

/** Whether it may be a function of users' own that gives as many rows as it likes. */
export function mayGiveRows(names: readonly string[], run: Run): boolean {
  if (isBuiltin(names, run)) return false;
  const { searchPath, unsettled } = run.session;
  const name = names.at(-1) ?? "";
  const listed = run.schema.functions.get(name);
  if (listed?.some(({ rows }) => rows !== false) === true) return true;
  const isKnown = pureFunctions.has(name) || harmlessFunctions.has(name);
  return (unsettled || searchPath === null) && !isKnown;
}

/** Whether a user made a function of that name there, be it where PostgreSQL's own are. */
function isMadeIn(schema: string, name: string, run: Run): boolean {
  return run.schema.functions.get(name)?.some((entry) => entry.schema === schema) === true;
}

/** The first schema of the path with a user's function of that name, whatever its arguments. */
function userSchemaOf(name: string, run: Run): string | null {
  const overloads = run.schema.functions.get(name);
  if (overloads === undefined) return null;
  for (const schema of effectivePath(sessionPath(run) ?? [])) {
    if (overloads.some((entry) => entry.schema === schema)) return schema;
  }
  return null;
}

/** Whether `(row).name` may call a function, or cast the row to a type, of that name. */
export function mayBeCall(name: string, run: Run): boolean {
  return pureFunctions.has(name) || pureTypes.has(name) || run.schema.functions.has(name) ||
    judgeDangerous(name) !== null || judgeBuiltin(name).effect !== "execute";
}

/** The share of a field selection that may be a function call in disguise: `(x).f` is `f(x)`. */
export function fieldValue(name: string, argument: Value, run: Run): Value {
  const isCall = judgeDangerous(name) !== null || run.schema.functions.has(name) ||
    isTold(name) || /^(?:pg|txid)_/.test(name);
  const called = isCall ? join(argument, callFunction([name], run)) : argument;
  sideEffect([name], argument, run);
  const value = aggregates.has(name) ? aggregated(called) : called;
  // Or a cast to the type of that name.
  return run.schema.hidden.types.has(name) ? join(value, castTo(name, run)) : value;
}

/**
 * Values handed to a function that keeps or sends them, lets them be timed, or returns as many rows
 * as they say.
 */
export function sideEffect(names: readonly string[], args: Value, run: Run): void {
  if (args.classes.length === 0 && !args.opaque) return;
  const name = names[names.length - 1] ?? "";
  if (isLasting(name)) run.effects.add("declassify");
  const isCounted = setFunctions.has(name) || name.startsWith("pg_sleep");
  if (isCounted) filterByValue(args, run);
}
