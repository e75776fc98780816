/**
 * The approvers' inbox, and the page on which they decide.
 *
 * @module
 */
import { html } from "hono/html";
import { expectedRowsText } from "#schemas/expected_rows.ts";
import { type ApprovalEntry, stateAt } from "../ledger.ts";
import { type ApprovalRecording, isShownWhole } from "../recording.ts";
import type { ShownRequest } from "../statements.ts";
import {
  actorName,
  chain,
  count,
  counted,
  type Html,
  moment,
  pills,
  purposeText,
  statePill,
  timeLeft,
  visible,
} from "./text.ts";

/** What a decision came to, said on the inbox. */
export const decided = {
  voted: "Your approval is recorded. More people have to approve before it runs.",
  granted: "Approved. The request goes on now.",
  denied: "Denied. The agent is told, with your justification on record.",
} as const;

export function inbox(
  entries: readonly ApprovalEntry[],
  nowMs: number,
  done: keyof typeof decided | null,
): Html {
  const waiting = entries.filter((entry) => stateAt(entry, nowMs) === "pending");
  const settled = entries.filter((entry) => stateAt(entry, nowMs) !== "pending");
  const tone = done === "denied" ? "" : "good";
  return html`<h1>Approvals</h1>
${done === null ? "" : html`<p class="notice ${tone}" role="status">${decided[done]}</p>`}
<section aria-labelledby="waiting"><h2 id="waiting">Waiting for a decision</h2>
${
    waiting.length === 0
      ? html`<div class="card soft">Nothing waits for you.</div>`
      : html`<ul class="list">${waiting.map((entry) => item(entry, nowMs))}</ul>`
  }</section>
<section aria-labelledby="settled"><h2 id="settled">Settled</h2>
${
    settled.length === 0
      ? html`<p class="soft">Nothing yet.</p>`
      : html`<ul class="list">${settled.map((entry) => item(entry, nowMs))}</ul>`
  }</section>`;
}

function item(entry: ApprovalEntry, nowMs: number): Html {
  const state = stateAt(entry, nowMs);
  const { commands, relations, classes, expected } = entry.summary;
  const on = relations.length === 0 ? "" : ` on ${relations.slice(0, 3).join(", ")}`;
  const rows = expected.rows !== null && expected.rows > 1
    ? html`
      · about ${counted(expected.rows, "row", "rows")}
    `
    : "";
  const person = entry.principal === null || entry.principal.actors.length === 0 ? "" : html`
    for ${visible(entry.principal.name)}
  `;
  const right = state === "pending" ? timeLeft(entry.expiresAtMs, nowMs) : statePill(state);
  const when = state === "pending" ? "" : html`
    · ${moment(entry.askedAtMs)}
  `;
  return html`<li class="${state === "pending" ? "pending" : ""}"><a href="/approvals/${entry.id}">
<div class="row"><span class="title">${actorName(entry.principal)}${person}</span>
<span class="small soft">${right}</span></div>
<p>${visible(`${commands.join(", ")}${on}`)}</p>
<p class="small soft">${visible(entry.connection)}${rows}${
    classes.length === 0 ? "" : html`
      · ${visible(classes.slice(0, 6).join(", "))}
    `
  }${when}</p></a></li>`;
}

export type DetailOptions = {
  readonly entry: ApprovalEntry;
  readonly recording: ApprovalRecording;
  readonly nowMs: number;
  /** Null when the viewer may decide; else why not. */
  readonly mayNot: string | null;
  readonly csrf: string | null;
  readonly justificationMin: number;
  /** What was wrong with the decision that was sent. */
  readonly problem: string | null;
  /** The justification that was sent with it. */
  readonly draft: string;
};

export function approvalDetail(options: DetailOptions): Html {
  const { entry, recording, nowMs, problem } = options;
  const { principal } = entry;
  const state = stateAt(entry, nowMs);
  const person = principal === null || principal.actors.length === 0 ? "" : html`
    for ${visible(principal.name)}
  `;
  const commands = entry.summary.commands.length === 0
    ? "a request"
    : [...new Set(entry.summary.commands)].slice(0, 3).join(", ");
  const status = state === "pending" ? timeLeft(entry.expiresAtMs, nowMs) : "";
  return html`
    ${problem === null ? "" : html`<p class="notice bad" role="alert">${problem}</p>`}
    <p class="status">${statePill(state)} <span class="soft">${status}</span></p>
    <h1>${actorName(principal)}${person} wants to run ${visible(commands)} on ${visible(
      entry.connection,
    )}</h1>
    ${leadLine(entry, recording.verdict)} ${statementCard(recording.shown)}
    ${decisionCard(options, state)}
    ${votesCard(entry)}
    ${factsCard(entry, recording)}
    <details class="card">
      <summary>Identifiers</summary>
      <dl>
        <dt>Approval</dt>
        <dd><code>${entry.id}</code></dd>
        <dt>Session</dt>
        <dd><a href="/sessions/${entry.key.session}"><code>${entry.key.session}</code></a>,
    request ${entry.request}</dd>
        <dt>Asked</dt>
        <dd>${moment(entry.askedAtMs)}</dd>
        <dt>Binding</dt>
        <dd><code>${entry.binding}</code></dd>
        <dt>Request digest</dt>
        <dd><code>${recording.verdict?.digest ?? "unknown"}</code></dd>
      </dl>
    </details>
  `;
}

/**
 * What counts most, above the decision: for what, how many rows, and which classes would be seen.
 * On a telephone it is what stands beside the statement and the buttons.
 */
function leadLine({ principal, summary }: ApprovalEntry, verdict: StoredVerdict): Html {
  const uses = usesOf(summary.classes, verdict);
  const names = (use: ClassUse["use"]) => {
    return visible(uses.filter((one) => one.use === use).map(({ name }) => name).join(", "));
  };
  const parts = [
    ...principal === null ? [] : [html`for <strong>${purposeText(principal.purpose)}</strong>`],
    ...isStream(verdict) || summary.expected.rows === 0 ? [] : [rowsIn(summary)],
    ...names("shown") === "" ? [] : [html`<strong class="danger">shows ${names("shown")}</strong>`],
    ...names("masked") === "" ? [] : [html`masks <strong>${names("masked")}</strong>`],
    ...names("used") === "" ? [] : [html`uses <strong>${names("used")}</strong>`],
    // What a file holds is found as it streams, so nothing is said of it before.
    ...uses.length > 0 || isStream(verdict) ? [] : ["no protected data"],
  ];
  return html`<p class="lead">${
    parts.map((part, at) => html`${at === 0 ? "" : " · "}${part}`)
  }</p>`;
}

function rowsIn({ expected: { rows } }: ApprovalEntry["summary"]): Html {
  return rows === null
    ? html`<strong>nobody knows how many rows</strong>`
    : html`about <strong>${counted(rows, "row", "rows")}</strong>`;
}

function statementCard(shown: ShownRequest | null): Html {
  return html`<section class="card" aria-labelledby="statement"><h2 id="statement">Statement</h2>
${statementsOf(shown)}
<p class="soft small">Literals and parameters are masked here; the record keeps them exactly.</p>
</section>`;
}

/** Statements as they may be read. */
export function statementsOf(shown: ShownRequest | null): Html {
  if (shown === null || !shown.ok) {
    return html`
      <p
        class="notice bad">The statement cannot be shown (${shown === null
          ? "not the recorded bytes"
          : shown.reason.replaceAll("_", " ")}), so it cannot be approved here.</p>
    `;
  }
  return html`${
    shown.statements.map(({ text, parameters, cut }) =>
      html`<pre tabindex="0">${visible(text)}${cut ? "\n… cut" : ""}</pre>${
        parameters === null
          ? html`<p class="soft small">Prepared, not run.</p>`
          : parameters === 0
          ? ""
          : html`<p class="soft small">With ${counted(parameters, "parameter", "parameters")}.</p>`
      }`
    )
  }`;
}

function factsCard(entry: ApprovalEntry, { verdict }: ApprovalRecording): Html {
  const { principal, summary } = entry;
  const statements = verdict?.statements ?? [];
  const distinct = (names: readonly string[]) => [...new Set(names)];
  const effects = distinct(statements.flatMap(({ effects }) => effects));
  const details = distinct(statements.flatMap(({ details }) => details));
  const policies = distinct(entry.needs.flatMap(({ policies }) => policies));
  return html`
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">Who and what</h2>
      <dl>
        <dt>Who</dt>
        <dd>${principal === null ? "unknown" : chain(principal)}</dd>
        <dt>Purpose</dt>
        <dd>${principal === null ? "unknown" : purposeText(principal.purpose)}</dd>
        <dt>Connection</dt>
        <dd>${visible(entry.connection)}</dd>
        <dt>Effects</dt>
        <dd>${pills([...effects, ...details])}</dd>
        <dt>Protected data</dt>
        <dd>${classPills(usesOf(summary.classes, verdict))}</dd>
        <dt>Touches</dt>
        <dd>${pills(summary.relations)}</dd>
        <dt>Given out</dt>
        <dd>${givenOut(summary, verdict)}</dd>
        <dt>Asked by policy</dt>
        <dd>${pills(policies)}</dd>
      </dl>
    </section>
  `;
}

function givenOut(summary: ApprovalEntry["summary"], verdict: StoredVerdict): string {
  // What gives no rows, as an UPDATE, has nothing to be limited; how many it changes nobody knows.
  if (!isStream(verdict) && summary.expected.rows === 0) return "no rows";
  return [...expectedIn(summary, verdict), ...atMost(verdict)].join("; ");
}

/** How many rows are expected, and by whom; a stream has none. */
function expectedIn({ expected }: ApprovalEntry["summary"], verdict: StoredVerdict): string[] {
  return isStream(verdict) ? [] : [expectedRowsText(expected)];
}

type StoredVerdict = ApprovalRecording["verdict"];

/** What is given out when it is approved, however wrong the estimate is. */
function atMost(verdict: StoredVerdict): string[] {
  if (verdict?.volume === undefined) return [];
  const { rowsMax, bytesMax } = verdict.volume;
  const most = isStream(verdict) ? `${count(bytesMax)} bytes` : `${count(rowsMax)} rows`;
  return [`at most ${most}`];
}

function isStream(verdict: StoredVerdict): boolean {
  return verdict?.plan.stream !== undefined;
}

/** A class, and how the agent would see it. */
type ClassUse = { readonly name: string; readonly use: "shown" | "masked" | "used" };

function usesOf(classes: readonly string[], verdict: StoredVerdict): ClassUse[] {
  const columns = (verdict?.plan.results ?? []).flatMap(({ columns }) => columns);
  const revealed = verdict?.plan.stream?.revealed ?? [];
  return classes.map((name) => {
    const own = columns.filter(({ classes }) => classes.includes(name));
    const isShown = own.some(({ mask }) => mask.operator === "keep") || revealed.includes(name);
    // Without a plan for any column, whatever comes out is masked whole.
    const isUsed = own.length === 0 && columns.length > 0;
    return { name, use: isShown ? "shown" : isUsed ? "used" : "masked" };
  });
}

const useWords = { shown: "shown unmasked", masked: "masked", used: "used" } as const;

function classPills(uses: readonly ClassUse[]): Html {
  if (uses.length === 0) return html`<span class="soft">none</span>`;
  return html`<ul class="pills">${
    uses.map(({ name, use }) =>
      html`<li class="pill ${use === "shown" ? "bad" : ""}">${visible(name)} · ${
        useWords[use]
      }</li>`
    )
  }</ul>`;
}

function votesCard(entry: ApprovalEntry): Html {
  const wanted = entry.needs.map(({ group, quorum }) =>
    html`<li>${quorum} of <strong>${visible(group)}</strong></li>`
  );
  const votes = entry.votes.map(({ name, person, decision, justification, atMs }) =>
    html`
      <li>
        <p>${decision === "approve"
          ? html`<span class="pill good">Approved</span>`
          : html`<span class="pill bad">Denied</span>`} <strong>${visible(
            name,
          )}</strong> <span class="soft">(${visible(person)}) ${moment(atMs)}</span></p>
        <p>“${visible(justification)}”</p>
      </li>
    `
  );
  return html`<section class="card" aria-labelledby="votes"><h2 id="votes">Approvals needed</h2>
<ul>${wanted}</ul>${
    votes.length === 0 ? html`<p class="soft">Nobody has decided yet.</p>` : html`<ul>${votes}</ul>`
  }</section>`;
}

function decisionCard(options: DetailOptions, state: ApprovalEntry["state"]): Html {
  const { entry, recording, mayNot, csrf, justificationMin, draft } = options;
  if (state !== "pending") return html``;
  if (mayNot !== null) return html`<p class="notice">${mayNot}</p>`;
  if (csrf === null) return html``;
  const mayApprove = isShownWhole(recording);
  return html`
    <form class="card" method="post" action="/approvals/${entry.id}" id="decide">
      <input type="hidden" name="csrf" value="${csrf}">
      <input type="hidden" name="binding" value="${entry.binding}">
      <label for="justification">Why?</label>
      <p class="soft small" id="justification-help">At least ${justificationMin} characters; kept with the
    record.</p>
      <textarea id="justification" name="justification" required minlength="${justificationMin}"
        maxlength="2000" aria-describedby="justification-help">${draft}</textarea>
      <div class="buttons">
    <button class="deny" name="decision" value="deny">Deny</button>
    ${mayApprove
      ? html`<button class="primary" name="decision" value="approve">Approve</button>`
      : ""}
      </div>
    </form>
  `;
}
