/**
 * Names in scope, as PostgreSQL resolves them (parse_relation.c, parse_expr.c): columns of the FROM
 * items of each query level from the inside out, then whole rows; common table expressions by name.
 *
 * **Invariant:** a name resolves to what PostgreSQL resolves it to, or to an opaque value.
 *
 * @module
 */
import { type Column, join, joinAll, named, opaque, plain, type Value } from "./lineage.ts";
import type { Relation } from "./catalog_index.ts";
import { originKey } from "./probes.ts";

/** One range-table entry that can be referred to by name. */
export type Source = {
  readonly alias: string | null;
  /** The schema it can be qualified by; null when an alias hides it. */
  readonly schema: string | null;
  readonly columns: readonly Column[];
  /** What columns beyond `columns` derive from; null when there are none. */
  readonly open: Value | null;
  /** The relation, when the entry is one with system columns. */
  readonly relation: Relation | null;
};

/** One FROM item: what `*` expands to, and the entries that can be named. */
export type FromItem = {
  readonly sources: readonly Source[];
  readonly columns: readonly Column[];
  readonly open: Value | null;
  readonly rows: number;
};

/** The rows of a query: `open` when there are more columns than `columns` shows, or other ones. */
export type Output = {
  readonly columns: readonly Column[];
  readonly open: boolean;
  readonly rows: number;
  /** More than this there cannot be; absent where nothing says so. */
  readonly rowsMost?: number;
};

/** One query level. `ctes` are the names its WITH defines. */
export type Scope = {
  readonly parent: Scope | null;
  readonly items: readonly FromItem[];
  readonly ctes: ReadonlyMap<string, () => Output> | null;
};

export function nested(
  parent: Scope | null,
  items: readonly FromItem[],
  ctes: Scope["ctes"] = null,
): Scope {
  return { parent, items, ctes };
}

/** The innermost common table expression of that name; null when there is none. */
export function findCte(scope: Scope | null, name: string): Output | null {
  for (let level = scope; level !== null; level = level.parent) {
    const found = level.ctes?.get(name);
    if (found !== undefined) return found();
  }
  return null;
}

/** The innermost entry that `name` (qualified by `schema` or not) refers to. */
export function findSource(
  scope: Scope | null,
  schema: string | null,
  name: string,
): Source | null {
  for (let level = scope; level !== null; level = level.parent) {
    for (const item of level.items) {
      for (const source of item.sources) {
        if (source.alias === name && (schema === null || source.schema === schema)) return source;
      }
    }
  }
  return null;
}

/** An unqualified name: a column of the innermost level that has it, else a whole row. */
export function findName(scope: Scope | null, name: string): Column | null {
  for (let level = scope; level !== null; level = level.parent) {
    const found = columnAt(level, name);
    if (found !== null) return found;
  }
  const source = findSource(scope, null, name);
  return source === null ? null : named(name, rowOf(source));
}

/** A column of one level alone; null when that level surely has none. */
export function columnAt(level: Scope, name: string): Column | null {
  let found: Column | null = null;
  let unknown = false;
  for (const item of level.items) {
    for (const column of item.columns) {
      if (column.name === name) found = found === null ? column : named(name, join(found, column));
    }
    unknown ||= item.open !== null;
  }
  if (found !== null) return found;
  if (unknown) return named(name, joinAll([opaque, ...level.items.map(openOf)]));
  const system = level.items.some((item) => item.sources.some(hasSystemColumns));
  return system && systemColumns.has(name) ? named(name, plain) : null;
}

/** A column of one entry that is known by name; an open entry may have others. */
export function columnOf(source: Source, name: string): Column | null {
  for (const column of source.columns) if (column.name === name) return column;
  return hasSystemColumns(source) && systemColumns.has(name) ? named(name, plain) : null;
}

/** FROM items whose columns carry the classes they were compared with; by `originKey`. */
export function comparedItems(
  list: readonly FromItem[],
  compared: ReadonlyMap<string, ReadonlySet<string>>,
): readonly FromItem[] {
  if (compared.size === 0) return list;
  const withClasses = (column: Column): Column => {
    const key = column.origin === null ? null : originKey(column.origin);
    const classes = key === null ? undefined : compared.get(key);
    if (classes === undefined) return column;
    return { ...column, ...join(column, { classes: [...classes].sort(), opaque: false }) };
  };
  return list.map((item) => ({
    ...item,
    columns: item.columns.map(withClasses),
    sources: item.sources.map((source) => ({
      ...source,
      columns: source.columns.map(withClasses),
    })),
  }));
}

/** The row of an entry as one value. */
export function rowOf(source: Source): Value {
  return join(joinAll(source.columns), source.open ?? plain);
}

/** An entry as a FROM item of its own. */
export function itemOf(source: Source, rows: number): FromItem {
  return { sources: [source], columns: source.columns, open: source.open, rows };
}

/**
 * Columns under the new names of an alias list, which may be shorter. With `open`, others stand
 * among them, and no name is certain to be given to the column at its place.
 */
export function renamed(
  columns: readonly Column[],
  names: readonly string[],
  open = false,
): readonly Column[] {
  if (names.length === 0) return columns;
  return (open ? uncertain(columns) : columns).map((column, index) => {
    const name = names[index];
    return name === undefined ? column : { ...column, name };
  });
}

/** Columns of which each may be another one than its place says. */
export function uncertain(columns: readonly Column[]): readonly Column[] {
  const any = join(opaque, joinAll(columns));
  return columns.map(({ name }) => named(name, any));
}

function openOf(item: FromItem): Value {
  return item.open ?? plain;
}

function hasSystemColumns(source: Source): boolean {
  return source.relation !== null && source.relation.kind !== "v";
}

const systemColumns: ReadonlySet<string> = new Set([
  "ctid",
  "xmin",
  "xmax",
  "cmin",
  "cmax",
  "tableoid",
]);
