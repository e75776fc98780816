/**
 * What every request passes: who it is, and whether a form came from a page of ours.
 *
 * **Invariant:** a request that changes something is taken only with a bearer token, or from our
 * own origin and with the token of its session: both, for either alone is not enough.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { isSame } from "./oidc.ts";
import type { People } from "./people.ts";
import { ConsoleError, type Viewer } from "./ports.ts";
import type { RateLimit } from "./rate.ts";

/** `address` is the peer's, from whoever serves the application. */
export type Env = { Bindings: { readonly address?: string } };
export type ConsoleContext = Context<Env>;

export type Guard = {
  /** @throws ConsoleError 401 when nobody is signed in. */
  viewer(context: ConsoleContext): Promise<Viewer>;
  /** @throws ConsoleError 403 unless the form came from a page of ours. */
  checkForm(context: ConsoleContext, viewer: Viewer, csrf: string | null): void;
  /** @throws ConsoleError 403 unless the browser says that the request came from our origin. */
  checkOrigin(context: ConsoleContext): void;
  /** Counts an attempt. @throws ConsoleError 429 when there were too many. */
  attempt(context: ConsoleContext): void;
  readonly cookies: { readonly session: string; readonly flow: string; readonly secure: boolean };
};

export function guard(consoleUrl: string, people: People, rate: RateLimit): Guard {
  const origin = new URL(consoleUrl).origin;
  const secure = consoleUrl.startsWith("https:");
  // Browsers take a name with this prefix only from a secure origin, for that host alone.
  const prefix = secure ? "__Host-" : "";
  const cookies = {
    session: `${prefix}sallyport_session`,
    flow: `${prefix}sallyport_sign_in`,
    secure,
  };
  return { viewer, checkForm, checkOrigin, attempt, cookies };

  async function viewer(context: ConsoleContext): Promise<Viewer> {
    const header = context.req.header("authorization");
    if (header !== undefined) return await bearer(context, header);
    const cookie = getCookie(context, cookies.session);
    const by = context.req.header("sallyport-idle") === undefined ? "person" : "idle";
    const known = cookie === undefined ? null : await people.ofCookie(cookie, by);
    if (known === null) throw new ConsoleError(401, "not_signed_in", "Sign in first.");
    return known;
  }

  async function bearer(context: ConsoleContext, header: string): Promise<Viewer> {
    const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
    if (token === undefined) {
      throw new ConsoleError(401, "token_malformed", "Send Authorization: Bearer and a token.");
    }
    if (!rate.admits(addressOf(context))) throw tooMany();
    try {
      return await people.ofBearer(token);
    } catch (error) {
      if (error instanceof ConsoleError && error.status !== 503) rate.count(addressOf(context));
      throw error;
    }
  }

  function checkForm(context: ConsoleContext, viewer: Viewer, csrf: string | null): void {
    if (viewer.csrf === null) return;
    checkOrigin(context);
    if (!isSame(csrf ?? "", viewer.csrf)) throw foreign();
  }

  function checkOrigin(context: ConsoleContext): void {
    if (context.req.header("origin") !== origin) throw foreign();
    const site = context.req.header("sec-fetch-site");
    if (site !== undefined && site !== "same-origin") throw foreign();
  }

  function attempt(context: ConsoleContext): void {
    const address = addressOf(context);
    if (!rate.admits(address)) throw tooMany();
    rate.count(address);
  }
}

function addressOf(context: ConsoleContext): string {
  // `app.request()` without bindings leaves `env` undefined.
  return context.env?.address ?? "";
}

function foreign(): ConsoleError {
  return new ConsoleError(403, "form_refused", "The form did not come from this page. Reload it.");
}
function tooMany(): ConsoleError {
  return new ConsoleError(429, "too_many_attempts", "Too many attempts. Wait a minute.");
}

/** Headers that every answer carries. */
export function securityHeaders(secure: boolean): MiddlewareHandler<Env> {
  const policy = (scripts: string) =>
    `default-src 'none'; style-src 'self'; script-src ${scripts}; img-src 'self'; font-src 'self'; ` +
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
  return async (context, next) => {
    await next();
    // The player's terminal is WebAssembly, which may be compiled where a recording is shown.
    const isPlayed = /^\/sessions\/[^/]+$/.test(context.req.path);
    const scripts = isPlayed ? "'self' 'wasm-unsafe-eval'" : "'self'";
    context.header("content-security-policy", policy(scripts));
    context.header("x-frame-options", "DENY");
    context.header("x-content-type-options", "nosniff");
    // `no-referrer` would take the Origin header from our own forms too.
    context.header("referrer-policy", "same-origin");
    context.header("cache-control", "no-store");
    context.header("cross-origin-opener-policy", "same-origin");
    context.header("cross-origin-resource-policy", "same-origin");
    context.header("permissions-policy", "camera=(), geolocation=(), microphone=()");
    if (secure) context.header("strict-transport-security", "max-age=31536000");
  };
}
