/** Signing in and out. @module */
import type { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { type ConsoleContext, type Env, type Guard } from "./guard.ts";
import { localPath, type Oidc } from "./oidc.ts";
import { signInPage } from "./pages/sign_in.ts";
import type { People } from "./people.ts";
import { ConsoleError } from "./ports.ts";

export type SignInParts = {
  readonly organisation: string;
  readonly guard: Guard;
  readonly people: People;
  readonly oidc: Oidc;
  readonly webMsMax: number;
  readonly signInMsMax: number;
};

/** The path of the redirect URI that is registered with the issuer. */
export const callbackPath = "/callback";

export function signInRoutes(app: Hono<Env>, parts: SignInParts): void {
  const { guard, people, oidc, organisation } = parts;
  const { cookies } = guard;

  app.get("/login", (context) => {
    const to = localPath(context.req.query("to") ?? "/");
    return context.html(signInPage(organisation, to, null));
  });

  app.get("/login/start", async (context) => {
    guard.attempt(context);
    const { location, cookie } = await oidc.begin(context.req.query("to") ?? "/");
    // Lax: the way back from the issuer is a navigation from another site.
    setCookie(context, cookies.flow, cookie, {
      ...cookieOptions(),
      maxAge: Math.floor(parts.signInMsMax / 1000),
    });
    return context.redirect(location, 303);
  });

  app.get(callbackPath, async (context) => {
    guard.attempt(context);
    const flow = getCookie(context, cookies.flow);
    deleteCookie(context, cookies.flow, cookieOptions());
    const answer = new URL(context.req.url).searchParams;
    try {
      const { token, returnTo } = await oidc.complete(answer, flow);
      return await enter(context, token, returnTo);
    } catch (error) {
      return refuse(context, error, "/");
    }
  });

  app.post("/login/token", async (context) => {
    guard.attempt(context);
    guard.checkOrigin(context);
    const form = new URLSearchParams(await context.req.text());
    const to = localPath(form.get("to") ?? "/");
    try {
      return await enter(context, (form.get("token") ?? "").trim(), to);
    } catch (error) {
      return refuse(context, error, to);
    }
  });

  app.post("/logout", async (context) => {
    const viewer = await guard.viewer(context);
    const form = new URLSearchParams(await context.req.text());
    guard.checkForm(context, viewer, form.get("csrf"));
    leave(context);
    return context.redirect("/login", 303);
  });

  async function enter(context: ConsoleContext, token: string, to: string): Promise<Response> {
    const cookie = await people.signIn(token);
    // A session that was here before is another person's, or the same one's: it ends.
    const before = getCookie(context, cookies.session);
    if (before !== undefined) people.signOut(before);
    const maxAge = Math.floor(parts.webMsMax / 1000);
    setCookie(context, cookies.session, cookie, { ...cookieOptions(), maxAge });
    return context.redirect(to, 303);
  }

  function leave(context: ConsoleContext): void {
    const cookie = getCookie(context, cookies.session);
    if (cookie !== undefined) people.signOut(cookie);
    deleteCookie(context, cookies.session, cookieOptions());
  }

  function refuse(
    context: ConsoleContext,
    error: unknown,
    to: string,
  ): Response | Promise<Response> {
    if (!(error instanceof ConsoleError)) throw error;
    return context.html(signInPage(organisation, to, error.message), error.status);
  }

  function cookieOptions() {
    return { path: "/", httpOnly: true, sameSite: "Lax", secure: cookies.secure } as const;
  }
}
