/**
 * The elements of an array value, in both formats, whatever its dimensions.
 *
 * Text: `{a,"b \"c\"",{nested},NULL}`, with `[1:2]=` before it when bounds are not the usual ones.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 *
 * Binary (array_send of arrayfuncs.c):
 * ```
 * Int32 dimensions  Int32 has nulls  Int32 type  { Int32 length  Int32 lower bound }*
 * { Int32 length, -1 null  Byte_n element }*
 * ```
 *
 * @module
 */

/** Dimensions of an array (MAXDIM of c.h). */
const dimensionsMax = 6;

/** The elements but for nulls; null when it is no array, or has more of them than `elementsMax`. */
export function textElements(text: string, elementsMax: number): readonly string[] | null {
  const start = /^\s*(?:(?:\[[-+0-9:]+\])+\s*=\s*)?/.exec(text)?.[0].length ?? 0;
  if (text[start] !== "{") return null;
  const elements: string[] = [];
  let depth = 0;
  element.lastIndex = start;
  while (element.lastIndex < text.length) {
    const match = element.exec(text);
    if (match === null) return null;
    const [token, quoted] = match;
    if (token === "{") depth++;
    else if (token === "}") depth--;
    else if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gs, "$1"));
    else if (token !== "," && token.trim() !== "" && token.trim().toUpperCase() !== "NULL") {
      elements.push(token.trim().replace(/\\(.)/gs, "$1"));
    }
    if (elements.length > elementsMax || depth < 0) return null;
    if (depth === 0 && text.slice(element.lastIndex).trim() !== "") return null;
    if (depth === 0) return elements;
  }
  return null;
}

/* A brace or comma, a quoted element, or an element as it stands. */
const element = /[{},]|\s*"((?:[^"\\]|\\.)*)"\s*|(?:[^{},"\\]|\\.)+/gsy;

/** The same of the binary format; elements are views. */
export function binaryElements(
  value: Uint8Array,
  elementsMax: number,
): readonly Uint8Array[] | null {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (value.length < 12) return null;
  const dimensions = view.getInt32(0);
  if (dimensions < 0 || dimensions > dimensionsMax) return null;
  const elements: Uint8Array[] = [];
  let position = 12 + 8 * dimensions;
  while (position < value.length) {
    if (position + 4 > value.length) return null;
    const length = view.getInt32(position);
    position += 4;
    if (length < -1 || position + Math.max(0, length) > value.length) return null;
    if (length >= 0) elements.push(value.subarray(position, position + length));
    position += Math.max(0, length);
    if (elements.length > elementsMax) return null;
  }
  return position === value.length ? elements : null;
}
