/** The first page: what waits, what runs, how far the log is signed. @module */
import { html } from "hono/html";
import { count, type Html, moment } from "./text.ts";

export type CheckpointView = {
  readonly origin: string;
  readonly size: number;
  /** Base64 of the Merkle root. */
  readonly root: string;
  readonly atMs: number;
};
export type Overview = {
  readonly waiting: number;
  readonly live: number;
  readonly past: number;
  readonly requests: number;
  readonly denied: number;
  /** False when the viewer may see no sessions but their own. */
  readonly seesAll: boolean;
  readonly frames: number;
  readonly checkpoint: CheckpointView | null;
  readonly connected: boolean;
};

export function overviewPage(overview: Overview): Html {
  const { waiting, live, past, requests, denied, seesAll } = overview;
  return html`
    <h1>Overview</h1>
    ${overview.connected
      ? ""
      : html`<p class="notice bad" role="alert">The gateway's bus is not connected: nothing moves,
and what stands here may be old.</p>`}
    <div class="grid">
      <section class="card"><h2>Approvals</h2><span class="count">${count(waiting)}</span>
    <p class="soft">waiting for a decision</p><a href="/approvals">Open the inbox</a></section>
      <section class="card"><h2>Sessions</h2><span class="count">${count(live)}</span>
    <p class="soft">live, ${count(past)} past${seesAll ? "" : ", of your own"}</p>
    <a href="/sessions">See sessions</a></section>
      <section class="card"><h2>Requests</h2><span class="count">${count(requests)}</span>
    <p class="soft">this month, ${count(denied)} denied</p></section>
    </div>
    ${checkpointCard(overview)}
  `;
}

function checkpointCard({ checkpoint, frames }: Overview): Html {
  if (checkpoint === null) {
    return html`
      <section class="card">
        <h2>Record</h2>
        <p><span class="pill wait">No checkpoint</span></p>
        <p class="soft">${count(
          frames,
        )} frames stored; no checkpoint with a valid signature has come.</p>
      </section>
    `;
  }
  const open = Math.max(0, frames - checkpoint.size);
  return html`
    <section class="card">
      <h2>Record</h2>
      <p><span class="pill good">Signature valid</span></p>
      <dl>
        <dt>Newest checkpoint</dt>
        <dd>${moment(checkpoint.atMs)}</dd>
        <dt>Covers</dt>
        <dd>${count(checkpoint.size)} frames${open === 0
          ? ""
          : html`, <span class="soft">${count(open)} newer not yet</span>`}</dd>
        <dt>Root</dt>
        <dd><code>${checkpoint.root}</code></dd>
        <dt>Log</dt>
        <dd><code>${checkpoint.origin}</code></dd>
      </dl>
      <p class="soft small">The command <code>sallyport verify</code> checks every frame against it.
      </p>
    </section>
  `;
}
