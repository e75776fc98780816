/**
 * Client encodings whose longer characters have bytes below 0x80 in them: what looks like a quote,
 * a backslash or a delimiter may be a part of a character.
 * https://www.postgresql.org/docs/current/multibyte.html
 *
 * @module
 */

/** Whether bytes in an encoding of that name cannot be read as ASCII among other bytes. */
export function embedsAscii(clientEncoding: string): boolean {
  return embedding.has(clientEncoding.toUpperCase().replace(/\W/g, "_"));
}

const embedding: ReadonlySet<string> = new Set([
  ...["SJIS", "MSKANJI", "SHIFTJIS", "SHIFT_JIS", "WIN932", "WINDOWS932", "SHIFT_JIS_2004"],
  ...["BIG5", "WIN950", "WINDOWS950", "GBK", "WIN936", "WINDOWS936", "GB18030"],
  ...["UHC", "WIN949", "WINDOWS949", "JOHAB"],
]);
