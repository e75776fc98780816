/**
 * DDL: what a definition changes, and what it moves. A view carries its classes along by lineage; a
 * table made from a query, a generated column, a rewritten or renamed column may leave them behind.
 *
 * **Invariant:** after a definition succeeds names are unsettled until the catalog was read again,
 * except for temporary relations, which are followed here.
 *
 * @module
 */
import { functionWork, wordsOf } from "#schemas/function_text.ts";
import { callFunction, castValue } from "./calls.ts";
import { isLasting } from "./builtin_functions.ts";
import { type DefinitionRow, definitions, dropDetail } from "./definitions.ts";
import { targetItem } from "./from.ts";
import { concernedBy } from "./concerned.ts";
import { childCreated, mayHaveChildren, tablesDropped } from "./inheritance.ts";
import { valueOf } from "./expression.ts";
import { named, plain } from "./lineage.ts";
import { assign, writes } from "./modify.ts";
import { execute } from "./named.ts";
import { isTemporarySchema, resolveRelation, sessionPath } from "./resolve.ts";
import { type Run, runsMovingCode, spend } from "./run.ts";
import { type Output, renamed } from "./scope.ts";
import { selectOutput } from "./select.ts";
import { plannedIn, type SessionChange, several } from "./session.ts";
import { decidesMeaning } from "./settings.ts";
import { done, type Judged, judgeQuery, refuse, type Refused } from "./statement.ts";
import {
  alterTable,
  clustered,
  derivedColumns,
  foreignKeys,
  indexed,
  ownDefaults,
  partitionBound,
} from "./tables.ts";
import { reachesSystem } from "./system_objects.ts";
import {
  bodyOf,
  type Fields,
  fields,
  fieldsOrNull,
  items,
  type Node,
  node,
  stringOf,
  stringsOf,
  text,
} from "./tree.ts";
import { replacedView } from "./views.ts";

export function isDefinition(tag: string): boolean {
  return definitions.has(tag);
}

/** The detail of a statement that makes a materialised view. */
export const makesMaterialised = "create_materialized_view";

/** CREATE TABLE AS, CREATE MATERIALIZED VIEW and SELECT INTO. */
export function createAs(body: Fields, run: Run): Judged | Refused {
  if (run.session.temporary.size >= run.limits.namesMax) return tooManyTemporary();
  const into = fields(body["into"]);
  const query = node(body["query"]);
  if (query === null) return refuse("unsupported_statement", "Nothing to create from");
  const judged = query.tag === "ExecuteStmt"
    ? execute(query.body, run)
    : judgeQuery(withoutInto(query), run);
  if (judged.kind === "refused") return judged;
  // Which rows it makes was not kept of what is prepared.
  if (query.tag === "ExecuteStmt" && run.filtered.size > 0) run.effects.add("declassify");
  const output: Output = judged.output ?? { columns: [], open: true, rows: 0 };
  const isView = body["objtype"] === "OBJECT_MATVIEW";
  run.effects.add("define");
  run.details.add(isView ? makesMaterialised : "create_table_as");
  // A materialised view keeps its definition, so its classes are known; a table's are not.
  if (!isView) { for (const column of output.columns) assign(null, column, run); }
  // What is read of this transaction's own making may be replaced, and the rows stay.
  const mayGo = isView && mayHaveChildren(run);
  if (output.open && !isView || run.unresolved || mayGo) run.effects.add("declassify");
  const relation = fields(into["rel"]);
  const names = items(into["colNames"]).map((name) => stringOf(name) ?? "");
  const columns = renamed(output.columns, names).map((column) => named(column.name, column));
  const known = !output.open && !run.unresolved && into["onCommit"] !== "ONCOMMIT_DROP" &&
    body["if_not_exists"] !== true;
  const change: SessionChange = isTemporary(relation, run)
    ? {
      kind: "temporary",
      name: text(relation["relname"]),
      temporary: { columns: known ? columns : null },
    }
    : { kind: "define", relations: [text(relation["relname"])] };
  if (run.paths.length > 0) run.effects.add("escape");
  const isInto = body["is_select_into"] === true;
  const command = isView ? "CREATE MATERIALIZED VIEW" : isInto ? "SELECT INTO" : "CREATE TABLE AS";
  const made = run.paths.length > 0 ? { kind: "unknown_code", defines: true } as const : change;
  return done(command, several([...plannedIn(judged.change), made]));
}

function tooManyTemporary(): Refused {
  return refuse("too_complex", "The session has too many temporary relations");
}

/** Any other definition. */
export function define({ tag, body }: Node, run: Run): Judged | Refused {
  if (run.session.temporary.size >= run.limits.namesMax) return tooManyTemporary();
  const row = definitions.get(tag);
  if (row === undefined) return refuse("unsupported_statement", "This definition is not supported");
  run.effects.add(row.effect);
  if (untraced.has(tag)) run.effects.add("declassify");
  if (/^CREATE/.test(row.command) && row.effect !== "administer") run.effects.add("define");
  for (const detail of row.details) run.details.add(detail);
  special(tag, body, run);
  scan(body, ownDefaults(tag, body), run);
  if (reachesSystem(body, run)) {
    run.effects.add("escape");
    run.effects.add("declassify");
    run.details.add("system_schema");
  }
  const altered = fieldsOrNull(body["relation"]);
  if (altered !== null && !tag.startsWith("Create")) resolveRelation(altered, run);
  return done(commandOf(tag, body, row), changeOf(tag, body, row, run));
}

/**
 * What changes the meaning of later statements, or brings in rows, where no class is known, or
 * drops what it does not name.
 */
const untraced: ReadonlySet<string> = new Set(
  `RuleStmt CreateCastStmt CreateConversionStmt CreateTransformStmt CreateOpClassStmt
  CreateOpFamilyStmt AlterOpFamilyStmt CreateForeignTableStmt ImportForeignSchemaStmt
  CreateSubscriptionStmt DropOwnedStmt`.split(/\s+/),
);

/** DROP's tag names what is dropped. */
function commandOf(tag: string, body: Fields, row: DefinitionRow): string {
  if (tag !== "DropStmt") return row.command;
  return dropDetail(text(body["removeType"])).replaceAll("_", " ").toUpperCase();
}

function special(tag: string, body: Fields, run: Run): void {
  switch (tag) {
    case "DropStmt":
      run.details.add(dropDetail(text(body["removeType"])));
      tablesDropped(body, run);
      return dropped(body, run);
    case "CreateStmt":
      partitionBound(body["partbound"], run);
      childCreated(body, run);
      foreignKeys(body["tableElts"], fields(body["relation"]), run);
      return derivedColumns(body["tableElts"], null, run);
    case "AlterTableStmt":
      return alterTable(body, run);
    case "AlterDomainStmt":
      // Columns that are of it may stand in no catalog.
      return assign(null, valueOf(body["subtype"] === "T" ? body["def"] : null, null, run), run);
    case "IndexStmt":
      return indexed(body, run);
    case "ClusterStmt":
      return clustered(body, run);
    case "ViewStmt":
      if (body["replace"] === true) replacedView(body, run);
      return;
    case "AlterSystemStmt":
    case "AlterRoleSetStmt":
    case "AlterDatabaseSetStmt":
      return keptSetting(fields(body["setstmt"]), run);
    case "DefineStmt":
      // Operators act without being named; text search objects read the server's files.
      if (/OPERATOR|^OBJECT_TS/.test(text(body["kind"]))) {
        run.effects.add("escape");
        run.effects.add("declassify");
        run.details.add("create_operator");
      }
      if (text(body["kind"]) === "OBJECT_AGGREGATE") aggregate(body, run);
      return;
    case "RenameStmt":
    case "AlterObjectSchemaStmt":
      return renames(body, run);
    case "CreateFunctionStmt":
    case "DoStmt":
      return code(tag, body, run);
    case "CallStmt": {
      const call = fields(body["funccall"]);
      callFunction(stringsOf(call["funcname"]) ?? [], run);
      return;
    }
    case "TruncateStmt":
      for (const relation of items(body["relations"])) {
        const { item, resolved } = targetItem(bodyOf(relation, "RangeVar"), run);
        writes([], item, resolved, run);
        for (const column of item.columns) assign(column, plain, run);
      }
      return;
    default:
      return;
  }
}

/** A setting for sessions to come, or for all: it may say how they are read and what names mean. */
function keptSetting(setting: Fields, run: Run): void {
  const name = text(setting["name"]);
  if (name !== "" && !decidesMeaning(name)) return;
  run.effects.add("escape");
  run.effects.add("declassify");
}

/** A name a class pattern was written for is about to mean something else. */
function renames(body: Fields, run: Run): void {
  const relation = body["relation"];
  const isSchema = body["renameType"] === "OBJECT_SCHEMA";
  if (relation === undefined) {
    if (isSchema) run.effects.add("declassify");
    return;
  }
  const resolved = resolveRelation(relation, run);
  if (resolved === null || resolved.classified) run.effects.add("declassify");
}

const safeLanguages: ReadonlySet<string> = new Set(["sql", "plpgsql"]);

/**
 * The code of a function, procedure or DO block. What it may write, it may write from a class, and
 * to where there is none: that is judged when it is made, since later it is called by its name.
 */
function code(tag: string, body: Fields, run: Run): void {
  const isRun = tag === "DoStmt";
  const options = isRun ? body["args"] : body["options"];
  const sqlBody = body["sql_body"];
  let language = sqlBody === undefined ? "plpgsql" : "sql";
  let source = "";
  for (const entry of items(options)) {
    const option = bodyOf(entry, "DefElem") ?? {};
    const name = text(option["defname"]);
    if (name === "security") run.details.add("security_definer");
    if (name === "language") language = stringOf(option["arg"])?.toLowerCase() ?? "";
    if (name === "as") {
      const list = items(bodyOf(option["arg"], "List")?.["items"]);
      source += [option["arg"], ...list].map((part) => stringOf(part) ?? "").join(" ");
    }
  }
  const isSafe = safeLanguages.has(language);
  run.defines ||= isRun && (!isSafe || workOf(language, source, run).defines);
  if (!isSafe) {
    run.effects.add("escape");
    run.details.add("untrusted_language");
  }
  if (!isSafe || workOf(language, source, run).moves || writesIn(sqlBody, run)) runsMovingCode(run);
}

/** What a text does by itself, and by the functions whose names stand in it. */
function workOf(language: string, source: string, run: Run) {
  const own = functionWork(language, source);
  const called = wordsOf(source).flatMap((word) => run.schema.functions.get(word) ?? []);
  return {
    moves: own.moves || called.some(({ moves }) => moves),
    defines: own.defines || called.some(({ moves, defines = moves }) => defines),
  };
}

/** An aggregate calls its functions for each row, whatever they leave behind. */
function aggregate(body: Fields, run: Run): void {
  const names = items(body["definition"]).flatMap((entry) => {
    const { arg } = bodyOf(entry, "DefElem") ?? {};
    return stringsOf(fields(bodyOf(arg, "TypeName"))["names"]) ?? [stringOf(arg) ?? ""];
  });
  if (workOf("sql", names.join(" "), run).moves) runsMovingCode(run);
}

/** Whether a body of SQL statements holds one that writes. */
function writesIn(sqlBody: unknown, run: Run): boolean {
  const pending: unknown[] = [sqlBody];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    spend(run, 1);
    if (typeof value !== "object" || value === null) continue;
    for (const [key, item] of Object.entries(value)) {
      if (/^(?:Insert|Update|Delete|Merge)Stmt$/.test(key)) return true;
      if (item !== null && item !== undefined) pending.push(item);
    }
  }
  return false;
}

function dropped(body: Fields, run: Run): void {
  for (const object of items(body["objects"])) {
    const names = stringsOf(bodyOf(object, "List")?.["items"]);
    if (names !== null && names.length > 0) run.relations.add(names.join("."));
  }
}

/**
 * Notes the relations and calls anywhere in a definition: defaults, checks, index expressions and
 * bodies run later, for whoever touches the object.
 */
function scan(body: unknown, own: ReadonlySet<unknown>, run: Run): void {
  const pending: unknown[] = [body];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    spend(run, 1);
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (item !== null && item !== undefined) pending.push(item);
      continue;
    }
    for (const [key, item] of Object.entries(value)) {
      if (item === null || item === undefined) continue;
      if (key === "FuncCall") {
        const names = stringsOf(fields(item)["funcname"]) ?? [];
        callFunction(names, run);
        // Later it is called for rows, whatever stands in them.
        if (isLasting(names.at(-1) ?? "") && !own.has(item)) run.effects.add("declassify");
      }
      if (key === "RangeVar") resolveRelation(item, run);
      if (key === "VacuumRelation") resolveRelation(fields(item)["relation"], run);
      if (key !== "SelectStmt") pending.push(item);
      else {
        const { lasting } = run.calls;
        selectOutput(fields(item), null, run);
        if (run.calls.lasting > lasting) run.effects.add("declassify");
      }
    }
  }
}

/* What a definition leaves behind in the session. */
function changeOf(
  tag: string,
  body: Fields,
  row: DefinitionRow,
  run: Run,
): SessionChange | null {
  if (row.effect === "execute") return { kind: "unknown_code", defines: run.defines };
  if (tag === "TruncateStmt") return null;
  if (row.effect === "administer" && row.details.includes("maintenance")) return null;
  const created = madeType(tag, body) ??
    fields(body["relation"] ?? body["view"] ?? body["sequence"]);
  const relations = concernedBy(tag, body, run);
  const defines: SessionChange = { kind: "define", ...(relations === null ? {} : { relations }) };
  if (tag === "DropStmt" || tag === "AlterTableStmt" || tag === "RenameStmt") {
    return { kind: "several", changes: [forgotten(body, created), defines] };
  }
  if (!isTemporary(created, run)) return defines;

  const name = text(created["relname"]);
  return { kind: "temporary", name, temporary: temporaryColumns(tag, body, run) };
}

/** A plain temporary table's columns; anything else temporary has an unknown shape. */
function temporaryColumns(tag: string, body: Fields, run: Run) {
  const elements = items(body["tableElts"]);
  const plainTable = tag === "CreateStmt" && body["oncommit"] !== "ONCOMMIT_DROP" &&
    body["inhRelations"] === undefined && body["ofTypename"] === undefined &&
    body["if_not_exists"] !== true;
  const columns = [];
  for (const element of elements) {
    const column = bodyOf(element, "ColumnDef");
    if (column === null && bodyOf(element, "Constraint") === null) return { columns: null };
    // A domain may have a default, which no catalog shows of this column.
    if (column !== null) {
      columns.push(named(text(column["colname"]), castValue(column["typeName"], run)));
    }
  }
  return { columns: plainTable ? columns : null };
}

function forgotten(body: Fields, relation: Fields): SessionChange {
  const names = [text(relation["relname"]), text(body["newname"])];
  for (const object of items(body["objects"])) {
    names.push(stringsOf(bodyOf(object, "List")?.["items"])?.at(-1) ?? "");
  }
  return { kind: "forget_temporary", names };
}

/** The name of a type that is made, as that of a relation; null when none is. */
function madeType(tag: string, body: Fields): Fields | null {
  if (tag === "CompositeTypeStmt") return fields(body["typevar"]);
  const isType = /^Create(?:Domain|Enum|Range)Stmt$/.test(tag) || body["kind"] === "OBJECT_TYPE";
  const list = body["domainname"] ?? body["typeName"] ?? body["defnames"];
  const names = isType ? stringsOf(list) : null;
  if (names === null) return null;
  return { schemaname: names.at(-2) ?? "", relname: names.at(-1) ?? "" };
}

/** Made where no catalog shows it: as it says, or because the path begins there. */
function isTemporary(relation: Fields, run: Run): boolean {
  const schema = text(relation["schemaname"]) || (sessionPath(run)?.[0] ?? "");
  return relation["relpersistence"] === "t" || isTemporarySchema(schema);
}

function withoutInto(query: Node): Node {
  const strip = (body: Fields): Fields => {
    const { intoClause: _, ...rest } = body;
    return rest["larg"] === undefined ? rest : { ...rest, larg: strip(fields(rest["larg"])) };
  };
  return query.tag === "SelectStmt" ? { tag: query.tag, body: strip(query.body) } : query;
}
