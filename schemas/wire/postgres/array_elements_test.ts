import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { binaryElements, textElements } from "./array_elements.ts";

Deno.test("textElements() reads what array_out writes, in any dimension", () => {
  const cases: [string, readonly string[] | null][] = [
    ["{}", []],
    ["{1,2,3}", ["1", "2", "3"]],
    [" { a , b c } ", ["a", "b c"]],
    ['{"a,b","say \\"x\\"","back\\\\slash","{}",""}', ["a,b", 'say "x"', "back\\slash", "{}", ""]],
    ['{NULL,null,"NULL"}', ["NULL"]],
    ["{{1,2},{3,4}}", ["1", "2", "3", "4"]],
    ["[0:1][-1:0]={{1,2},{3,4}}", ["1", "2", "3", "4"]],
    ["{a\\,b}", ["a,b"]],
    ["", null],
    ["1", null],
    ["{1", null],
    ["{1}}", null],
    ["{1} x", null],
    ['{"1}', null],
    ["[0:1]", null],
  ];
  for (const [text, elements] of cases) deepStrictEqual(textElements(text, 10), elements, text);
});

Deno.test("textElements() and binaryElements() give no more than they may, and take any bytes", () => {
  strictEqual(textElements("{1,2,3}", 2), null);
  strictEqual(binaryElements(binary(["a", "b", "c"]), 2), null);
  fc.assert(fc.property(fc.string(), (text) => {
    const elements = textElements(`{${text}`, 100);
    return elements === null || elements.length <= 100;
  }));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const elements = binaryElements(bytes, 100);
    return elements === null || elements.length <= 100;
  }));
});

Deno.test("binaryElements() gives each element but nulls, and nothing of what is cut short", () => {
  const bytes = binary(["one", null, "three"]);
  const texts = binaryElements(bytes, 10)?.map((one) => new TextDecoder().decode(one));
  deepStrictEqual(texts, ["one", "three"]);
  deepStrictEqual(binaryElements(new Uint8Array(12), 10), []);
  for (let end = 0; end < bytes.length; end++) {
    const isWhole = end === 20 || end === 27 || end === 31;
    strictEqual(binaryElements(bytes.subarray(0, end), 10) !== null, isWhole, `${end} bytes`);
  }
});

/** One dimension of text. */
function binary(elements: readonly (string | null)[]): Uint8Array {
  const parts = elements.map((one) => one === null ? null : new TextEncoder().encode(one));
  const size = parts.reduce((sum, part) => sum + 4 + (part?.length ?? 0), 20);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  [1, 1, 25, elements.length, 1].forEach((value, index) => view.setInt32(4 * index, value));
  let position = 20;
  for (const part of parts) {
    view.setInt32(position, part?.length ?? -1);
    if (part !== null) bytes.set(part, position + 4);
    position += 4 + (part?.length ?? 0);
  }
  return bytes;
}
