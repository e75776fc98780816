/**
 * The frame of every page.
 *
 * @module
 */
import { html, raw } from "hono/html";
import type { Viewer } from "../ports.ts";
import { type Html, visible } from "./text.ts";

export type PageOptions = {
  readonly title: string;
  readonly organisation: string;
  readonly viewer: Viewer | null;
  readonly current: "overview" | "approvals" | "sessions" | null;
  /** `list`: kept current; `detail`: says that it changed; without: stays as it is. */
  readonly live?: "list" | "detail";
  /** Of a detail page: changes when what is shown has changed. */
  readonly version?: string;
  readonly narrow?: boolean;
  /** A terminal's recording is played on it. */
  readonly plays?: boolean;
};

export function page(options: PageOptions, body: Html): Html {
  const { title, organisation, viewer, live = "", version = "", narrow = false } = options;
  const player = options.plays === true ? playerFiles : "";
  // Without a script a list is read again every quarter of a minute.
  const refresh = live === "list"
    ? raw('<noscript><meta http-equiv="refresh" content="15"></noscript>')
    : "";
  return html`
    <!doctype html>
    <html lang="en">
      <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <title>${title} · Sallyport</title>
    <link rel="stylesheet" href="/assets/style.css">
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
    <script src="/assets/script.js" defer></script>
    ${player}${refresh}
      </head>
      <body data-live="${live}" data-version="${version}">
        <a class="skip" href="#main">Skip to content</a>
        <div class="top">
          <div>
    <a class="brand" href="/">${mark} Sallyport</a>
    ${viewer === null ? "" : navigation(viewer, options.current)}
          </div>
        </div>
        <main id="main" class="${narrow ? "narrow" : ""}">
    ${live === "detail" ? changed : ""}
    ${body}
        </main>
        <footer>${visible(organisation)} · what you read and decide here is recorded</footer>
      </body>
    </html>
  `;
}

const playerFiles = raw(
  '<link rel="stylesheet" href="/assets/player.css">' +
    '<script src="/assets/player.js" defer></script>' +
    '<script src="/assets/player_start.js" defer></script>',
);
const shape = "M4 21V9l8-6 8 6v12h-5v-7H9v7z";
/** The icon as a file of its own. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">` +
  `<path fill="#0b5d5a" d="${shape}"/></svg>`;
const mark = raw(
  `<svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" d="${shape}"/></svg>`,
);

const changed = raw(
  `<p id="changed" class="notice wait" role="status" hidden>This has changed since you opened it. ` +
    `<a href="">Reload</a></p>`,
);

function navigation(viewer: Viewer, current: PageOptions["current"]): Html {
  const link = (name: string, href: string, text: string) =>
    name === current
      ? html`<a href="${href}" aria-current="page">${text}</a>`
      : html`<a href="${href}">${text}</a>`;
  const out = viewer.csrf === null ? "" : html`<form method="post" action="/logout">
<input type="hidden" name="csrf" value="${viewer.csrf}"><button class="quiet">Sign out</button></form>`;
  return html`<nav aria-label="Main">${link("overview", "/", "Overview")}
${link("approvals", "/approvals", "Approvals")}
${link("sessions", "/sessions", "Sessions")}</nav>
<div class="who"><span>${visible(viewer.principal.name)}</span>${out}</div>`;
}
