/**
 * The literals and parameters that a statement may write, each with the column it goes to when that
 * is certain.
 *
 * Theory of operation. In a statement that inserts, updates or merges anywhere, every literal
 * counts but those of predicates, keys and orderings: it may reach a row through any subquery or
 * common table expression. Literals of a statement that only reads are nothing written. EXECUTE
 * gives its arguments to the parameters of what was prepared.
 *
 * **Invariant:** a literal that INSERT, UPDATE or MERGE assigns as it stands is among them.
 *
 * @module
 */
import type { Column } from "./lineage.ts";
import { bodyOf, type Fields, fields, items, node, number, stringOf, text } from "./tree.ts";

/** Where a value goes; null when no single column is certain. */
export type Destination = Pick<Column, "name" | "classes"> | null;

export type WrittenValue =
  & { readonly destination: Destination }
  & (
    | { readonly kind: "literal"; readonly text: string }
    /** By its number, from 1. */
    | { readonly kind: "parameter"; readonly number: number }
  );

/** What a RangeVar's columns are, in order; none when it does not resolve. */
export type ColumnsOf = (rangeVar: unknown) => readonly Column[];

/** The statement that a name was prepared as, before this string; null when it is not known. */
export type PreparedTree = (name: string) => unknown;

/** Of all statements of a string's tree. Depth is the caller's to bound. */
export function writtenValues(
  tree: unknown,
  columnsOf: ColumnsOf,
  preparedTree: PreparedTree,
): readonly WrittenValue[] {
  const found: WrittenValue[] = [];
  const prepared = new Map<string, unknown>();
  for (const entry of items(fields(tree)["stmts"])) {
    const statement = fields(entry)["stmt"];
    const preparing = bodyOf(statement, "PrepareStmt");
    if (preparing !== null) prepared.set(text(preparing["name"]), preparing["query"]);
    ofStatement(statement);
  }
  return found;

  function ofStatement(statement: unknown): void {
    const executing = bodyOf(statement, "ExecuteStmt") ??
      bodyOf(bodyOf(statement, "ExplainStmt")?.["query"], "ExecuteStmt");
    if (executing !== null) return ofExecute(executing);
    if (modifies(statement)) walk(statement, null, found, columnsOf);
  }

  function ofExecute(body: Fields): void {
    const name = text(body["name"]);
    const query = prepared.get(name) ?? preparedTree(name);
    const inside: WrittenValue[] = [];
    // Of what is not known every argument may be written.
    const isKnown = query !== null && query !== undefined;
    if (isKnown && modifies(query)) walk(query, null, inside, columnsOf);
    for (const [index, argument] of items(body["params"]).entries()) {
      const written = inside.find((one) => one.kind === "parameter" && one.number === index + 1);
      if (written === undefined && isKnown) continue;
      walk(argument, written?.destination ?? null, found, columnsOf);
    }
  }
}

/** The columns that `COPY table FROM STDIN` fills, when the last statement is one; else null. */
export function copiedColumns(tree: unknown, columnsOf: ColumnsOf): readonly Destination[] | null {
  const last = items(fields(tree)["stmts"]).at(-1);
  const body = bodyOf(fields(last)["stmt"], "CopyStmt");
  if (body === null || body["is_from"] !== true) return null;
  const columns = columnsOf(body["relation"]);
  const listed = items(body["attlist"]);
  if (listed.length === 0) return columns;
  return listed.map((name) => columnNamed(columns, stringOf(name) ?? ""));
}

const modifying: ReadonlySet<string> = new Set(["InsertStmt", "UpdateStmt", "MergeStmt"]);

/** Whether rows are written anywhere in it. */
function modifies(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  if (Array.isArray(tree)) return tree.some(modifies);
  return Object.entries(tree).some(([key, value]) => modifying.has(key) || modifies(value));
}

/* What only decides about rows, or describes: no value of theirs is written. */
const notValues: ReadonlySet<string> = new Set([
  ...["whereClause", "havingClause", "joinCondition", "condition", "quals", "infer"],
  ...["limitCount", "limitOffset", "sortClause", "groupClause", "distinctClause"],
  ...["windowClause", "agg_filter", "agg_order", "over", "testexpr", "typeName", "options"],
]);
/* What tells true from false, whatever it compares. */
const tests: ReadonlySet<string> = new Set(["BoolExpr", "NullTest", "BooleanTest"]);
/* Their second argument is what is looked for. */
const searches: ReadonlySet<string> = new Set(["replace", "regexp_replace", "nullif"]);

function walk(
  value: unknown,
  destination: Destination,
  found: WrittenValue[],
  columnsOf: ColumnsOf,
): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, destination, found, columnsOf);
    return;
  }
  const into = (part: unknown, column: Destination) => walk(part, column, found, columnsOf);
  const { tag, body } = node(value) ?? { tag: "", body: {} };
  switch (tag) {
    case "A_Const": {
      const string = fields(body["sval"])["sval"];
      if (typeof string === "string") found.push({ kind: "literal", text: string, destination });
      return;
    }
    case "ParamRef":
      found.push({ kind: "parameter", number: number(body["number"]), destination });
      return;
    case "InsertStmt":
      return insert(body, into, columnsOf);
    case "UpdateStmt":
      return update(body, into, columnsOf(body["relation"]));
    case "MergeStmt":
      return merge(body, into, columnsOf(body["relation"]));
    case "A_Expr":
      // Of all operators these alone give what they are given.
      if (body["kind"] !== "AEXPR_OP" || stringOf(items(body["name"]).at(-1)) !== "||") return;
      break;
    case "CaseExpr":
      into(body["args"], destination);
      return into(body["defresult"], destination);
    case "CaseWhen":
      return into(body["result"], destination);
    case "FuncCall": {
      const name = stringOf(items(body["funcname"]).at(-1)) ?? "";
      const skipped = searches.has(name) ? 1 : -1;
      return items(body["args"]).forEach((part, at) => at !== skipped && into(part, destination));
    }
    case "SubLink": {
      const kind = body["subLinkType"];
      const gives = kind === "EXPR_SUBLINK" || kind === "ARRAY_SUBLINK" ||
        kind === "MULTIEXPR_SUBLINK";
      return gives ? into(body["subselect"], destination) : undefined;
    }
  }
  if (tests.has(tag)) return;
  const inner = /^[A-Z]/.test(tag) ? body : fields(value);
  for (const key in inner) if (!notValues.has(key)) into(inner[key], destination);
}

type Into = (part: unknown, destination: Destination) => void;

function insert(body: Fields, into: Into, columnsOf: ColumnsOf): void {
  const columns = columnsOf(body["relation"]);
  const cols = items(body["cols"]);
  const targets = cols.length === 0 ? columns : cols.map((entry) => targetOf(entry, columns));
  into(body["withClause"], null);
  rows(body["selectStmt"], targets, into);
  assignments(items(fields(body["onConflictClause"])["targetList"]), columns, into);
  into(body["returningClause"], null);
}

/** The rows of VALUES or of one SELECT, column by column. */
function rows(query: unknown, targets: readonly Destination[], into: Into): void {
  const select = bodyOf(query, "SelectStmt");
  if (select === null) return into(query, null);
  const { valuesLists, targetList, ...rest } = select;
  for (const row of items(valuesLists)) {
    items(bodyOf(row, "List")?.["items"]).forEach((part, at) => into(part, targets[at] ?? null));
  }
  const list = items(targetList);
  // `*` stands for more columns than one.
  const isCounted = list.every((entry) => !isStar(bodyOf(entry, "ResTarget")?.["val"]));
  list.forEach((entry, at) => into(entry, isCounted ? targets[at] ?? null : null));
  into({ SelectStmt: rest }, null);
}

function isStar(value: unknown): boolean {
  return bodyOf(items(bodyOf(value, "ColumnRef")?.["fields"]).at(-1), "A_Star") !== null;
}

function update(body: Fields, into: Into, columns: readonly Column[]): void {
  assignments(items(body["targetList"]), columns, into);
  for (const key of ["withClause", "fromClause", "returningClause"]) into(body[key], null);
}

function merge(body: Fields, into: Into, columns: readonly Column[]): void {
  for (const entry of items(body["mergeWhenClauses"])) {
    const clause = bodyOf(entry, "MergeWhenClause") ?? {};
    const list = items(clause["targetList"]);
    if (clause["commandType"] !== "CMD_INSERT") assignments(list, columns, into);
    const targets = list.length === 0 ? columns : list.map((one) => targetOf(one, columns));
    items(clause["values"]).forEach((part, at) => into(part, targets[at] ?? null));
  }
  for (const key of ["withClause", "sourceRelation", "returningClause"]) into(body[key], null);
}

/** `SET a = ..., (b, c) = ...`. */
function assignments(list: readonly unknown[], columns: readonly Column[], into: Into): void {
  for (const entry of list) {
    const value = bodyOf(entry, "ResTarget")?.["val"];
    const destination = targetOf(entry, columns);
    const multi = bodyOf(value, "MultiAssignRef");
    const row = bodyOf(multi?.["source"], "RowExpr");
    if (multi === null) into(value, destination);
    else if (row !== null) into(items(row["args"])[number(multi["colno"]) - 1], destination);
    // Each column repeats the whole source.
    else if (number(multi["colno"]) === 1) into(multi["source"], null);
  }
}

function targetOf(entry: unknown, columns: readonly Column[]): Destination {
  return columnNamed(columns, text(bodyOf(entry, "ResTarget")?.["name"]));
}

function columnNamed(columns: readonly Column[], name: string): Destination {
  return columns.find((column) => column.name === name) ?? null;
}
