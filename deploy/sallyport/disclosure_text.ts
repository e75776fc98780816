/** A report's entries for people and for programs. @module */
import type { Disclosure } from "#actors/audit/report/disclosures.ts";
import { lineText } from "#actors/audit/replay/text.ts";
import { secondOf, whoOf } from "./session_list.ts";

const namesCharactersMax = 200;
const justificationCharactersMax = 300;
/** Enough to tell versions apart; JSON gives all of it. */
const versionCharactersMax = 12;

/** One entry as lines without line ends. */
export function disclosureLines(disclosure: Disclosure): string[] {
  const { atMs, principal, connection, key, request, policies, policyVersion } = disclosure;
  const { consent, commands, touched, effects } = disclosure;
  const purpose = principal.purpose === "" ? "" : `, for ${names([principal.purpose])}`;
  const what = commands.length === 0 ? names(effects) : names(commands);
  const on = touched.length === 0 ? "" : ` on ${names(touched)}`;
  return [
    `${secondOf(atMs)}  ${whoOf(principal)}${purpose}`,
    `  asked    ${what}${on} at ${names([connection])}`,
    `  got      ${gotOf(disclosure)}`,
    ...classLines(disclosure),
    `  policy   ${policies.length === 0 ? "none" : names(policies)}, ` +
    `version ${lineText(policyVersion, versionCharactersMax)}`,
    ...consent.map(({ person, name, atMs, justification }) => {
      const who = names([name === person ? person : `${name} (${person})`]);
      const why = lineText(justification, justificationCharactersMax);
      return `  consent  ${who} at ${secondOf(atMs)}: ${why}`;
    }),
    `  record   session ${key.session}, request ${request}`,
  ];
}

function gotOf({ status, rows, bytes, isStream }: Disclosure): string {
  const size = isStream ? `${bytes} bytes` : `${rows} ${rows === 1 ? "row" : "rows"}`;
  return `${size}, ${status ?? "no outcome stored"}`;
}

function classLines({ classes, filteredBy }: Disclosure): string[] {
  const unmasked = classes.filter((one) => one.unmasked).map(({ name }) => name);
  const masked = classes.filter((one) => !one.unmasked || one.maskedValues > 0)
    .map(({ name, maskedValues }) => maskedValues === 0 ? name : `${name} (${maskedValues})`);
  return [
    ...(unmasked.length === 0 ? [] : [`  unmasked ${names(unmasked)}`]),
    ...(masked.length === 0 ? [] : [`  masked   ${names(masked)}`]),
    ...(filteredBy.length === 0 ? [] : [`  searched ${names(filteredBy)}`]),
  ];
}

function names(list: readonly string[]): string {
  return lineText(list.join(", "), namesCharactersMax);
}

/** One entry as JSON. */
export function disclosureJson(disclosure: Disclosure) {
  const { atMs, key, principal, consent, classes, ...facts } = disclosure;
  const { issuer, person, name, actors, groups, purpose } = principal;
  return {
    at: timeOf(atMs),
    epoch: key.epoch,
    edge: key.edge,
    session: key.session,
    ...facts,
    principal: { issuer, person, name, actors, groups, purpose },
    unmasked: classes.filter((one) => one.unmasked).map((one) => one.name),
    masked: Object.fromEntries(
      classes.filter((one) => !one.unmasked || one.maskedValues > 0)
        .map((one) => [one.name, one.maskedValues]),
    ),
    consent: consent.map(({ atMs, ...by }) => ({ ...by, at: timeOf(atMs) })),
  };
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
