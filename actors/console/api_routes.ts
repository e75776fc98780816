/** The API: what pages show, as JSON, for scripts with a bearer token. @module */
import type { Hono } from "hono";
import type { ConsoleContext, Env } from "./guard.ts";
import { approvalJson, approvalSummaryJson, sessionJson, sessionSummaryJson } from "./json.ts";
import { DecisionBody, malformed, type RouteParts, send } from "./route_parts.ts";

export function apiRoutes(app: Hono<Env>, parts: RouteParts): void {
  const { ports, guard, ledger, sight, recordings } = parts;
  const { limits, clock } = ports;

  app.get("/api/approvals", async (context) => {
    const viewer = await guard.viewer(context);
    const entries = sight.approvals(viewer).slice(0, limits.listMax);
    const nowMs = clock.nowMs();
    return context.json({ approvals: entries.map((entry) => approvalSummaryJson(entry, nowMs)) });
  });

  app.get("/api/approvals/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sight.approval(viewer, context.req.param("id"));
    const session = ledger.session(entry.key.session);
    const recording = await recordings.approval(viewer, entry, session);
    return context.json(approvalJson(entry, recording, clock.nowMs()));
  });

  app.post("/api/approvals/:id", async (context) => {
    guard.attempt(context);
    const viewer = await guard.viewer(context);
    // A script of ours sends none; a cookie needs the session's token as a form does.
    guard.checkForm(context, viewer, context.req.header("sallyport-csrf") ?? null);
    const entry = sight.approval(viewer, context.req.param("id"));
    const body = DecisionBody.safeParse(await jsonOf(context));
    if (!body.success) throw malformed();
    const { binding = entry.binding } = body.data;
    const state = await send(parts, viewer, entry, { ...body.data, binding });
    return context.json({ id: entry.id, state });
  });

  app.get("/api/sessions", async (context) => {
    const viewer = await guard.viewer(context);
    const entries = sight.sessions(viewer).slice(0, limits.listMax);
    return context.json({ sessions: entries.map(sessionSummaryJson) });
  });

  app.get("/api/sessions/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sight.session(viewer, context.req.param("id"));
    const recording = await recordings.session(viewer, entry);
    return context.json(sessionJson(entry, recording, limits.requestsShownMax));
  });
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
