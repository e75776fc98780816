/**
 * What is asked of one value: its format, the rule, and all that the rule depends on.
 *
 * @module
 */
import type { Operator } from "#schemas/mask_plan.ts";
import type { MaskingKey } from "./key.ts";

/** The operators that look at a value: `keep` and `null` are settled before. */
export type Rule = Exclude<Operator, { operator: "keep" } | { operator: "null" }>;

/** A rule for the values of one column. Made once a column, not once a value. */
export type Ask = {
  readonly format: 0 | 1;
  readonly rule: Rule;
  readonly className: string;
  readonly key: MaskingKey;
  /** The scope of keyed results. A hash knows no scope but its class. */
  readonly purpose: "hash" | "tokenise";
  readonly scope: string;
};

export function askOf(
  rule: Rule,
  format: 0 | 1,
  className: string,
  key: MaskingKey,
): Ask {
  const purpose = rule.operator === "hash" ? "hash" : "tokenise";
  const scope = rule.operator === "tokenise" ? rule.scope : "";
  return { format, rule, className, key, purpose, scope };
}
