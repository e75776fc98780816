/** The approvers' inbox and the page on which they decide. @module */
import type { Hono } from "hono";
import { refusalOf } from "./decision.ts";
import type { ConsoleContext, Env } from "./guard.ts";
import { type ApprovalEntry, stateAt } from "./ledger.ts";
import { approvalDetail, inbox } from "./pages/approvals.ts";
import { page } from "./pages/layout.ts";
import { ConsoleError, type Viewer } from "./ports.ts";
import { DecisionBody, malformed, type RouteParts, send } from "./route_parts.ts";

export function approvalRoutes(app: Hono<Env>, parts: RouteParts): void {
  const { ports, guard, ledger, sight, recordings } = parts;
  const { config, limits, clock } = ports;
  const { organisation } = config;

  app.get("/approvals", async (context) => {
    const viewer = await guard.viewer(context);
    const given = context.req.query("done") ?? "";
    const done = given === "voted" || given === "granted" || given === "denied" ? given : null;
    const entries = sight.approvals(viewer).slice(0, limits.listMax);
    const body = inbox(entries, clock.nowMs(), done);
    const options = { title: "Approvals", organisation, viewer, current: "approvals" } as const;
    return context.html(page({ ...options, live: "list" }, body));
  });

  app.get("/approvals/:id", async (context) => {
    const viewer = await guard.viewer(context);
    return await showApproval(context, viewer, sight.approval(viewer, context.req.param("id")));
  });

  app.get("/approvals/:id/state", async (context) => {
    const viewer = await guard.viewer(context);
    const entry = sight.approval(viewer, context.req.param("id"));
    return context.json({ version: versionOf(entry, clock.nowMs()) });
  });

  app.post("/approvals/:id", async (context) => {
    guard.attempt(context);
    const viewer = await guard.viewer(context);
    const entry = sight.approval(viewer, context.req.param("id"));
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
      const state = await send(parts, viewer, entry, { ...body.data, justification });
      return context.redirect(`/approvals?done=${state}`, 303);
    } catch (error) {
      if (!(error instanceof ConsoleError)) throw error;
      return await showApproval(context, viewer, entry, { error, draft: justification });
    }
  });

  async function showApproval(
    context: ConsoleContext,
    viewer: Viewer,
    entry: ApprovalEntry,
    failed: { readonly error: ConsoleError; readonly draft: string } | null = null,
  ): Promise<Response> {
    const session = ledger.session(entry.key.session);
    const version = versionOf(entry, clock.nowMs());
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
}

/** Changes when what a page shows of an approval has changed. */
function versionOf(entry: ApprovalEntry, nowMs: number): string {
  return `${stateAt(entry, nowMs)}.${entry.votes.length}`;
}
