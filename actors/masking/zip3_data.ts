/**
 * Three-digit ZIP prefixes whose area holds 20,000 people or fewer, which Safe Harbor gives as 000
 * (45 CFR 164.514(b)(2)(i)(B)).
 *
 * The union of two lists, so that neither census can be held against a release: the seventeen that
 * HHS names from the 2000 Census (guidance on de-identification, 2012), and those computed from the
 * ZCTA populations of the 2020 Census. Dated 2026-11; to be computed anew when a census is
 * published.
 *
 * @module
 */
export const lowPopulationZip3: ReadonlySet<string> = new Set([
  ...["036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831"],
  ...["878", "879", "884", "890", "893"],
  ...["036", "059", "102", "202", "203", "204", "205", "369", "556", "692", "753", "772", "821"],
  ...["823", "878", "879", "884", "893"],
]);
