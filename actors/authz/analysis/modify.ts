/**
 * INSERT, UPDATE, DELETE and MERGE: what is written where, what is compared, what RETURNING gives.
 *
 * **Invariant:** a value that derives from a class, written to a column without that class, has the
 * effect `declassify`; so has a value that is not understood.
 *
 * @module
 */
import { conflictKeys, excludedItem } from "./conflicts.ts";
import { valueOf } from "./expression.ts";
import { filterByCondition, filterByValue } from "./filters.ts";
import { follow } from "./following.ts";
import { fromClause, fromItem, targetItem } from "./from.ts";
import { fromRows } from "./estimate.ts";
import { noteRows } from "./groups.ts";
import {
  chosenBy,
  chosenValue,
  type Column,
  isSubset,
  join,
  joinAll,
  named,
  opaque,
  plain,
  type Value,
} from "./lineage.ts";
import type { Resolved } from "./resolve.ts";
import { probe } from "./probes.ts";
import { filterBy, hiddenCode, type Run, spend } from "./run.ts";
import { comparedItems, type FromItem, nested, type Output, type Scope } from "./scope.ts";
import { listedValues, selectOutput, targetColumns } from "./select.ts";
import { bodyOf, type Fields, fields, items, number, text } from "./tree.ts";
import { isStored, isWholeValue } from "./whole_values.ts";
import { withScope } from "./with.ts";

/** The rows that RETURNING gives; null when there is none. Other tags are not understood. */
export function modifyOutput(
  tag: string,
  body: Fields,
  outer: Scope | null,
  run: Run,
): Output | null {
  const scope = withScope(body["withClause"], outer, run);
  run.effects.add("write");
  noteRows(0, run);
  switch (tag) {
    case "InsertStmt":
      return insert(body, scope, run);
    case "UpdateStmt":
      return update(body, scope, run);
    case "DeleteStmt":
      return remove(body, scope, run);
    case "MergeStmt":
      return merge(body, scope, run);
    default:
      run.unresolved = true;
      return { columns: [], open: true, rows: 0 };
  }
}

/**
 * Notes that rows of a relation are written: triggers, rules and defaults may put anything
 * anywhere. What RETURNING then shows is what they left.
 */
export function writes(
  how: readonly ("insert" | "update" | "delete")[],
  target: FromItem,
  resolved: Resolved | null,
  run: Run,
): FromItem {
  const following = how.flatMap((one) => one === "insert" ? [] : [...follow(one, resolved, run)]);
  const code: ReadonlySet<string> = new Set([...resolved?.code ?? [], ...following]);
  if (["trigger", "rule", "default", "check"].some((kind) => code.has(kind))) {
    run.details.add(hiddenCode);
  }
  const acts = code.has("trigger") || code.has("rule") ||
    code.has("row_trigger") && resolved?.classified === true;
  const fills = how.includes("insert") && code.has("default");
  if (acts) run.effects.add("execute");
  if (acts || fills) run.effects.add("declassify");
  if (!acts && !fills) return target;
  const columns = target.columns.map((column) =>
    named(column.name, join(column, opaque), column.origin)
  );
  return { ...target, columns, sources: target.sources.map((one) => ({ ...one, columns })) };
}

function insert(body: Fields, outer: Scope | null, run: Run): Output | null {
  const { item, resolved } = targetItem(body["relation"], run);
  const conflict = fields(body["onConflictClause"]);
  const updates = conflict["action"] === "ONCONFLICT_UPDATE";
  const left = writes(updates ? ["insert", "update"] : ["insert"], item, resolved, run);
  const targets = insertTargets(items(body["cols"]), resolved);
  const select = bodyOf(body["selectStmt"], "SelectStmt");
  const values = select === null ? null : selectOutput(select, outer, run);
  const written: Written = new Map();
  assignOutput(targets, values, run, written);
  if (body["onConflictClause"] !== undefined && values !== null) {
    conflictKeys(conflict, item, resolved, targets, values, run);
  }
  if (updates) {
    onConflict(conflict, item, excludedItem(item, targets, values), resolved, outer, run, written);
  }
  routed(resolved, written, run);
  const after = chosen(rewritten(left, written), run);
  return returning(body, after, [after], values?.rows ?? 1, outer, run);
}

/** Rows of the statement's own making that a class chose among: each column of them tells it. */
function chosen(item: FromItem, run: Run): FromItem {
  if (run.generated.size === 0) return item;
  const by = chosenValue(run.generated);
  const columns = item.columns.map((column) => ({ ...column, ...join(column, by) }));
  return { ...item, columns, sources: item.sources.map((source) => ({ ...source, columns })) };
}

/** The columns an INSERT fills, in order; null for one that does not resolve. */
function insertTargets(
  list: readonly unknown[],
  resolved: Resolved | null,
): readonly (Column | null)[] {
  const columns = resolved?.targets ?? [];
  if (list.length === 0) return columns;
  return list.map((entry) => findColumn(columns, text(bodyOf(entry, "ResTarget")?.["name"])));
}

function assignOutput(
  targets: readonly (Column | null)[],
  output: Output | null,
  run: Run,
  written: Written,
): void {
  if (output === null) return;
  if (output.open) {
    const value = join(opaque, joinAll(output.columns));
    for (const target of targets.length > 0 ? targets : [null]) assign(target, value, run, written);
    return;
  }
  output.columns.forEach((value, index) => {
    assign(targets[index] ?? null, value, run, written, isStored(value));
  });
}

/** What a statement wrote so far, by column name; "" for a column that did not resolve. */
export type Written = Map<string, Value>;

/** Notes one value written to one column; `isWhole`: it is as it is stored elsewhere. */
export function assign(
  target: Column | null,
  given: Value,
  run: Run,
  written: Written = new Map(),
  isWhole = false,
): void {
  const value = run.schema.hidden.implicitCasts ? join(opaque, given) : given;
  const key = target?.name ?? "";
  written.set(key, join(written.get(key) ?? plain, value));
  for (const name of target?.classes ?? []) run.written.add(name);
  const moves = value.opaque || !isSubset(value.classes, target?.classes ?? []);
  if (moves) run.effects.add("declassify");
  if (!isWhole) { for (const name of value.classes) run.reshaped.add(name); }
}

function onConflict(
  conflict: Fields,
  item: FromItem,
  excluded: FromItem,
  resolved: Resolved | null,
  outer: Scope | null,
  run: Run,
  written: Written,
): void {
  const scope = nested(outer, [item, excluded]);
  const infer = fields(conflict["infer"]);
  filterByCondition(infer["whereClause"], scope, run);
  filterByCondition(conflict["whereClause"], scope, run);
  assignList(items(conflict["targetList"]), resolved, scope, run, written);
}

/** `SET a = ..., (b, c) = ...`. */
function assignList(
  list: readonly unknown[],
  resolved: Resolved | null,
  scope: Scope,
  run: Run,
  written: Written,
): void {
  let lastSource: unknown = null;
  let lastColumns: readonly Value[] = [];
  for (const entry of list) {
    const body = bodyOf(entry, "ResTarget") ?? {};
    const target = findColumn(resolved?.targets ?? [], text(body["name"]));
    for (const step of items(body["indirection"])) {
      if (bodyOf(step, "A_Indices") !== null) filterByValue(valueOf(step, scope, run), run);
    }
    const multi = bodyOf(body["val"], "MultiAssignRef");
    if (multi === null) {
      const isDefault = bodyOf(body["val"], "SetToDefault") !== null &&
        resolved?.code.has("default") === true;
      const value = isDefault ? opaque : valueOf(body["val"], scope, run);
      assign(target, value, run, written, isWholeValue(body["val"], value, scope, run));
      continue;
    }
    // Each column of a row assignment repeats the whole source: analysed at the first.
    if (number(multi["colno"]) === 1 || lastSource === null) {
      lastSource = multi["source"];
      lastColumns = rowValues(lastSource, scope, run);
    }
    const value = lastColumns[number(multi["colno"]) - 1] ?? joinAll(lastColumns);
    assign(target, value, run, written, isStored(value));
  }
}

function rowValues(source: unknown, scope: Scope, run: Run): readonly Value[] {
  const row = bodyOf(source, "RowExpr");
  if (row !== null) {
    const { columns, open } = listedOutput(items(row["args"]), scope, run);
    return open ? [opaque] : columns;
  }
  const select = bodyOf(bodyOf(source, "SubLink")?.["subselect"], "SelectStmt");
  if (select === null) return [join(opaque, valueOf(source, scope, run))];
  const output = selectOutput(select, scope, run);
  return output.open ? [join(opaque, joinAll(output.columns))] : output.columns;
}

/** A list of values as one row of columns. */
function listedOutput(list: readonly unknown[], scope: Scope, run: Run): Output {
  const listed = listedValues(list, scope, run);
  const columns = (listed ?? []).map(({ value, item }) => ({
    ...named("", value),
    ...(isWholeValue(item, value, scope, run) ? { whole: true } as const : {}),
  }));
  return { columns, open: listed === null, rows: 1 };
}

function update(body: Fields, outer: Scope | null, run: Run): Output | null {
  const { item, resolved } = targetItem(body["relation"], run);
  const left = writes(["update"], item, resolved, run);
  const sources = fromClause(items(body["fromClause"]), outer, run);
  const list = [item, ...sources];
  const scope = nested(outer, list);
  const written: Written = new Map();
  assignList(items(body["targetList"]), resolved, scope, run, written);
  filterByCondition(body["whereClause"], scope, run);
  routed(resolved, written, run);
  const after = rewritten(left, written);
  const rows = fromRows(list, body["whereClause"]);
  return returning(body, after, [after, ...sources], rows, outer, run);
}

function remove(body: Fields, outer: Scope | null, run: Run): Output | null {
  const { item, resolved } = targetItem(body["relation"], run);
  const left = writes(["delete"], item, resolved, run);
  run.details.add("delete");
  const sources = fromClause(items(body["usingClause"]), outer, run);
  const list = [item, ...sources];
  filterByCondition(body["whereClause"], nested(outer, list), run);
  return returning(body, left, [left, ...sources], fromRows(list, body["whereClause"]), outer, run);
}

function merge(body: Fields, outer: Scope | null, run: Run): Output | null {
  const { item, resolved } = targetItem(body["relation"], run);
  const left = writes(["insert", "update", "delete"], item, resolved, run);
  const source = fromItem(body["sourceRelation"], { outer, left: [] }, run);
  const scope = nested(outer, [item, source]);
  const written: Written = new Map();
  filterByCondition(body["joinCondition"], scope, run);
  for (const entry of items(body["mergeWhenClauses"])) {
    spend(run, 1);
    const clause = bodyOf(entry, "MergeWhenClause") ?? {};
    filterByCondition(clause["condition"], scope, run);
    if (clause["commandType"] === "CMD_UPDATE") {
      assignList(items(clause["targetList"]), resolved, scope, run, written);
    } else if (clause["commandType"] === "CMD_INSERT") {
      const targets = insertTargets(items(clause["targetList"]), resolved);
      assignOutput(targets, listedOutput(items(clause["values"]), scope, run), run, written);
    } else if (clause["commandType"] === "CMD_DELETE") {
      run.details.add("delete");
    }
  }
  routed(resolved, written, run);
  // RETURNING * of MERGE gives the source's columns before the target's.
  const after = rewritten(left, written);
  const rows = Math.max(item.rows, source.rows);
  return returning(body, after, [source, after], rows, outer, run);
}

/** Where rows have partitions, what is written chooses among them, and they are told apart. */
function routed(resolved: Resolved | null, written: Written, run: Run): void {
  const { kind = "r" } = resolved?.relation ?? {};
  if (kind === "r") return;
  for (const value of written.values()) {
    if (value.classes.length === 0) continue;
    filterBy(run, value, "pattern");
    probe(value, null, run);
  }
}

/** The target as RETURNING sees it: its columns may now hold what the statement wrote. */
function rewritten(item: FromItem, written: Written): FromItem {
  if (written.size === 0) return item;
  const stray = written.get("") ?? plain;
  const columns = item.columns.map((column) => {
    const value = join(join(column, stray), written.get(column.name) ?? plain);
    return named(column.name, value, column.origin);
  });
  return { ...item, columns, sources: item.sources.map((source) => ({ ...source, columns })) };
}

function returning(
  body: Fields,
  target: FromItem,
  list: readonly FromItem[],
  rows: number,
  outer: Scope | null,
  run: Run,
): Output | null {
  const clause = fields(body["returningClause"]);
  const exprs = items(clause["exprs"]);
  if (exprs.length === 0) return null;
  run.effects.add("read");
  if (target.columns.some(({ classes }) => classes.length > 0)) run.classified = true;
  const shown = [...list, ...versions(clause, target, list)];
  const scope = nested(outer, comparedItems(shown, run.compared));
  const { columns, open } = targetColumns(exprs, scope, run);
  return { columns: chosenBy(columns, run.generated), open, rows };
}

/** `old` and `new` (or their aliases): the row before and after, by qualified name alone. */
function versions(
  clause: Fields,
  target: FromItem,
  list: readonly FromItem[],
): readonly FromItem[] {
  const names = new Map([["RETURNING_OPTION_OLD", "old"], ["RETURNING_OPTION_NEW", "new"]]);
  for (const entry of items(clause["options"])) {
    const option = bodyOf(entry, "ReturningOption") ?? {};
    names.set(text(option["option"]), text(option["value"]));
  }
  const taken = new Set(list.flatMap(({ sources }) => sources.map(({ alias }) => alias)));
  return [...names.values()].filter((alias) => !taken.has(alias)).map((alias) => ({
    sources: target.sources.map((source) => ({ ...source, alias, schema: null })),
    columns: [],
    open: null,
    rows: 1,
  }));
}

function findColumn(columns: readonly Column[], name: string): Column | null {
  return columns.find((column) => column.name === name) ?? null;
}
