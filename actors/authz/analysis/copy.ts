/**
 * COPY: rows that leave or enter as COPY data, in a format that masking must be able to read.
 *
 * **Invariant:** files, programs and encodings that masking cannot read are `escape`.
 *
 * @module
 */
import type { CopyFormat } from "#schemas/mask_plan.ts";
import { filterByCondition, sideOf } from "./filters.ts";
import { targetItem } from "./from.ts";
import { type Column, named, plain } from "./lineage.ts";
import { assign, writes } from "./modify.ts";
import type { Run } from "./run.ts";
import { nested, type Output } from "./scope.ts";
import { done, type Judged, judgeQuery, refuse, type Refused } from "./statement.ts";
import { bodyOf, type Fields, items, node, number, stringOf, text } from "./tree.ts";

export function judgeCopy(body: Fields, run: Run): Judged | Refused {
  const isFrom = body["is_from"] === true;
  const isFile = body["is_program"] === true || text(body["filename"]) !== "";
  if (isFile) {
    run.effects.add("escape");
    run.details.add(body["is_program"] === true ? "copy_program" : "copy_file");
  }
  const options = readOptions(items(body["options"]));
  if (options.encoding !== null && !/^(utf-?8|unicode)$/i.test(options.encoding)) {
    run.effects.add("escape");
    run.details.add("copy_encoding");
  }
  if (options.format.null.length > nullCharactersMax) {
    return refuse("unsupported_statement", "COPY's NULL marker is too long");
  }
  run.details.add(isFrom ? "copy_from" : "copy_to");
  run.consulted.push(0);
  const query = node(body["query"]);
  const judged = query === null
    ? { ...done("COPY"), output: copyTable(body, isFrom, run) }
    : judgeQuery(query, run);
  if (judged.kind === "refused") return judged;
  if (judged.change !== null || run.paths.length > 0) {
    return refuse("unsupported_statement", "COPY cannot run this query");
  }
  if (!isFrom) run.effects.add("export");
  // A file has no classes.
  if (!isFrom && isFile) {
    for (const column of judged.output?.columns ?? []) assign(null, column, run);
  }
  if (isFrom && isFile) run.effects.add("declassify");
  const direction = isFrom ? "in" : "out";
  const output = isFrom ? null : judged.output ?? { columns: [], open: true, rows: 0 };
  return { ...done("COPY"), output, copy: { direction, format: options.format } };
}

/** The columns of `COPY table`: those listed, or all but the generated ones. */
function copyTable(body: Fields, isFrom: boolean, run: Run): Output {
  const { item, resolved } = targetItem(body["relation"], run);
  const listed = items(body["attlist"]).map((name) => stringOf(name) ?? "");
  const generated = resolved?.relation?.generated ?? [];
  const all = item.columns.filter((_, index) => (generated[index] ?? null) === null);
  const columns: readonly Column[] = listed.length === 0
    ? all
    : listed.map((name) =>
      item.columns.find((column) => column.name === name) ??
        named(name, { classes: [], opaque: true })
    );
  if (isFrom) {
    run.effects.add("write");
    writes(["insert"], item, resolved, run);
    for (const column of columns) assign(column, plain, run);
    const where = sideOf(body["whereClause"], nested(null, [item]), run);
    filterByCondition(body["whereClause"], nested(null, [item]), run);
    // Which of the client's own rows are stored is what users' code says.
    if (where.column.opaque) run.effects.add("declassify");
  } else {
    run.effects.add("read");
    if (resolved?.classified === true) run.classified = true;
  }
  // PostgreSQL copies tables and materialised views alone.
  const kind = resolved?.relation?.kind ?? "r";
  const open = item.open !== null || !["r", "p", "m"].includes(kind);
  return { columns, open, rows: item.rows };
}

/** What CopyFormat holds of a NULL marker. */
const nullCharactersMax = 64;

type Options = { readonly format: CopyFormat; readonly encoding: string | null };

function readOptions(list: readonly unknown[]): Options {
  const values = new Map<string, unknown>();
  for (const entry of list) {
    const option = bodyOf(entry, "DefElem");
    if (option !== null) values.set(text(option["defname"]), option["arg"] ?? true);
  }
  const word = (name: string) => stringOf(values.get(name));
  const name = word("format")?.toLowerCase();
  const format = name === "csv" || name === "binary" ? name : "text";
  const quote = word("quote") ?? '"';
  return {
    format: {
      format,
      delimiter: one(word("delimiter"), format === "csv" ? "," : "\t"),
      null: word("null") ?? (format === "csv" ? "" : "\\N"),
      quote: one(quote, '"'),
      escape: one(word("escape"), one(quote, '"')),
      header: isTrue(values.get("header")),
    },
    encoding: word("encoding"),
  };
}

/** PostgreSQL refuses anything but one single-byte character here. */
function one(value: string | null, fallback: string): string {
  return value?.length === 1 ? value : fallback;
}

function isTrue(value: unknown): boolean {
  if (value === undefined) return false;
  if (value === true) return true;
  const word = stringOf(value)?.toLowerCase();
  if (word !== undefined) return !["false", "off", "0"].includes(word);
  const boolean = bodyOf(value, "Boolean");
  if (boolean !== null) return boolean["boolval"] === true;
  return number(bodyOf(value, "Integer")?.["ival"]) !== 0;
}
