/**
 * Whether a value that is written is one as it is stored, not something made of it. A mask is meant
 * for values as they are: of a part, or of NULL in the place of some, it may say the rest.
 *
 * @module
 */
import { isBuiltin } from "./calls.ts";
import { valueOf } from "./expression.ts";
import { isColumn, type Value } from "./lineage.ts";
import type { Run } from "./run.ts";
import type { Scope } from "./scope.ts";
import { selectOutput } from "./select.ts";
import { bodyOf, fields, items, node, stringOf, stringsOf } from "./tree.ts";

/** Whether it is the bare column of a relation. */
export function isStored(value: Value): boolean {
  return isColumn(value) && (value.origin !== null || value.whole === true);
}

/** Whether an expression of that value gives what is stored, or what has no class. */
export function isWholeValue(
  expression: unknown,
  value: Value,
  scope: Scope | null,
  run: Run,
): boolean {
  if (value.classes.length === 0) return true;
  // One of the columns that a star stands for.
  if (expression === null) return isStored(value);
  const { tag, body } = node(expression) ?? { tag: "", body: {} };
  const isWhole = (part: unknown) => isWholeValue(part, valueOf(part, scope, run), scope, run);
  switch (tag) {
    case "ColumnRef":
      return isStored(value);
    case "TypeCast": {
      const type = fields(body["typeName"]);
      return stringsOf(type["names"])?.at(-1) === "text" && isWhole(body["arg"]);
    }
    case "SubLink": {
      const select = bodyOf(body["subselect"], "SelectStmt");
      const [only] = select === null ? [] : selectOutput(select, scope, run).columns;
      return body["subLinkType"] === "EXPR_SUBLINK" && only !== undefined && isStored(only);
    }
    case "CoalesceExpr":
      return items(body["args"]).every(isWhole);
    case "CaseExpr":
      return body["arg"] === undefined && isWhole(body["defresult"]) &&
        items(body["args"]).every((entry) => {
          const { expr, result } = bodyOf(entry, "CaseWhen") ?? {};
          const { classes, opaque } = valueOf(expr, scope, run);
          return classes.length === 0 && !opaque && isWhole(result);
        });
    case "FuncCall": {
      const names = items(body["funcname"]).map((part) => stringOf(part) ?? "");
      const [only, ...others] = items(body["args"]);
      return others.length === 0 && only !== undefined && dressing.has(names.at(-1) ?? "") &&
        isBuiltin(names, run) && isWhole(only);
    }
    default:
      return false;
  }
}

/** Functions of one argument that change nothing of it but its case and the blanks around it. */
const dressing: ReadonlySet<string> = new Set(
  ["upper", "lower", "initcap", "btrim", "ltrim", "rtrim"],
);
