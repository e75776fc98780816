/**
 * US Social Security numbers and individual taxpayer numbers: three, two and four digits with one
 * kind of separator, or nine digits behind a label.
 * https://www.ssa.gov/employer/randomization.html
 *
 * @module
 */
import { ssnLabel } from "./labels.ts";
import {
  beginsNumber,
  between,
  digitsOf,
  endsNumber,
  type Groups,
  hasLabel,
  isLetter,
  lengthOf,
  type Range,
} from "./scan.ts";

export function ssnAt(bytes: Uint8Array, groups: Groups): Range | null {
  if (groups.digits < 9) return null;
  const [start = 0] = groups.starts;
  if (lengthOf(groups, 0) === 9) {
    const isSsn = beginsNumber(bytes, groups) && endsNumber(bytes, groups, 0) &&
      isNumber(digitsOf(bytes, groups, 0, 1)) &&
      hasLabel(bytes, start, ssnLabel);
    return isSsn ? { start, end: groups.ends[0] ?? 0 } : null;
  }
  const [first, second] = groups.separators;
  const isShaped = lengthOf(groups, 0) === 3 && lengthOf(groups, 1) === 2 &&
    lengthOf(groups, 2) === 4 && first === second &&
    (first === between.dash || first === between.space || first === between.dot);
  if (!isShaped || !standsApart(bytes, groups, first === between.dash)) return null;
  // What is called one is one, whatever numbers are issued at present.
  const isSsn = isNumber(digitsOf(bytes, groups, 0, 3)) || hasLabel(bytes, start, ssnLabel);
  return isSsn ? { start, end: groups.ends[2] ?? 0 } : null;
}

/** With dashes it is told from the letters of a name of a file, too. */
function standsApart(bytes: Uint8Array, groups: Groups, isDashed: boolean): boolean {
  const [start = 0] = groups.starts;
  const after = bytes[groups.ends[2] ?? 0];
  const begins = beginsNumber(bytes, groups) || isDashed && isLetter(bytes[start - 1]);
  return begins &&
    (endsNumber(bytes, groups, 2) || isDashed && (isLetter(after) || after === underscore));
}

const underscore = 0x5f;
/** Numbers that were printed in advertisements, or are everybody's example. */
const neverIssued: ReadonlySet<string> = new Set(["078051120", "219099999", "123456789"]);

function isNumber(digits: string): boolean {
  const area = digits.slice(0, 3);
  const group = Number(digits.slice(3, 5));
  if (neverIssued.has(digits) || /^(\d)\1{8}$/.test(digits)) return false;
  if (area === "000" || area === "666" || digits.endsWith("0000") || group === 0) return false;
  if (!area.startsWith("9")) return true;
  // Areas from 900 on are ITINs, in these groups.
  return group >= 50 && group <= 65 || group >= 70 && group <= 88 || group >= 90 && group <= 92 ||
    group >= 94;
}
