/**
 * Text for a terminal: what came from an agent or a database must not be able to move the cursor,
 * hide lines or retitle a window of whoever replays it.
 *
 * **Invariant:** what comes out holds no control, format or unpaired surrogate character; line ends
 * are our own.
 *
 * @module
 */

/** One line; controls become visible escapes, and more than `charactersMax` are cut with `…`. */
export function lineText(text: string, charactersMax: number): string {
  const characters = [...text.slice(0, charactersMax * 2)];
  const cut = characters.length > charactersMax || text.length > charactersMax * 2;
  const shown = cut ? characters.slice(0, Math.max(0, charactersMax - 1)) : characters;
  return shown.map(visible).join("") + (cut ? "…" : "");
}

/** Several lines; a tab becomes two spaces. */
export function blockText(text: string, linesMax: number, charactersMax: number): string[] {
  const lines = text.replaceAll("\t", "  ").split(/\r\n|\r|\n/);
  const shown = lines.slice(0, linesMax).map((line) => lineText(line, charactersMax));
  const more = lines.length - linesMax;
  return more > 0 ? [...shown, `… ${more} more lines`] : shown;
}

/** How many columns of a terminal the text takes; East Asian wide characters count as two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** Pads to a width in columns. */
export function padText(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]/u;

function visible(character: string): string {
  if (!/[\p{C}\u2028\u2029]/u.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
