/**
 * SQL for people to read: the text of a statement with its literals hidden.
 *
 * A lexer by the rules of PostgreSQL's scan.l (string constants, 4.1.2 of its documentation), with
 * `standard_conforming_strings` on, as the gateway keeps it.
 *
 * **Invariant:** no character inside a string constant, a long number or a comment is shown, also
 * when the text is cut short or malformed. Linear in the length of the text.
 *
 * @example Values go, structure stays
 * ```ts
 * import { maskLiterals } from "#schemas/sql/literals.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const sql = "SELECT * FROM patients WHERE name = 'Ada' AND mrn = 1234567 LIMIT 10";
 * deepStrictEqual(
 *   maskLiterals(sql),
 *   "SELECT * FROM patients WHERE name = '…' AND mrn = … LIMIT 10",
 * );
 * ```
 * @module
 */

/* A string in which a backslash is only itself. */
const standard = false;

/**
 * Numbers of at least this many digits are hidden: identifiers of people are longer than counts.
 */
const digitsHidden = 5;

/** Returns `sql` with string constants as `'…'`, long numbers as `…` and comments emptied. */
export function maskLiterals(sql: string): string {
  let shown = "";
  let position = 0;
  // Whether the last string understood backslashes: one that continues it does so too.
  let escapes = false;
  let continues = false;
  while (position < sql.length) {
    const token = next(sql, position, continues && escapes);
    shown += token.shown;
    if (token.kind === "string") {
      escapes = token.escapes;
      continues = true;
    } else if (token.kind !== "space") continues = false;
    position = token.end;
  }
  return shown;
}

type Token = {
  readonly kind: "string" | "space" | "other";
  readonly shown: string;
  readonly end: number;
  readonly escapes: boolean;
};

function next(sql: string, from: number, escapes: boolean): Token {
  const character = sql[from] ?? "";
  if (isSpace(character)) return verbatim("space", sql, from, runEnd(sql, from, isSpace));
  if (sql.startsWith("--", from)) return lineComment(sql, from);
  if (sql.startsWith("/*", from)) return blockComment(sql, from);
  if (character === "'") return string(sql, from, "", escapes);
  if (character === '"') return quotedName(sql, from);
  if (character === "$") return dollar(sql, from);
  if (isDigit(character) || (character === "." && isDigit(sql[from + 1] ?? ""))) {
    return number(sql, from);
  }
  if (isWordStart(character)) return word(sql, from);
  return verbatim("other", sql, from, from + 1);
}

/** A name or keyword; `e`, `b`, `x`, `n` and `u&` before a quote belong to the string. */
function word(sql: string, from: number): Token {
  const end = runEnd(sql, from, isWordPart);
  const text = sql.slice(from, end);
  if (sql[end] === "'" && /^[ebxn]$/i.test(text)) {
    return string(sql, end, text, text.toLowerCase() === "e");
  }
  if (/^u$/i.test(text) && sql.startsWith("&'", end)) {
    return string(sql, end + 1, `${text}&`, standard);
  }
  return verbatim("other", sql, from, end);
}

function string(sql: string, quote: number, prefix: string, escapes: boolean): Token {
  let position = quote + 1;
  while (position < sql.length) {
    const character = sql[position];
    if (escapes && character === "\\") position += 2;
    else if (character !== "'") position += 1;
    else if (sql[position + 1] === "'") position += 2;
    else break;
  }
  const end = Math.min(sql.length, position + 1);
  return { kind: "string", shown: `${prefix}'…'`, end, escapes };
}

/** `$tag$ ... $tag$`, a parameter `$1`, or a lone dollar. */
function dollar(sql: string, from: number): Token {
  tagPattern.lastIndex = from;
  const tag = tagPattern.exec(sql)?.[0];
  if (tag === undefined) {
    return verbatim("other", sql, from, runEnd(sql, from + 1, isDigit));
  }
  const close = sql.indexOf(tag, from + tag.length);
  const end = close < 0 ? sql.length : close + tag.length;
  return { kind: "other", shown: "$$…$$", end, escapes: false };
}

const tagPattern = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

function quotedName(sql: string, from: number): Token {
  let position = from + 1;
  while (position < sql.length) {
    if (sql[position] !== '"') position += 1;
    else if (sql[position + 1] === '"') position += 2;
    else return verbatim("other", sql, from, position + 1);
  }
  // A name that never ends may hide the start of a string.
  return { kind: "other", shown: '"…', end: sql.length, escapes: false };
}

/** A number with whatever is glued to it: `0x1F`, `1_000`, `1.5e10`, `12abc`. */
function number(sql: string, from: number): Token {
  let end = from;
  while (end < sql.length) {
    const character = sql[end] ?? "";
    const isSign = (character === "+" || character === "-") && /[eE]/.test(sql[end - 1] ?? "");
    // The two dots of a range belong to no number.
    const isDot = character === "." && sql[end + 1] !== ".";
    if (!isWordPart(character) && !isDot && !isSign) break;
    end += 1;
  }
  const text = sql.slice(from, end);
  const digits = text.replace(/[^0-9]/g, "").length;
  const hidden = digits >= digitsHidden || /^0[xob]/i.test(text);
  const last = Math.max(end, from + 1);
  return { kind: "other", shown: hidden ? "…" : sql.slice(from, last), end: last, escapes: false };
}

function lineComment(sql: string, from: number): Token {
  const end = runEnd(sql, from, (character) => character !== "\n" && character !== "\r");
  return { kind: "space", shown: "-- …", end, escapes: false };
}

/** Block comments nest. */
function blockComment(sql: string, from: number): Token {
  let depth = 0;
  let position = from;
  while (position < sql.length) {
    if (sql.startsWith("/*", position)) {
      depth += 1;
      position += 2;
    } else if (sql.startsWith("*/", position)) {
      depth -= 1;
      position += 2;
      if (depth === 0) break;
    } else position += 1;
  }
  return { kind: "space", shown: "/* … */", end: position, escapes: false };
}

function verbatim(kind: Token["kind"], sql: string, from: number, end: number): Token {
  return { kind, shown: sql.slice(from, end), end, escapes: false };
}

function runEnd(sql: string, from: number, isPart: (character: string) => boolean): number {
  let end = from;
  while (end < sql.length && isPart(sql[end] ?? "")) end += 1;
  return end;
}

function isSpace(character: string): boolean {
  return /^[ \t\n\r\f\v]$/.test(character);
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

function isWordStart(character: string): boolean {
  return /^[A-Za-z_\u0080-\uffff]$/.test(character);
}

function isWordPart(character: string): boolean {
  return /^[A-Za-z0-9_$\u0080-\uffff]$/.test(character);
}
