/** The overview, and the list and timeline of sessions, as pages. @module */
import type { Hono } from "hono";
import type { Env } from "./guard.ts";
import { type SessionEntry, stateAt } from "./ledger.ts";
import { page } from "./pages/layout.ts";
import { overviewPage } from "./pages/overview.ts";
import { sessionDetail, sessionList } from "./pages/sessions.ts";
import { ConsoleError, type Viewer } from "./ports.ts";
import type { RouteParts } from "./route_parts.ts";

export function sessionRoutes(app: Hono<Env>, parts: RouteParts): void {
  const { ports, guard, ledger, sight, recordings } = parts;
  const { config, limits, clock } = ports;
  const { organisation } = config;

  app.get("/", async (context) => {
    const viewer = await guard.viewer(context);
    const sessions = sight.sessions(viewer);
    const live = sessions.filter(({ closed }) => closed === null).length;
    const waiting = sight.approvals(viewer).filter((entry) =>
      stateAt(entry, clock.nowMs()) === "pending"
    );
    const body = overviewPage({
      waiting: waiting.length,
      live,
      past: sessions.length - live,
      requests: sessions.reduce((sum, { requests }) => sum + requests, 0),
      denied: sessions.reduce((sum, { denied }) => sum + denied, 0),
      seesAll: sight.isApprover(viewer),
      frames: ledger.frames(),
      checkpoint: parts.checkpoint(),
      connected: ports.bus.connected(),
    });
    const options = { title: "Overview", organisation, viewer, current: "overview" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/sessions", async (context) => {
    const viewer = await guard.viewer(context);
    const entries = sight.sessions(viewer).slice(0, limits.listMax);
    const body = sessionList(entries, { seesAll: sight.isApprover(viewer) });
    const options = { title: "Sessions", organisation, viewer, current: "sessions" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/sessions/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sight.session(viewer, context.req.param("id"));
    const version = String(entry.last);
    const recording = await recordings.session(viewer, entry);
    const body = sessionDetail(entry, recording, {
      requestsMax: limits.requestsShownMax,
      mayEnd: sight.mayEnd(viewer, entry),
      csrf: viewer.csrf,
    });
    const options = { title: "Session", organisation, viewer, current: "sessions" } as const;
    const plays = recording.markers !== null;
    return context.html(page({ ...options, live: "detail", version, plays }, body));
  });

  app.get("/sessions/:id/cast", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sight.session(viewer, context.req.param("id"));
    if (entry.protocol !== "ssh") {
      throw new ConsoleError(404, "no_terminal", "The session had no terminal.");
    }
    const cast = await recordings.cast(viewer, entry);
    return context.body(cast, 200, { "content-type": "application/x-asciicast" });
  });

  app.post("/sessions/:id/end", async (context) => {
    guard.attempt(context);
    const viewer = await guard.viewer(context);
    const entry = sight.session(viewer, context.req.param("id"));
    const form = new URLSearchParams(await context.req.text());
    guard.checkForm(context, viewer, form.get("csrf"));
    await end(viewer, entry);
    return context.redirect(`/sessions/${entry.key.session}`, 303);
  });

  app.post("/api/sessions/:id/end", async (context) => {
    guard.attempt(context);
    const viewer = await guard.viewer(context);
    guard.checkForm(context, viewer, context.req.header("sallyport-csrf") ?? null);
    const entry = sight.session(viewer, context.req.param("id"));
    await end(viewer, entry);
    return context.json({ session: entry.key.session, ending: true });
  });

  app.get("/sessions/:id/state", async (context) => {
    const viewer = await guard.viewer(context);
    return context.json({ version: String(sight.session(viewer, context.req.param("id")).last) });
  });

  async function end(viewer: Viewer, entry: SessionEntry): Promise<void> {
    if (!sight.mayEnd(viewer, entry)) {
      throw new ConsoleError(403, "not_yours_to_end", "You may not end this session.");
    }
    if (entry.closed !== null) {
      throw new ConsoleError(409, "session_closed", "The session is closed already.");
    }
    await recordings.end(viewer, entry);
  }

  app.get("/events", async (context) => parts.events.open(await guard.viewer(context)));
}
