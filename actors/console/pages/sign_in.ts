/** The sign-in page, and pages that say what went wrong. @module */
import { html } from "hono/html";
import type { Viewer } from "../ports.ts";
import { type Html, visible } from "./text.ts";
import { page } from "./layout.ts";

export function signInPage(
  organisation: string,
  returnTo: string,
  problem: string | null,
): Html {
  const query = returnTo === "/" ? "" : `?to=${encodeURIComponent(returnTo)}`;
  const title = "Sign in";
  return page(
    { title, organisation, viewer: null, current: null, narrow: true },
    html`
      <h1>Sign in to decide and to read the record</h1>
      ${problem === null ? "" : html`<p class="notice bad" role="alert">${problem}</p>`}
      <div class="card">
        <p>You sign in with ${organisation}.</p>
        <a class="button primary wide" href="/login/start${query}">Sign in with ${organisation}</a>
      </div>
      <details class="card">
        <summary>Use an access token</summary>
        <form method="post" action="/login/token">
          <input type="hidden" name="to" value="${returnTo}">
          <label for="token">Access token</label>
          <p class="soft small" id="token-help">One that ${organisation} issued for this console.</p>
          <input type="password" id="token" name="token" required autocomplete="off" spellcheck="false"
            aria-describedby="token-help">
          <div class="buttons"><button class="primary">Sign in</button></div>
        </form>
      </details>
    `,
  );
}

export function messagePage(
  organisation: string,
  title: string,
  message: string,
  viewer: Viewer | null,
): Html {
  const who = viewer === null ? "" : html`
    <p
      class="soft">You are signed in as <strong>${visible(
        viewer.principal.name,
      )}</strong>. If this was meant for somebody else, sign out first.</p>
  `;
  return page(
    { title, organisation, viewer, current: null, narrow: true },
    html`
      <h1>${title}</h1>
      <div class="card"><p>${message}</p>${who}
      <a class="button primary" href="/">Go to the overview</a></div>
    `,
  );
}
