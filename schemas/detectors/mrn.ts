/**
 * Medical record numbers: five to ten digits, with up to three letters before them, behind a label.
 * Every institution has its own, so without a label there is nothing to tell one by.
 *
 * @module
 */
import { mrnLabel } from "./labels.ts";
import {
  type Groups,
  hasLabel,
  isDigit,
  isLetter,
  isStyle,
  type Range,
  styleStart,
} from "./scan.ts";

export function mrnAt(bytes: Uint8Array, groups: Groups): Range | null {
  const first = groups.starts[0] ?? 0;
  const end = groups.ends[0] ?? 0;
  const isLong = end - first >= 5 && end - first <= 10;
  if (!isLong || isLetter(bytes[end]) && !isStyle(bytes, end) || isDigit(bytes[end])) return null;
  if (hasLabel(bytes, first, mrnLabel)) return { start: first, end };
  let start = first;
  while (start > groups.floor && first - start < 3 && isLetter(bytes[start - 1])) {
    if (styleStart(bytes, start) < start) break;
    start--;
  }
  return start < first && hasLabel(bytes, start, mrnLabel) ? { start, end } : null;
}
