/**
 * What is asked of one value: its format, the rule, and all that the rule depends on.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Operator } from "#schemas/mask_plan.ts";
import type { MaskingKey } from "./key.ts";
import { redactedText } from "#schemas/detectors/redacted.ts";
import { hashMarker, type Marker, tokenMarker } from "./markers.ts";

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
  /** The redaction marker of the class. */
  readonly redacted: Uint8Array;
  /** What stands for a value in a text: a token, a hash, or the redaction marker. */
  readonly marker: Marker;
};

export function askOf(
  rule: Rule,
  format: 0 | 1,
  className: string,
  key: MaskingKey,
): Ask {
  const redacted = Buffer.from(redactedText(className));
  const purpose = rule.operator === "hash" ? "hash" : "tokenise";
  const scope = rule.operator === "tokenise" ? rule.scope : "";
  const within = { purpose, className, scope } as const;
  const marker: Marker = rule.operator === "hash"
    ? hashMarker(key, within)
    : rule.operator === "tokenise"
    ? tokenMarker(key, within)
    : () => redacted;
  return { ...within, format, rule, key, redacted, marker };
}
