/**
 * Obtains the demo's tokens from its identity provider by the protocols that clients use: token
 * exchange for the agent, the authorization code flow for whoever decides at the console.
 *
 * @module
 */
import { z } from "zod";
import { accessTokenType, demoLoginGrant, tokenExchangeGrant } from "./issuer_config.ts";

/** The parts of a running issuer that a client must know. */
export type IssuerAccess = {
  readonly url: string;
  readonly launcher: { readonly id: string; readonly secret: string };
  readonly agentSecrets: ReadonlyMap<string, string>;
  readonly console: { readonly clientId: string; readonly redirectUri: string };
  /** Absent: the console is a public client. */
  readonly consoleSecret?: string;
};

/** Access tokens, JWTs with the gateway's audience, for hours. */
export type DemoTokens = {
  /** The report agent, acting for Ana the analyst. */
  readonly agent: string;
  /** Nora the nurse herself, for treatment. */
  readonly nurse: string;
  /** Carl and Dana of compliance, signed in to the console: only such tokens may decide. */
  readonly approver: string;
  readonly approver2: string;
};

/** The demo's four tokens. */
export async function obtainDemoTokens(issuer: IssuerAccess): Promise<DemoTokens> {
  const [analyst, nurse, approver, approver2] = await Promise.all([
    signInAs(issuer, "ana"),
    signInAs(issuer, "nora", "TREAT"),
    signInToConsole(issuer, "carl"),
    signInToConsole(issuer, "dana"),
  ]);
  const agent = await actFor(issuer, "report-agent", analyst);
  return { agent, nurse, approver: approver.accessToken, approver2: approver2.accessToken };
}

/** Whose tokens are kept in files, by the file's name. */
export const tokenNames = ["agent", "nurse", "approver"] as const;

/** Writes them to `<directory>/tokens`, for shells: one is longer than a screen is wide. */
export async function keepTokens(directory: string, tokens: DemoTokens): Promise<void> {
  const folder = `${directory}/tokens`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of tokenNames) {
    await Deno.writeTextFile(`${folder}/${name}`, tokens[name], { mode: 0o600 });
  }
}

/** A demo person's own token, by the launcher's grant. */
export async function signInAs(
  issuer: IssuerAccess,
  username: string,
  purpose?: string,
): Promise<string> {
  const { access_token } = await askForToken(issuer, issuer.launcher, {
    grant_type: demoLoginGrant,
    username,
    ...(purpose === undefined ? {} : { purpose }),
  });
  return access_token;
}

/** The token of `agent` acting for whom `subjectToken` names (RFC 8693). */
export async function actFor(
  issuer: IssuerAccess,
  agent: string,
  subjectToken: string,
): Promise<string> {
  const secret = issuer.agentSecrets.get(agent);
  if (secret === undefined) throw new Error("the issuer knows no such agent");
  const { access_token } = await askForToken(issuer, { id: agent, secret }, {
    grant_type: tokenExchangeGrant,
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
  });
  return access_token;
}

/**
 * Signs a demo person in to the console by the authorization code flow with PKCE, as a browser
 * would: every redirect is followed up to the console's own, which is read and not called.
 */
export async function signInToConsole(
  issuer: IssuerAccess,
  username: string,
): Promise<{ readonly accessToken: string; readonly idToken: string }> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const state = base64url(crypto.getRandomValues(new Uint8Array(16)));
  const query = new URLSearchParams({
    client_id: issuer.console.clientId,
    redirect_uri: issuer.console.redirectUri,
    response_type: "code",
    scope: "openid profile gateway",
    state,
    code_challenge: base64url(new Uint8Array(hash)),
    code_challenge_method: "S256",
  });
  const answer = await browse(issuer, `${issuer.url}/auth?${query}`, username);
  const code = answer.searchParams.get("code");
  if (code === null || answer.searchParams.get("state") !== state) {
    throw new Error(`the sign-in ended with ${answer.searchParams.get("error") ?? "no code"}`);
  }
  const tokens = await askForToken(issuer, {
    id: issuer.console.clientId,
    ...(issuer.consoleSecret === undefined ? {} : { secret: issuer.consoleSecret }),
  }, {
    grant_type: "authorization_code",
    code,
    redirect_uri: issuer.console.redirectUri,
    code_verifier: verifier,
  });
  return { accessToken: tokens.access_token, idToken: tokens.id_token ?? "" };
}

/** Follows redirects, choosing `username` on the sign-in page, up to the redirect URI. */
async function browse(issuer: IssuerAccess, start: string, username: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(start);
  let form: URLSearchParams | null = null;
  for (let step = 0; step < 10; step++) {
    const response: Response = await fetch(url, {
      method: form === null ? "GET" : "POST",
      body: form,
      redirect: "manual",
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
    });
    await response.body?.cancel();
    for (const cookie of response.headers.getSetCookie()) keep(cookies, cookie);
    const location = response.headers.get("location");
    if (location === null) {
      if (!url.pathname.startsWith("/sign-in/") || form !== null) {
        throw new Error(`the identity provider answers ${response.status} at ${url.pathname}`);
      }
      form = new URLSearchParams({ username });
      continue;
    }
    form = null;
    url = new URL(location, url);
    if (url.href.startsWith(issuer.console.redirectUri)) return url;
  }
  throw new Error("the sign-in does not end");
}

function keep(cookies: Map<string, string>, header: string): void {
  const [name = "", value = ""] = (header.split(";")[0] ?? "").split("=", 2);
  if (value === "" || /;\s*expires=Thu, 01 Jan 1970/i.test(header)) cookies.delete(name);
  else cookies.set(name, value);
}

const TokenAnswer = z.object({
  access_token: z.string(),
  id_token: z.string().optional(),
});
const TokenError = z.object({ error: z.string(), error_description: z.string().default("") });

async function askForToken(
  issuer: IssuerAccess,
  client: { readonly id: string; readonly secret?: string },
  parameters: Readonly<Record<string, string>>,
): Promise<z.infer<typeof TokenAnswer>> {
  const { id, secret } = client;
  const body = new URLSearchParams(
    secret === undefined ? { ...parameters, client_id: id } : parameters,
  );
  const headers = new Headers();
  if (secret !== undefined) headers.set("authorization", `Basic ${btoa(`${id}:${secret}`)}`);
  const response = await fetch(`${issuer.url}/token`, { method: "POST", body, headers });
  const answer: unknown = await response.json();
  if (response.ok) return TokenAnswer.parse(answer);
  const { error, error_description } = TokenError.parse(answer);
  throw new Error(`the identity provider refuses: ${error} ${error_description}`.trim());
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
