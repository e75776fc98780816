/** Pages and the API that mirrors them. @module */
import type { Hono } from "hono";
import { z } from "zod";
import type { BusClient } from "./bus_client.ts";
import { decide, type Decision, refusalOf } from "./decision.ts";
import type { Events } from "./events.ts";
import type { ConsoleContext, Env, Guard } from "./guard.ts";
import { approvalJson, approvalSummaryJson, sessionJson, sessionSummaryJson } from "./json.ts";
import { type ApprovalEntry, type Ledger, type SessionEntry, stateAt } from "./ledger.ts";
import { approvalDetail, decided, inbox } from "./pages/approvals.ts";
import { page } from "./pages/layout.ts";
import { type CheckpointView, overviewPage } from "./pages/overview.ts";
import { sessionDetail, sessionList } from "./pages/sessions.ts";
import { ConsoleError, type ConsolePorts, type Viewer } from "./ports.ts";
import type { Recordings } from "./recording.ts";
import { maySeeApproval, maySeeSession } from "./rights.ts";

export type RouteParts = {
  readonly ports: ConsolePorts;
  readonly guard: Guard;
  readonly ledger: Ledger;
  readonly recordings: Recordings;
  readonly client: BusClient;
  readonly events: Events;
  readonly checkpoint: () => CheckpointView | null;
};

const DecisionBody = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  justification: z.string(),
  binding: z.string().optional(),
});

export function routes(app: Hono<Env>, parts: RouteParts): void {
  const { ports, guard, ledger, recordings, client } = parts;
  const { config, limits, clock } = ports;
  const { organisation } = config;

  app.get("/", async (context) => {
    const viewer = await guard.viewer(context);
    const sessions = visibleSessions(viewer);
    const live = sessions.filter(({ closed }) => closed === null).length;
    const waiting = visibleApprovals(viewer).filter((entry) => stateOf(entry) === "pending");
    const groups = ledger.approverGroups();
    const body = overviewPage({
      waiting: waiting.length,
      live,
      past: sessions.length - live,
      requests: sessions.reduce((sum, { requests }) => sum + requests, 0),
      denied: sessions.reduce((sum, { denied }) => sum + denied, 0),
      seesAll: viewer.principal.groups.some((group) => groups.has(group)),
      frames: ledger.frames(),
      checkpoint: parts.checkpoint(),
      connected: ports.bus.connected(),
    });
    const options = { title: "Overview", organisation, viewer, current: "overview" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/approvals", async (context) => {
    const viewer = await guard.viewer(context);
    const given = context.req.query("done") ?? "";
    const done = given === "voted" || given === "granted" || given === "denied" ? given : null;
    const entries = visibleApprovals(viewer).slice(0, limits.listMax);
    const body = inbox(entries, clock.nowMs(), done);
    const options = { title: "Approvals", organisation, viewer, current: "approvals" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/approvals/:id", async (context) => {
    const viewer = await guard.viewer(context);
    return await showApproval(context, viewer, approvalOf(viewer, context.req.param("id")));
  });

  app.get("/approvals/:id/state", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = approvalOf(viewer, context.req.param("id"));
    return context.json({ version: versionOf(entry) });
  });

  app.post("/approvals/:id", async (context) => {
    guard.attempt(context);
    const viewer = await guard.viewer(context);
    const entry = approvalOf(viewer, context.req.param("id"));
    const form = new URLSearchParams(await context.req.text());
    guard.checkForm(context, viewer, form.get("csrf"));
    const body = DecisionBody.safeParse({
      decision: form.get("decision"),
      justification: form.get("justification") ?? "",
      binding: form.get("binding") ?? "",
    });
    if (!body.success) throw malformed();
    // Browsers send a text area's lines with CR LF.
    const justification = body.data.justification.replaceAll("\r\n", "\n");
    try {
      const state = await send(viewer, entry, { ...body.data, justification });
      return context.redirect(`/approvals?done=${state}`, 303);
    } catch (error) {
      if (!(error instanceof ConsoleError)) throw error;
      return await showApproval(context, viewer, entry, { error, draft: justification });
    }
  });

  app.get("/sessions", async (context) => {
    const viewer = await guard.viewer(context);
    const body = sessionList(visibleSessions(viewer).slice(0, limits.listMax));
    const options = { title: "Sessions", organisation, viewer, current: "sessions" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/sessions/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sessionOf(viewer, context.req.param("id"));
    const version = String(entry.last);
    const recording = await recordings.session(viewer, entry);
    const body = sessionDetail(entry, recording, limits.requestsShownMax);
    const options = { title: "Session", organisation, viewer, current: "sessions" } as const;
    return context.html(page({ ...options, live: "detail", version }, body));
  });

  app.get("/sessions/:id/state", async (context) => {
    const viewer = await guard.viewer(context);
    return context.json({ version: String(sessionOf(viewer, context.req.param("id")).last) });
  });

  app.get("/events", async (context) => parts.events.open(await guard.viewer(context)));

  app.get("/api/approvals", async (context) => {
    const viewer = await guard.viewer(context);
    const entries = visibleApprovals(viewer).slice(0, limits.listMax);
    const nowMs = clock.nowMs();
    return context.json({ approvals: entries.map((entry) => approvalSummaryJson(entry, nowMs)) });
  });

  app.get("/api/approvals/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = approvalOf(viewer, context.req.param("id"));
    const session = ledger.session(entry.key.session);
    const recording = await recordings.approval(viewer, entry, session);
    return context.json(approvalJson(entry, recording, clock.nowMs()));
  });

  app.post("/api/approvals/:id", async (context) => {
    guard.attempt(context);
    const viewer = await guard.viewer(context);
    // A script of ours sends none; a cookie needs the session's token as a form does.
    guard.checkForm(context, viewer, context.req.header("sallyport-csrf") ?? null);
    const entry = approvalOf(viewer, context.req.param("id"));
    const body = DecisionBody.safeParse(await jsonOf(context));
    if (!body.success) throw malformed();
    const { binding = entry.binding } = body.data;
    const state = await send(viewer, entry, { ...body.data, binding });
    return context.json({ id: entry.id, state });
  });

  app.get("/api/sessions", async (context) => {
    const viewer = await guard.viewer(context);
    const entries = visibleSessions(viewer).slice(0, limits.listMax);
    return context.json({ sessions: entries.map(sessionSummaryJson) });
  });

  app.get("/api/sessions/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sessionOf(viewer, context.req.param("id"));
    const recording = await recordings.session(viewer, entry);
    return context.json(sessionJson(entry, recording, limits.requestsShownMax));
  });

  async function showApproval(
    context: ConsoleContext,
    viewer: Viewer,
    entry: ApprovalEntry,
    failed: { readonly error: ConsoleError; readonly draft: string } | null = null,
  ): Promise<Response> {
    const session = ledger.session(entry.key.session);
    const version = versionOf(entry);
    const recording = await recordings.approval(viewer, entry, session);
    const body = approvalDetail({
      entry,
      recording,
      nowMs: clock.nowMs(),
      mayNot: refusalOf(viewer.principal, entry)?.message ?? null,
      csrf: viewer.csrf,
      justificationMin: config.approvals.justification_chars_min,
      problem: failed?.error.message ?? null,
      draft: failed?.draft ?? "",
    });
    const options = { title: "Approval", organisation, viewer, current: "approvals" } as const;
    const whole = page({ ...options, live: "detail", version, narrow: true }, body);
    return await context.html(whole, failed?.error.status ?? 200);
  }

  function send(viewer: Viewer, entry: ApprovalEntry, body: z.infer<typeof DecisionBody>) {
    const { decision, justification, binding = "" } = body;
    const sent: Decision = { decision, justification, binding };
    const justificationMin = config.approvals.justification_chars_min;
    return decide(client, viewer, entry, sent, { justificationMin, nowMs: clock.nowMs() });
  }

  function visibleApprovals(viewer: Viewer): ApprovalEntry[] {
    return ledger.approvals().filter((entry) => maySeeApproval(viewer.principal, entry));
  }
  function visibleSessions(viewer: Viewer): SessionEntry[] {
    return ledger.sessions().filter((entry) => maySeeSession(viewer.principal, ledger, entry));
  }
  function approvalOf(viewer: Viewer, id: string): ApprovalEntry {
    const entry = ledger.approval(id);
    if (entry !== undefined && maySeeApproval(viewer.principal, entry)) return entry;
    throw new ConsoleError(404, "approval_unknown", "There is no such approval for you.");
  }
  function sessionOf(viewer: Viewer, id: string): SessionEntry {
    const entry = ledger.session(id);
    if (entry !== undefined && maySeeSession(viewer.principal, ledger, entry)) return entry;
    throw new ConsoleError(404, "session_unknown", "There is no such session for you.");
  }
  function stateOf(entry: ApprovalEntry) {
    return stateAt(entry, clock.nowMs());
  }
  function versionOf(entry: ApprovalEntry): string {
    return `${stateOf(entry)}.${entry.votes.length}`;
  }
}

async function jsonOf(context: ConsoleContext): Promise<unknown> {
  const type = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") throw malformed();
  try {
    return JSON.parse(await context.req.text());
  } catch {
    throw malformed();
  }
}

function malformed(): ConsoleError {
  const message = "Send a decision, approve or deny, and a justification.";
  return new ConsoleError(400, "request_malformed", message);
}

/** What a decision may come to; the inbox says it. */
export type Decided = keyof typeof decided;
