/** The overview, and the list and timeline of sessions, as pages. @module */
import type { Hono } from "hono";
import type { Env } from "./guard.ts";
import { stateAt } from "./ledger.ts";
import { page } from "./pages/layout.ts";
import { overviewPage } from "./pages/overview.ts";
import { sessionDetail, sessionList } from "./pages/sessions.ts";
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
    const body = sessionList(sight.sessions(viewer).slice(0, limits.listMax));
    const options = { title: "Sessions", organisation, viewer, current: "sessions" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/sessions/:id", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sight.session(viewer, context.req.param("id"));
    const version = String(entry.last);
    const recording = await recordings.session(viewer, entry);
    const body = sessionDetail(entry, recording, limits.requestsShownMax);
    const options = { title: "Session", organisation, viewer, current: "sessions" } as const;
    return context.html(page({ ...options, live: "detail", version }, body));
  });

  app.get("/sessions/:id/state", async (context) => {
    const viewer = await guard.viewer(context);
    return context.json({ version: String(sight.session(viewer, context.req.param("id")).last) });
  });

  app.get("/events", async (context) => parts.events.open(await guard.viewer(context)));
}
