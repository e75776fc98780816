/**
 * WITH: common table expressions, recursive ones to their fixpoint, and those that write.
 *
 * **Invariant:** every expression of a WITH is analysed, used or not, because PostgreSQL runs the
 * writing ones in any case.
 *
 * @module
 */
import { filterByValue } from "./filters.ts";
import { join, joinAll, named, opaque } from "./lineage.ts";
import { modifyOutput } from "./modify.ts";
import { filterBy, type Run, spend } from "./run.ts";
import { nested, type Output, renamed, type Scope } from "./scope.ts";
import { selectOutput } from "./select.ts";
import { bodyOf, type Fields, fields, items, node, stringOf, text } from "./tree.ts";

/** Rounds a recursive expression may take to settle; classes only grow, so few are needed. */
const roundsMax = 8;

/** The scope a WITH clause makes; `outer` itself when there is none. */
export function withScope(clause: unknown, outer: Scope | null, run: Run): Scope | null {
  const body = fields(clause);
  const list = items(body["ctes"]);
  if (list.length === 0) return outer;
  const recursive = body["recursive"] === true;
  const known = new Map<string, () => Output>();
  const scope = nested(outer, [], known);
  const forced: (() => Output)[] = [];
  for (const entry of list) {
    const cte = bodyOf(entry, "CommonTableExpr") ?? {};
    const name = text(cte["ctename"]);
    // Without RECURSIVE a name is visible to what follows it, not to itself.
    const visible = recursive ? scope : nested(outer, [], new Map(known));
    const output = lazily(cte, name, visible, run);
    known.set(name, output);
    forced.push(output);
    if (!recursive) output();
  }
  for (const output of forced) output();
  return scope;
}

/** Analyses on first use; while at it, the name means what is known so far. */
function lazily(cte: Fields, name: string, scope: Scope, run: Run): () => Output {
  let settled: Output | null = null;
  let current: Output | null = null;
  return () => {
    if (settled !== null) return settled;
    if (current !== null) return current;
    current = firstGuess(cte, name, scope, run);
    for (let round = 0; round < roundsMax; round++) {
      spend(run, 1);
      const next: Output = cteOutput(cte, scope, run);
      const merged = merge(current, next);
      if (same(current, merged)) return (settled = merged);
      current = merged;
    }
    const columns = current.columns.map((column) => named(column.name, join(column, opaque)));
    return (settled = { ...current, columns, open: true });
  };
}

/** Before the first round: the left arm of a recursive union, or nothing. */
function firstGuess(cte: Fields, _name: string, scope: Scope, run: Run): Output {
  const select = bodyOf(cte["ctequery"], "SelectStmt");
  const larg = select?.["larg"];
  if (larg === undefined) return { columns: [], open: false, rows: 0 };
  return shaped(cte, selectOutput(fields(larg), scope, run));
}

function cteOutput(cte: Fields, scope: Scope, run: Run): Output {
  const query = node(cte["ctequery"]);
  if (query === null) return { columns: [], open: true, rows: 0 };
  const output = query.tag === "SelectStmt"
    ? selectOutput(query.body, scope, run)
    : modifyOutput(query.tag, query.body, scope, run);
  const all = shaped(cte, output ?? { columns: [], open: false, rows: 0 });
  // A row that was there before ends the recursion: rows are compared with each other.
  for (const name of items(fields(cte["cycle_clause"])["cycle_col_list"]).map(stringOf)) {
    const column = all.columns.find((one) => one.name === name);
    filterBy(run, column ?? opaque, "group");
    filterByValue(column ?? opaque, run);
  }
  return all;
}

/** Applies the alias list, and the columns that SEARCH and CYCLE add. */
function shaped(cte: Fields, output: Output): Output {
  const names = items(cte["aliascolnames"]).map((item) => stringOf(item) ?? "");
  const columns = [...renamed(output.columns, names, output.open)];
  const row = joinAll(columns);
  const search = fields(cte["search_clause"]);
  const cycle = fields(cte["cycle_clause"]);
  const added = [
    text(search["search_seq_column"]),
    text(cycle["cycle_mark_column"]),
    text(cycle["cycle_path_column"]),
  ];
  for (const name of added) if (name !== "") columns.push(named(name, row));
  return { ...output, columns };
}

function merge(before: Output, after: Output): Output {
  const columns = after.columns.map((column, index) => {
    const known = before.columns[index];
    if (known === undefined) return column;
    const origin = same({ ...before, columns: [known] }, { ...before, columns: [column] })
      ? column.origin
      : null;
    const both = named(column.name, join(column, known), origin);
    return column.given === undefined || known.given === undefined
      ? both
      : { ...both, given: column.given };
  });
  return { columns, open: before.open || after.open, rows: Math.max(before.rows, after.rows) };
}

function same(left: Output, right: Output): boolean {
  return left.open === right.open && left.columns.length === right.columns.length &&
    left.columns.every((column, index) => {
      const other = right.columns[index];
      return other !== undefined && column.opaque === other.opaque && column.name === other.name &&
        column.classes.join() === other.classes.join();
    });
}
