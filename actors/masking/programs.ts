/**
 * Makes the program of a result's rows: the plan, checked against what the server says of the
 * columns.
 *
 * **Invariant:** where plan and server do not speak of the same column, the column is masked whole;
 * where they do not speak of as many, the result is.
 *
 * @module
 */
import type { ColumnPlan, ResultPlan } from "#schemas/mask_plan.ts";
import type { CatalogView, DescribedColumn } from "./rewriter.ts";
import { columnProgram, type Means, type RowProgram } from "./rows.ts";
import { unknownOid } from "./types.ts";

/** What the server said of a result, as far as it did. */
export type Described = {
  /** Null when nothing was said. */
  readonly columns: readonly DescribedColumn[] | null;
  /** As in Bind: none is text for all, one is for all, else one for each. */
  readonly formats: readonly (0 | 1)[];
  /** False when `columns` may be those of another statement of that name. */
  readonly isCertain: boolean;
};

/** Null when the counts of columns do not agree: the rows are then masked whole. */
export function programOf(
  result: ResultPlan,
  described: Described,
  catalog: CatalogView,
  means: Means,
): RowProgram | null {
  const { columns, formats, isCertain } = described;
  const count = result.columns.length;
  if (columns !== null && columns.length !== count) return null;
  if (formats.length > 1 && formats.length !== count) return null;
  const programs = result.columns.map((plan, index) => {
    const column = columns?.[index] ?? null;
    const facts = {
      typeOid: column?.typeOid ?? originType(plan, catalog),
      format: formats[formats.length === 1 ? 0 : index] ?? 0,
      whole: column !== null && !isSameColumn(plan, column, catalog),
      typeIsCertain: isCertain && column !== null,
    };
    return columnProgram(plan, facts, means);
  });
  return { columns: programs };
}

/** The type of the plan's own column, by the catalog. */
export function originType(plan: ColumnPlan, catalog: CatalogView): number {
  if (plan.origin === null) return unknownOid;
  return catalog.typeOf(plan.origin.relation, plan.origin.attribute) ?? unknownOid;
}

/** The server names a table only for bare columns; 0 says nothing. */
function isSameColumn(plan: ColumnPlan, column: DescribedColumn, catalog: CatalogView): boolean {
  const { tableOid, attribute } = column;
  if (tableOid === 0 || attribute === 0) return true;
  const { origin } = plan;
  const isOrigin = origin === null ||
    origin.relation === tableOid && origin.attribute === attribute;
  if (!isOrigin) return false;
  if (plan.mask.operator !== "keep") return true;
  const classes = catalog.classesOf(tableOid, attribute) ?? [];
  return classes.every((name) => plan.classes.includes(name));
}
