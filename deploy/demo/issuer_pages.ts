/**
 * The pages of the demo's identity provider: sign in, sign out, an error. Plain HTML, no script.
 *
 * @module
 */
import type { IssuerPerson } from "./issuer_config.ts";

/** Lists the demo's people as buttons; each posts its username. */
export function signInPage(
  page: {
    readonly organisation: string;
    readonly client: string;
    readonly people: readonly IssuerPerson[];
    readonly action: string;
  },
): string {
  const buttons = page.people.map((person) =>
    `<li><button type="submit" name="username" value="${escapeHtml(person.username)}">
      <strong>${escapeHtml(person.name)}</strong>
      <span>${escapeHtml(person.role)} · ${escapeHtml(person.groups.join(", "))}</span>
    </button></li>`
  );
  return layout(`Sign in to ${page.organisation}`, [
    `<h1>${escapeHtml(page.organisation)}</h1>`,
    `<p>Choose who signs in to <strong>${escapeHtml(page.client)}</strong>.</p>`,
    `<form method="post" action="${escapeHtml(page.action)}">`,
    `<ul>${buttons.join("")}</ul></form>`,
    `<p class="note">This is a demonstration. Nobody here is real, and no password is asked. In your
      organisation this page is your own identity provider.</p>`,
  ]);
}

/** `form` is the provider's own hidden form, with its protection against forged requests. */
export function signOutPage(organisation: string, form: string): string {
  return layout("Sign out", [
    `<h1>${escapeHtml(organisation)}</h1><p>Sign out of the demo's identity provider?</p>`,
    form,
    `<ul><li><button type="submit" form="op.logoutForm" name="logout" value="yes">
      <strong>Sign out</strong></button></li>
    <li><button type="submit" form="op.logoutForm"><strong>Stay signed in</strong></button></li></ul>`,
  ]);
}

export function messagePage(title: string, message: string): string {
  return layout(title, [`<h1>${escapeHtml(title)}</h1><p>${escapeHtml(message)}</p>`]);
}

const style = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #55606e; --line: #d5dbe3;
  --paper: #f4f6f9; --card: #fff; --accent: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #a5b0bd; --line: #3a4553;
  --paper: #12171d; --card: #1b222b; --accent: #7db8f5; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem; padding: 1.75rem; }
h1 { font-size: 1.35rem; margin: 0 0 .25rem; }
p { margin: 0 0 1rem; color: var(--soft); }
ul { list-style: none; margin: 0 0 1.25rem; padding: 0; display: grid; gap: .5rem; }
button { width: 100%; text-align: left; padding: .7rem .9rem; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .5rem; cursor: pointer; }
button:hover { border-color: var(--accent); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button span { display: block; color: var(--soft); font-size: .875rem; }
.note { font-size: .875rem; margin: 0; }
`;

function layout(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head>
<body><main>${parts.join("\n")}</main></body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
