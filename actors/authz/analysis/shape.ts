/**
 * The shape of a statement: its text with literals replaced, as the key of a cache of analyses.
 *
 * **Invariant:** two texts of one shape parse to trees that are equal but for the values of
 * literals. The lexer is strict and linear; whatever could be read in another way has no shape.
 *
 * @module
 */

/** The shape, or null for any text outside the strict subset. */
export function shapeOf(sql: string): string | null {
  if (!start.test(sql)) return null;
  // Printable ASCII and plain white space alone: nothing that folds, joins or hides.
  if (!allowed.test(sql)) return null;
  if (sql.includes("--") || sql.includes("/*")) return null;
  let shape = "";
  let position = 0;
  while (position < sql.length) {
    token.lastIndex = position;
    const match = token.exec(sql);
    if (match === null) return null;
    const lexeme = match[0];
    const end = position + lexeme.length;
    const replaced = replace(lexeme, sql, position, end);
    if (replaced === null) return null;
    shape += replaced;
    position = end;
  }
  return shape;
}

export type Literal = { readonly text: string; readonly location: number };

/**
 * The literals of a text that has a shape, as the parser reads them: as many and in the same order
 * for every text of the shape.
 */
export function literalsOf(sql: string): readonly Literal[] {
  const literals: Literal[] = [];
  for (token.lastIndex = 0; token.lastIndex < sql.length;) {
    const location = token.lastIndex;
    const lexeme = token.exec(sql)?.[0];
    if (lexeme === undefined) break;
    const first = lexeme.charCodeAt(0);
    if (first === 0x27) {
      literals.push({ text: lexeme.slice(1, -1).replaceAll("''", "'"), location });
    } else if (first >= 0x30 && first <= 0x39) literals.push({ text: lexeme, location });
  }
  return literals;
}

/**
 * Whether the shape keeps the number at this place as it is written: after LIMIT, OFFSET, BY, FIRST
 * or NEXT, where the analysis uses its value.
 */
export function keepsVerbatim(sql: string, location: number): boolean {
  return keeping.test(sql.slice(Math.max(0, location - 24), location));
}

const start = /^\s*(select|insert|update|delete|with|values)\b/i;
const allowed = /^[\t\n\r\x20-\x5b\x5d-\x7e]*$/;
const keeping = /(?:^|[\s)])(?:limit|offset|by|first|next)\s{1,16}$/i;
/* A word, a parameter, a number, a string, a quoted name, white space, or one other character. */
const token =
  /[A-Za-z_][A-Za-z0-9_$]*|\$[0-9]+|[0-9]+(?:\.[0-9]+)?|'(?:[^']|'')*'|"(?:[^"]|"")*"|[\t\n\r ]+|[^A-Za-z_0-9'"$]/y;

function replace(lexeme: string, sql: string, from: number, to: number): string | null {
  const first = lexeme.charCodeAt(0);
  const before = from === 0 ? "" : sql[from - 1] ?? "";
  const after = sql[to] ?? "";
  if (first === 0x24) return joins(after) ? null : lexeme;
  if (first === 0x22) return joins(before) || before === "&" ? null : lexeme;
  if (first === 0x27) return stringShape(sql, before, to);
  if (first < 0x30 || first > 0x39) return lexeme;
  if (joins(before) || before === "." || joins(after) || after === ".") return null;
  if (keepsVerbatim(sql, from) || typeModifier.test(sql.slice(Math.max(0, from - 24), from))) {
    return lexeme;
  }
  return isInteger(lexeme) ? "\x01i" : "\x01f";
}

/** `x'..'`, `e'..'`, `u&'..'` and strings that continue on another line are other literals. */
function stringShape(sql: string, before: string, to: number): string | null {
  if (joins(before) || before === "&" || before === "'") return null;
  continuation.lastIndex = to;
  return continuation.test(sql) || joins(sql[to] ?? "") ? null : "\x01s";
}

const continuation = /[\t\n\r ]*'/y;
/* The parser turns float(1) and float(53) into different types. */
const typeModifier = /float[\t\n\r ]{0,8}\([\t\n\r ]{0,8}$/i;

function joins(character: string): boolean {
  return /^[A-Za-z0-9_$"']$/.test(character);
}

/** What the scanner reads as a 32-bit integer; larger ones are floats in the tree. */
function isInteger(digits: string): boolean {
  return /^[0-9]{1,15}$/.test(digits) && Number(digits) <= 2_147_483_647;
}
