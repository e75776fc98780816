/**
 * Search paths as PostgreSQL keeps them: a list of names, of which `"$user"` is the schema of
 * whoever acts, and some may not be there.
 *
 * @module
 */

/** The names of a search path given as text; null when it is not a plain list of names. */
export function parseSearchPath(value: string): readonly string[] | null {
  if (/^[ \t\n\r\f]*(?:"")?[ \t\n\r\f]*$/.test(value)) return [];
  const names: string[] = [];
  for (const part of value.split(",")) {
    // PostgreSQL's blanks are these; any other is part of a name.
    const match = /^[ \t\n\r\f]*(?:"([^"]+)"|([A-Za-z_][A-Za-z0-9_$]*))[ \t\n\r\f]*$/.exec(part);
    if (match === null) return null;
    names.push(match[1] ?? (match[2] ?? "").toLowerCase());
  }
  return names.every(isPlainSchema) ? names : null;
}

/**
 * Whether it is known which schema a name in a path means. PostgreSQL cuts a longer name, and then
 * means another; and whose temporary schema it is that has a number, and whether it is there, the
 * server alone knows.
 */
export function isPlainSchema(name: string): boolean {
  return new TextEncoder().encode(name).length <= nameBytesMax && !isNumberedTemporary(name);
}

/** The temporary schema of some session. */
export function isNumberedTemporary(name: string): boolean {
  return /^pg_temp_\d+$/.test(name);
}

/** NAMEDATALEN, without the byte that ends it. */
const nameBytesMax = 63;
