/**
 * Statements whose names the server may look up a while after they began: whatever it reads or runs
 * before it does so may take its time, and another session may define something meanwhile.
 *
 * **Invariant:** what is not called late has its names looked up before any code of a user's runs,
 * but for input that is read in no time.
 *
 * @module
 */
import type { Schema } from "./catalog_index.ts";

/** The detail of a statement that may. */
export const looksUpLate = "late_names";

/** A longer text holds literals enough to keep the server busy. */
const charactersMax = 65_536;
/** So many parameters take no time to be read. */
export const promptParametersMax = 1000;

/**
 * Literals are read where they stand, before names that come behind them. `checksInput`: the
 * catalog has types by whose checks that may run code, a domain's in an array, row or range.
 */
export function mayReadLate(
  sql: string,
  { checksInput }: Pick<Schema["hidden"], "checksInput">,
): boolean {
  return sql.length > charactersMax || pattern.test(sql) || checksInput && container.test(sql);
}

/** The same of a parameter, which is read at Bind, before the statement is planned anew. */
export function isReadLate(parameter: Uint8Array | null): boolean {
  if (parameter === null) return false;
  return parameter.length > charactersMax || pattern.test(latin1.decode(parameter));
}

/* A jsonpath's regular expression is compiled when it is read. Escapes, and the parts of a literal
on several lines, might hide the word. */
const pattern = new RegExp(
  String.raw`like_regex|\\|u&['"]|` +
    String.raw`'[^\S\r\n]*(?:--[^\r\n]*)?[\r\n](?:\s|--[^\r\n]*[\r\n])*'`,
  "i",
);
/* Where a literal begins, or a part of one. */
const container = /['$]\s*[{[(]/;
const latin1 = new TextDecoder("latin1");
