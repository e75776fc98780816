/**
 * Words and small pieces that pages share.
 *
 * @module
 */
import { html } from "hono/html";
import type { PrincipalChain } from "#schemas/frames.ts";
import type { ApprovalEntry } from "../ledger.ts";

/** What `html` gives: escaped, unless it came from `html` itself. */
export type Html = ReturnType<typeof html>;

/**
 * Text of others, so that it shows what it holds: control and format characters (which may reorder
 * or hide what follows, Unicode TR36 section 3) stand as their code points.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, (character) => {
    if (character === "\n" || character === "\t") return character;
    const code = character.codePointAt(0) ?? 0;
    return `⟦U+${code.toString(16).toUpperCase().padStart(4, "0")}⟧`;
  }).replaceAll(/\p{Cs}/gu, "\uFFFD");
}

/** A moment; without a script it stands in UTC. */
export function moment(atMs: number): Html {
  const iso = new Date(atMs).toISOString();
  const shown = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  return html`<time datetime="${iso}" data-local>${shown}</time>`;
}

/** The time that is left until a moment. */
export function timeLeft(untilMs: number, nowMs: number): Html {
  const iso = new Date(untilMs).toISOString();
  const minutes = Math.floor((untilMs - nowMs) / 60_000);
  const left = untilMs <= nowMs
    ? "expired"
    : minutes < 1
    ? "less than a minute left"
    : minutes < 120
    ? `${minutes} min left`
    : `${Math.floor(minutes / 60)} h left`;
  return html`<time datetime="${iso}" data-until>${left}</time>`;
}

/** Who acts: the agent that acts now, or the person. */
export function actorName(principal: PrincipalChain | null): string {
  if (principal === null) return "somebody";
  return visible(principal.actors[0] ?? principal.name);
}

/** The whole chain: the agent that acts now first, the accountable person last. */
export function chain(principal: PrincipalChain): Html {
  const agents = principal.actors.map((actor) => html`<li><code>${visible(actor)}</code></li>`);
  return html`<ul class="chain">${agents}<li><strong>${visible(principal.name)}</strong>
    <span class="soft">(${visible(principal.person)})</span></li></ul>`;
}

const purposes: ReadonlyMap<string, string> = new Map([
  ["TREAT", "treatment"],
  ["ETREAT", "emergency treatment"],
  ["BTG", "break the glass"],
  ["HPAYMT", "payment"],
  ["HOPERAT", "healthcare operations"],
  ["HCOMPL", "compliance"],
  ["HRESCH", "research"],
  ["HQUALIMP", "quality improvement"],
  ["PUBHLTH", "public health"],
]);

/** A purpose of use (HL7 v3 ActReason) with its meaning. */
export function purposeText(purpose: string): string {
  if (purpose === "") return "none named";
  const meaning = purposes.get(purpose);
  return meaning === undefined ? visible(purpose) : `${meaning} (${purpose})`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
export function counted(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function pills(names: readonly string[], tone = ""): Html {
  if (names.length === 0) return html`<span class="soft">none</span>`;
  return html`<ul class="pills">${
    names.map((name) => html`<li class="pill ${tone}">${visible(name)}</li>`)
  }</ul>`;
}

type State = ApprovalEntry["state"];
const states: Readonly<Record<State, readonly [string, string]>> = {
  pending: ["Waiting", "wait"],
  granted: ["Granted", "good"],
  consumed: ["Granted, used", "good"],
  denied: ["Denied", "bad"],
  expired: ["Expired", ""],
  withdrawn: ["Withdrawn", ""],
};
export function statePill(state: State): Html {
  const [word, tone] = states[state];
  return html`<span class="pill ${tone}">${word}</span>`;
}
