/**
 * The list of sessions, and one session's timeline.
 *
 * @module
 */
import { html } from "hono/html";
import type { CastEvent } from "#schemas/recording/asciicast.ts";
import type { Outcome, Verdict } from "#schemas/frames.ts";
import type { SessionEntry } from "../ledger.ts";
import type { OutputBlock } from "../output.ts";
import type { SessionRecording } from "../recording.ts";
import type { TimelineEntry } from "../timeline.ts";
import { statementsOf } from "./approvals.ts";
import {
  actorName,
  chain,
  count,
  counted,
  type Html,
  moment,
  pills,
  purposeText,
  visible,
} from "./text.ts";

/** `seesAll` is false when the viewer sees no sessions but their own. */
export function sessionList(
  entries: readonly SessionEntry[],
  { seesAll }: { readonly seesAll: boolean },
): Html {
  const live = entries.filter(({ closed }) => closed === null);
  const past = entries.filter(({ closed }) => closed !== null);
  return html`<h1>Sessions</h1>${
    seesAll ? "" : html`
      <p class="soft">Yours, and those in which agents act for you. Members of a group that the
      policy asks for approval see those of all.</p>
    `
  }
<section aria-labelledby="live"><h2 id="live">Live</h2>${
    live.length === 0
      ? html`<div class="card soft">No session is open.</div>`
      : html`<ul class="list">${live.map(item)}</ul>`
  }</section>
<section aria-labelledby="past"><h2 id="past">Past</h2>${
    past.length === 0
      ? html`<p class="soft">None yet.</p>`
      : html`<ul class="list">${past.map(item)}</ul>`
  }</section>`;
}

function item(entry: SessionEntry): Html {
  const { principal } = entry;
  const person = principal.actors.length === 0 ? "" : html`
    for ${visible(principal.name)}
  `;
  const rows = entry.protocol === "ssh" ? "" : ` · ${counted(entry.rows, "row", "rows")}`;
  return html`<li><a href="/sessions/${entry.key.session}">
<div class="row"><span class="title">${actorName(principal)}${person}</span>
<span>${verdictPills(entry)}</span></div>
<p class="small soft">${visible(entry.connection)} · ${purposeText(principal.purpose)} · ${
    counted(entry.requests, "request", "requests")
  }${rows} · ${moment(entry.openedAtMs)}</p></a></li>`;
}

/** How sessions end; other reasons stand as they are. */
const endings: ReadonlyMap<string, string> = new Map([
  ["closed", "closed"],
  ["terminate", "closed by the client"],
  ["idle", "closed: idle for too long"],
  ["session_limit", "closed: open for too long"],
  ["no_verdict", "closed: no verdict in time"],
  ["edge_stopped", "closed: the gateway was stopped"],
  ["edge_restarted", "closed: the gateway broke off"],
]);

function verdictPills(entry: SessionEntry): Html {
  return html`${
    entry.closed === null
      ? html`
        <span class="pill good">live</span>
      `
      : ""
  }${
    entry.held === 0 ? "" : html`
      <span class="pill wait">${entry.held} held</span>
    `
  }${entry.denied === 0 ? "" : html`<span class="pill bad">${entry.denied} denied</span>`}`;
}

export function sessionDetail(
  entry: SessionEntry,
  { entries, cut, markers }: SessionRecording,
  show: {
    readonly requestsMax: number;
    readonly mayEnd: boolean;
    readonly csrf: string | null;
  },
): Html {
  const { principal, client } = entry;
  const requests = entries.filter((one) => one.request > 0 && !isPlainInput(one));
  const shown = requests.slice(-show.requestsMax);
  const masked = [...entry.masked].map(([name, number]) => `${name} ${count(number)}`);
  const person = principal.actors.length === 0 ? "" : html`
    for ${visible(principal.name)}
  `;
  return html`
    <p>${entry.closed === null
      ? html`<span class="pill good">live</span>`
      : html`<span class="pill">${
        visible(endings.get(entry.closed) ?? `closed: ${entry.closed}`)
      }</span>`}</p>
    <h1>${actorName(principal)}${person} on ${visible(entry.connection)}</h1>
    <section class="card" aria-label="Summary">
      <dl>
        <dt>Who</dt>
        <dd>${chain(principal)}</dd>
        <dt>Purpose</dt>
        <dd>${purposeText(principal.purpose)}</dd>
        <dt>Opened</dt>
        <dd>${moment(entry.openedAtMs)}</dd>
        <dt>Client</dt>
        <dd>${visible(client.application)} <span class="soft">from ${visible(
          client.address,
        )}, ${visible(client.tls)}</span></dd>
        <dt>Requests</dt>
        <dd>${count(entry.requests)}: ${count(entry.allowed)} allowed, ${count(
          entry.denied,
        )} denied, ${count(entry.held)} held</dd>
        <dt>Values masked</dt>
        <dd>${pills(masked)}</dd>
        <dt>Session</dt>
        <dd><code>${entry.key.session}</code></dd>
      </dl>
    </section>
    ${cut
      ? html`<p class="notice wait">The recording is longer than what is shown here; the command
<code>sallyport replay</code> shows all of it.</p>`
      : ""}${shown.length < requests.length
      ? html`<p class="notice">The newest ${count(shown.length)} requests.</p>`
      : ""}
    ${show.mayEnd && entry.closed === null ? endForm(entry, show.csrf) : ""}
    ${markers === null ? "" : terminal(entry, markers)}
    <h2>Timeline</h2>
    ${shown.length === 0 ? html`<p class="soft">No request yet.</p>` : shown.map(step)}
  `;
}

/** Input that says nothing by itself, or goes on with a file that is open, and was passed on. */
function isPlainInput({ operation, shown, verdicts }: TimelineEntry): boolean {
  const isTold = shown?.ok === true && shown.statements.some(({ text }) => text.includes(" "));
  return operation?.startsWith("continues:") === true && !isTold &&
    verdicts.at(-1)?.verdict.decision === "allow";
}

function endForm({ key }: SessionEntry, csrf: string | null): Html {
  return html`
    <form class="card" method="post" action="/sessions/${key.session}/end">
      <input type="hidden" name="csrf" value="${csrf ?? ""}">
      <button class="deny">End this session</button>
      <p class="small soft">It ends at once, for everybody in it. That you did is recorded.</p>
    </form>
  `;
}

/** The terminal as its user saw it, and where in it to jump to. */
function terminal({ key }: SessionEntry, markers: readonly CastEvent[]): Html {
  return html`
    <section aria-labelledby="terminal">
      <h2 id="terminal">Terminal</h2>
      <div id="player" class="player" data-cast="/sessions/${key.session}/cast"></div>
      <noscript><p class="soft">The player needs a script; <code>sallyport replay ${key
        .session}</code>
        shows the same in a terminal.</p></noscript>
      ${markers.length === 0 ? "" : html`
        <ol class="markers">${markers.slice(0, markersShownMax).map(({ atMs, data }, index) =>
          html`<li><span class="soft small">${moment(atMs)}</span> <code>${visible(data)}</code>
<button class="quiet" type="button" data-marker="${index}" hidden>Jump</button></li>`
        )}</ol>
      `}
    </section>
  `;
}

const markersShownMax = 500;

function step(entry: TimelineEntry): Html {
  const final = entry.verdicts.at(-1)?.verdict;
  return html`<article class="step ${final?.decision ?? ""}">
<header><strong>Request ${entry.request}</strong> ${final === undefined ? "" : pill(final)}
<span class="soft small">${moment(entry.atMs)}</span></header>
${
    entry.operation === null || entry.shown !== null
      ? entry.shown === null
        ? html`<p class="soft">Still being received.</p>`
        : statementsOf(entry.shown)
      : html`<p>Operation: ${visible(entry.operation)}</p>`
  }
${final === undefined ? "" : reasons(final)}
${
    entry.approvals.map(({ approval, atMs }) =>
      html`<p class="small">Approval ${approval.state}${
        approval.by === null || approval.state === "granted" ? "" : html`
          by <strong>${visible(approval.by.name)}</strong>: “${visible(approval.by.justification)}”
        `
      } <span class="soft">${moment(atMs)}</span></p>`
    )
  }
${entry.outcome === null ? "" : outcomeLine(entry.outcome)}
${entry.output.map(block)}
${
    entry.masked.size === 0
      ? ""
      : html`<p class="small soft">Masked: ${
        visible([...entry.masked].map(([name, number]) => `${name} ${count(number)}`).join(", "))
      }</p>`
  }
</article>`;
}

function pill(verdict: Verdict): Html {
  switch (verdict.decision) {
    case "allow":
      return html`<span class="pill good">allowed</span>`;
    case "deny":
      return html`<span class="pill bad">denied</span>`;
    case "hold":
      return html`<span class="pill wait">held</span>`;
  }
}

function reasons(verdict: Verdict): Html {
  // What is allowed after people agreed still says why it was held, in words for who waited.
  const told = verdict.decision === "allow" ? [] : verdict.reasons;
  return html`${
    told.map(({ code, message, hint, policy }) =>
      html`<p class="small">${visible(message)}. ${visible(hint)}
<span class="soft">${visible(code)}${policy === null ? "" : `, ${visible(policy)}`}</span></p>`
    )
  }${
    verdict.policies.length === 0 || told.length > 0
      ? ""
      : html`<p class="small soft">By ${visible(verdict.policies.join(", "))}</p>`
  }`;
}

function outcomeLine(outcome: Outcome): Html {
  const words = [
    outcome.status.replaceAll("_", " "),
    counted(outcome.rows, "row", "rows"),
    `${count(outcome.durationMs)} ms`,
    ...outcome.sqlstate === null ? [] : [`SQLSTATE ${outcome.sqlstate}`],
    ...outcome.cut === undefined
      ? []
      : [`ended at the ${outcome.cut.of}'s limit of ${outcome.cut.by}`],
    ...outcome.refused === undefined ? [] : [outcome.refused.message],
  ];
  return html`<p class="small soft">${visible(words.join(" · "))}</p>`;
}

function block(output: OutputBlock): Html {
  switch (output.kind) {
    case "table":
      return html`
        <div class="scroll" tabindex="0" role="region" aria-label="What the agent saw">
          <table>
            <thead>
              <tr>${output.columns.map((name) => html`<th scope="col">${visible(name)}</th>`)}</tr>
            </thead>
            <tbody>${output.rows.map((row) =>
              html`<tr>${
                row.map((value) =>
                  value === null
                    ? html`<td class="null">null</td>`
                    : html`<td>${visible(value)}</td>`
                )
              }</tr>`
            )}</tbody>
          </table>
        </div>${output.omitted === 0
          ? ""
          : html`<p class="small soft">${counted(output.omitted, "row", "rows")} more.</p>`}
      `;
    case "command":
      return html`<p class="small soft"><code>${visible(output.tag)}</code></p>`;
    case "error":
    case "notice":
      return html`<p class="notice ${output.kind === "error" ? "bad" : ""} small"><code>${
        visible(output.sqlstate)
      }</code> ${visible(output.message)} ${visible(output.detail)} ${visible(output.hint)}</p>`;
    case "copy":
      return html`<p class="small soft">COPY data: ${
        counted(output.messages, "message", "messages")
      }, ${count(output.bytes)} bytes.</p>`;
    case "unreadable":
      return html`<p class="notice bad small">Part of the response cannot be read here.</p>`;
  }
}
