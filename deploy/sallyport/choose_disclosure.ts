/** Which disclosures a report is about. @module */
import type { Disclosure } from "#actors/audit/report/disclosures.ts";
import { concerns } from "./choose_session.ts";

export type Wanted = {
  /** Milliseconds since 1970; the later is not included. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** A part of an id or a name in the chain; null: anybody. */
  readonly person: string | null;
  /** A class that was shown, masked or filtered by. */
  readonly dataClass: string | null;
  /** Only where the class, or any, was shown as it is. */
  readonly unmasked: boolean;
  /** The id of a policy that decided. */
  readonly policy: string | null;
  /** A part of an id or a name of somebody who agreed. */
  readonly approver: string | null;
  /** Also what touched nothing protected. */
  readonly all: boolean;
};

export function isWanted(disclosure: Disclosure, wanted: Wanted): boolean {
  const { atMs, classes, filteredBy, policies, consent } = disclosure;
  const { dataClass, unmasked, policy, approver } = wanted;
  if (atMs < wanted.sinceMs || atMs >= wanted.untilMs) return false;
  if (!concerns(disclosure, wanted.person)) return false;
  const own = dataClass === null ? classes : classes.filter(({ name }) => name === dataClass);
  if (unmasked && !own.some((one) => one.unmasked)) return false;
  if (dataClass !== null && own.length === 0 && !filteredBy.includes(dataClass)) return false;
  if (policy !== null && !policies.includes(policy)) return false;
  if (approver !== null && !consent.some((one) => isNamed(one, approver))) return false;
  return wanted.all || isOfNote(disclosure);
}

/** What an accounting is about: protected data, streams that may hold it, what was agreed to. */
function isOfNote({ classes, filteredBy, consent, isStream, bytes }: Disclosure): boolean {
  return classes.length > 0 || filteredBy.length > 0 || consent.length > 0 ||
    (isStream && bytes > 0);
}

function isNamed({ person, name }: { person: string; name: string }, text: string): boolean {
  return [person, name].some((one) => one.toLowerCase().includes(text.toLowerCase()));
}
