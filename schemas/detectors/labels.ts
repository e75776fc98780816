/**
 * Words before a number that say what it is.
 *
 * @module
 */

const mrnLabels = ["mrn", "mrns", "med rec", "medical rec", "medical record", "medical records"]
  .concat(["chart"]);
const ssnLabels = ["ssn", "ss", "itin", "tin", "social security", "social", "soc sec", "tax id"];
/** They may stand between a label and its number. */
const wordsBehind = ["no", "nr", "num", "number", "nbr", "id", "is", "was"];

/** What the words before a medical record number end with, as `hasLabel` reads them. */
export const mrnLabel = ruleOf(mrnLabels);
/** The same of social security and taxpayer numbers. */
export const ssnLabel = ruleOf(ssnLabels);

function ruleOf(labels: readonly string[]): RegExp {
  return new RegExp(`(?:^|[^a-z])(?:${labels.join("|")})(?: (?:${wordsBehind.join("|")}))* ?$`);
}

/** Beginnings of labels, each cut at every place: what may have stood before a text. */
export const labelBeginnings: readonly string[] = [
  ...new Set([
    ...[...mrnLabels, ...ssnLabels].flatMap(beginningsOf),
    ...wordsBehind.flatMap(beginningsOf).flatMap((word) => [`mrn ${word}`, `ssn ${word}`]),
  ]),
];

function beginningsOf(words: string): string[] {
  return Array.from(`${words} `, (_, at) => `${words} `.slice(0, at + 1));
}
