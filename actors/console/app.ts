/**
 * The console: where people approve, see what runs, and read the record.
 *
 * It follows the audit stream for what it lists (`ledger.ts`) and reads a recording only when
 * somebody opens it, after it stored that they did (`recording.ts`). Identity says who somebody is,
 * approval whether a decision counts. The console holds no key and decides nothing.
 *
 * **Invariant:** an answer that shows anything of a session was made for one signed-in person with
 * a right to it, and is kept by no cache.
 *
 * @module
 */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Subscription } from "#actors/_kit/bus.ts";
import { Revocation } from "#schemas/identity.ts";
import { readCheckpointMessage } from "#schemas/log/checkpoint_message.ts";
import { auditStream, checkpointStream } from "#schemas/subjects.ts";
import { apiRoutes } from "./api_routes.ts";
import { approvalRoutes } from "./approval_routes.ts";
import { playerStart } from "./assets/player.ts";
import { script } from "./assets/script.ts";
import { style } from "./assets/style.ts";
import { busClient } from "./bus_client.ts";
import { eventHub } from "./events.ts";
import { type ConsoleContext, type Env, guard as createGuard, securityHeaders } from "./guard.ts";
import { createLedger } from "./ledger.ts";
import { localPath, oidc } from "./oidc.ts";
import { icon } from "./pages/layout.ts";
import type { CheckpointView } from "./pages/overview.ts";
import { messagePage } from "./pages/sign_in.ts";
import { people as createPeople } from "./people.ts";
import { ConsoleError, type ConsolePorts } from "./ports.ts";
import { rateLimit } from "./rate.ts";
import { recordings } from "./recording.ts";
import { sightOf } from "./rights.ts";
import type { RouteParts } from "./route_parts.ts";
import { sessionRoutes } from "./session_routes.ts";
import { callbackPath, signInRoutes } from "./sign_in_routes.ts";

export type Console = {
  /** Serve with `app.fetch(request, { address })`; test with `app.request()`. */
  readonly app: Hono<Env>;
  /** Follows the audit stream and checkpoints. @throws BusError */
  start(): Promise<void>;
  /** Takes in a message of `revocationSubject`: ends at once what it takes back. */
  revoke(payload: Uint8Array): void;
  stop(): Promise<void>;
};

/** Creates the console. It opens no socket and reads no clock but its ports'. */
export function createConsole(ports: ConsolePorts): Console {
  const { bus, clock, limits, config, report } = ports;
  const { organisation } = config;
  const url = config.console.url.replace(/\/$/, "");
  const client = busClient(bus, limits.busMsMax);
  const people = createPeople(ports, client);
  const guard = createGuard(url, people, rateLimit(clock, limits));
  const ledger = createLedger(limits);
  const events = eventHub(clock, limits, people.isSignedIn);
  const subscriptions: Subscription[] = [];
  let checkpoint: CheckpointView | null = null;

  const app = new Hono<Env>();
  app.use(securityHeaders(guard.cookies.secure));
  app.use(bodyLimit({ maxSize: limits.bodyBytesMax, onError: tooLarge }));
  app.get("/health", (context) => {
    return bus.connected() ? context.json({ ok: true }) : context.json({ ok: false }, 503);
  });
  asset("/assets/style.css", "text/css; charset=utf-8", style);
  asset("/assets/script.js", "text/javascript; charset=utf-8", script);
  asset("/assets/player.js", "text/javascript; charset=utf-8", ports.player.script);
  asset("/assets/player.css", "text/css; charset=utf-8", ports.player.style);
  asset("/assets/player_start.js", "text/javascript; charset=utf-8", playerStart);
  asset("/assets/icon.svg", "image/svg+xml", icon);
  signInRoutes(app, {
    organisation,
    guard,
    people,
    oidc: oidc(ports, `${url}${callbackPath}`),
    webMsMax: limits.webMsMax,
    signInMsMax: limits.signInMsMax,
  });
  const parts: RouteParts = {
    ports,
    guard,
    ledger,
    sight: sightOf(ledger),
    recordings: recordings(ports),
    client,
    events,
    checkpoint: () => checkpoint,
  };
  sessionRoutes(app, parts);
  approvalRoutes(app, parts);
  apiRoutes(app, parts);
  app.notFound((context) => answer(context, new ConsoleError(404, "not_found", "No such page.")));
  app.onError((error, context) => {
    if (error instanceof ConsoleError) return answer(context, error);
    report("request_failed", { error: error.name });
    return answer(
      context,
      new ConsoleError(500, "internal", "Something is wrong here. Try again."),
    );
  });
  return { app, start, revoke, stop };

  async function start(): Promise<void> {
    await ports.epochs.each(async (epoch) => {
      subscriptions.push(
        await bus.follow(auditStream(epoch), 1, (message) => {
          const before = ledger.revision();
          ledger.take(message);
          if (ledger.revision() !== before) events.changed();
        }),
      );
    });
    await followCheckpoints();
  }

  async function followCheckpoints(): Promise<void> {
    const { first, last } = await bus.state(checkpointStream);
    const from = Math.max(first, last - checkpointsBackMax, 1);
    subscriptions.push(
      await bus.follow(checkpointStream, from, (message) => {
        const verifier = ports.logVerifier(ports.epochs.open() ?? "");
        if (verifier === null) return;
        const read = readCheckpointMessage(message, verifier);
        // Of another log, or signed by nobody we know: the verifier's to judge, not ours to show.
        if (!read.ok) return;
        const { origin, size, root } = read.checkpoint;
        // Each month's log begins anew.
        if (checkpoint?.origin === origin && size < checkpoint.size) return;
        checkpoint = { origin, size, root: root.toBase64(), atMs: message.timeMs };
        events.changed();
      }),
    );
  }

  function revoke(payload: Uint8Array): void {
    const parsed = Revocation.safeParse(jsonOf(payload));
    if (parsed.success) people.revoke(parsed.data);
    else report("revocation_malformed", { bytes: payload.length });
  }

  async function stop(): Promise<void> {
    events.close();
    for (const subscription of subscriptions.splice(0)) await subscription.stop();
  }

  function asset(path: string, type: string, text: string): void {
    app.get(path, (context) => context.body(text, 200, { "content-type": type }));
  }

  function tooLarge(context: ConsoleContext): Promise<Response> {
    const message = `The request is larger than ${limits.bodyBytesMax} bytes.`;
    return answer(context, new ConsoleError(413, "too_large", message));
  }

  /** An error as the asker reads it: JSON for scripts, a page or the way to sign in for people. */
  async function answer(context: ConsoleContext, error: ConsoleError): Promise<Response> {
    const { code, message, status } = error;
    const { path } = context.req;
    const isPage = !path.startsWith("/api/") && path !== "/events" && !path.endsWith("/state") &&
      context.req.header("authorization") === undefined;
    if (!isPage) {
      if (status === 401) context.header("www-authenticate", "Bearer");
      return context.json({ code, message }, status);
    }
    if (status === 401) {
      const to = context.req.method === "GET" ? localPath(path) : "/";
      return context.redirect(to === "/" ? "/login" : `/login?to=${encodeURIComponent(to)}`, 303);
    }
    // Whoever came as somebody else, to a link that another was sent, must see that and may leave.
    const viewer = await guard.viewer(context).catch(() => null);
    return await context.html(messagePage(organisation, titleOf(status), message, viewer), status);
  }
}

/** Checkpoints that are looked at for the newest of our log. */
const checkpointsBackMax = 100;

function titleOf(status: number): string {
  switch (status) {
    case 403:
      return "Not for you";
    case 404:
      return "Not found";
    case 503:
      return "Not now";
    default:
      return "That did not work";
  }
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    return null;
  }
}
