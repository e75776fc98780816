/** Changes one value of a configuration's text. @module */
import { parseDocument } from "yaml";

export function setIn(text: string, path: readonly string[], value: unknown): string {
  const document = parseDocument(text);
  document.setIn(path, value);
  return document.toString({ lineWidth: 100 });
}
