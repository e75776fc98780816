/**
 * What a `request` frame is besides statements, as its header `Sallyport-Operation` says.
 *
 * **Invariant:** one text has one meaning to all who read it: to authz, which judges, to target,
 * which carries out, and to the verifier. What has none of the known forms is carried out by
 * nobody.
 *
 * @module
 */

export type Operation =
  | { readonly kind: "statements" | "unknown" }
  /** Withdraws that request. */
  | { readonly kind: "cancel"; readonly request: number }
  /** Belongs to that request while it runs. */
  | { readonly kind: "continues"; readonly request: number };

const statements: Operation = { kind: "statements" };
const unknown: Operation = { kind: "unknown" };

/**
 * Reads the header; a request without it is statements.
 *
 * @example A number that is none is not taken for 0, nor for no operation
 * ```ts
 * import { parseOperation } from "#schemas/operation.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * deepStrictEqual(parseOperation("cancel:7"), { kind: "cancel", request: 7 });
 * deepStrictEqual(parseOperation("cancel:x"), { kind: "unknown" });
 * ```
 */
export function parseOperation(header: string | undefined): Operation {
  if (header === undefined) return statements;
  const [, kind, digits] = /^(cancel|continues):(0|[1-9]\d{0,14})$/.exec(header) ?? [];
  const request = Number(digits);
  if (kind === "cancel") return { kind, request };
  // Request 0 is the session's opening, which takes no input.
  return kind === "continues" && request > 0 ? { kind, request } : unknown;
}

/** The request that one of this operation belongs to; null for one that stands alone. */
export function continuedBy(operation: Operation | undefined): number | null {
  return operation?.kind === "continues" ? operation.request : null;
}
