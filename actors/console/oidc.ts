/**
 * Signing in at the organisation's issuer: OpenID Connect, authorization code flow with PKCE.
 *
 * The token that comes out is the ID token: it was issued to this console, carries our nonce, and
 * identity verifies its signature, issuer, audience and expiry when it is exchanged. Nothing here
 * is believed before that.
 *
 * Sources: OpenID Connect Core 1.0 section 3.1, Discovery 1.0 section 4; RFC 7636 (S256 alone),
 * RFC 9207 (`iss`), RFC 9700 (state and nonce bound to the browser).
 *
 * **Invariant:** one browser, one flow: `state`, `nonce` and the verifier stand in a signed cookie
 * of the browser that began, so a code that somebody else obtained signs nobody in.
 *
 * @module
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { ConsoleError, type ConsolePorts } from "./ports.ts";

export type SignInStart = {
  /** Where to send the browser. */
  readonly location: string;
  /** What the browser keeps until it comes back. */
  readonly cookie: string;
};
export type SignInResult = {
  readonly token: string;
  /** A path of ours. */
  readonly returnTo: string;
};
export type Oidc = {
  begin(returnTo: string): Promise<SignInStart>;
  /** Takes the issuer's answer. @throws ConsoleError */
  complete(answer: URLSearchParams, cookie: string | undefined): Promise<SignInResult>;
};

const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  scopes_supported: z.array(z.string()).default([]),
  token_endpoint_auth_methods_supported: z.array(z.string()).default(["client_secret_basic"]),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
type Metadata = z.infer<typeof Metadata>;
const Flow = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  untilMs: z.number(),
});
type Flow = z.infer<typeof Flow>;
const TokenAnswer = z.object({ id_token: z.string().min(1) });
const IdClaims = z.object({ nonce: z.string() });

/** `redirectUri` is registered with the issuer. */
export function oidc(ports: ConsolePorts, redirectUri: string): Oidc {
  const { clock, random, limits, config } = ports;
  const issuer = config.issuer.url;
  const clientId = config.console.client_id;
  const cookieKey = random(32);
  let kept: { readonly metadata: Metadata; readonly untilMs: number } | null = null;
  return { begin, complete };

  async function begin(returnTo: string): Promise<SignInStart> {
    const metadata = await discover();
    const flow: Flow = {
      state: secret(),
      nonce: secret(),
      verifier: secret(),
      returnTo: localPath(returnTo),
      untilMs: clock.nowMs() + limits.signInMsMax,
    };
    const wanted = ["openid", "profile", "groups"];
    const scopes = wanted.filter((scope) => {
      return scope !== "groups" || metadata.scopes_supported.includes(scope);
    });
    const location = new URL(metadata.authorization_endpoint);
    const parameters = {
      "response_type": "code",
      "client_id": clientId,
      "redirect_uri": redirectUri,
      scope: scopes.join(" "),
      state: flow.state,
      nonce: flow.nonce,
      "code_challenge": createHash("sha256").update(flow.verifier).digest("base64url"),
      "code_challenge_method": "S256",
    };
    for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
    return { location: location.href, cookie: seal(flow) };
  }

  async function complete(
    answer: URLSearchParams,
    cookie: string | undefined,
  ): Promise<SignInResult> {
    const flow = cookie === undefined ? null : unseal(cookie);
    if (flow === null || clock.nowMs() >= flow.untilMs) throw refused("The sign-in took too long.");
    for (const name of ["state", "code", "iss", "error"]) {
      if (answer.getAll(name).length > 1) throw refused("The issuer's answer is ambiguous.");
    }
    if (!isSame(answer.get("state") ?? "", flow.state)) {
      throw refused("The answer belongs to another sign-in.");
    }
    const metadata = await discover();
    const from = answer.get("iss");
    const isOurs = from === null
      ? metadata.authorization_response_iss_parameter_supported !== true
      : from === metadata.issuer;
    if (!isOurs) throw refused("The answer is from another issuer.");
    const code = answer.get("code");
    if (answer.get("error") !== null || code === null) throw refused("The issuer refused it.");
    const token = await redeem(metadata, code, flow.verifier);
    if (!isSame(nonceOf(token), flow.nonce)) throw refused("The token is of another sign-in.");
    return { token, returnTo: flow.returnTo };
  }

  async function discover(): Promise<Metadata> {
    const nowMs = clock.nowMs();
    if (kept !== null && nowMs < kept.untilMs) return kept.metadata;
    const base = issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
    const answer = await call(`${base}/.well-known/openid-configuration`, {});
    const parsed = Metadata.safeParse(answer.value);
    if (!answer.ok || !parsed.success || parsed.data.issuer !== issuer) throw issuerUnavailable();
    const metadata = parsed.data;
    // An issuer that is reached by TLS must not lead to a place that is not.
    const isSafe = [metadata.authorization_endpoint, metadata.token_endpoint].every((endpoint) => {
      return new URL(endpoint).protocol === "https:" || issuer.startsWith("http://");
    });
    if (!isSafe) throw issuerUnavailable();
    kept = { metadata, untilMs: nowMs + limits.issuerKeptMsMax };
    return metadata;
  }

  async function redeem(metadata: Metadata, code: string, verifier: string): Promise<string> {
    const body = new URLSearchParams({
      "grant_type": "authorization_code",
      code,
      "redirect_uri": redirectUri,
      "code_verifier": verifier,
    });
    const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
    const { clientSecret } = ports;
    const basic = metadata.token_endpoint_auth_methods_supported.includes("client_secret_basic");
    if (clientSecret !== null && basic) {
      // RFC 6749 section 2.3.1: form-encoded before Base64.
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
      headers.set("authorization", `Basic ${btoa(pair)}`);
    } else {
      body.set("client_id", clientId);
      if (clientSecret !== null) body.set("client_secret", clientSecret);
    }
    const answer = await call(metadata.token_endpoint, { method: "POST", headers, body });
    const parsed = TokenAnswer.safeParse(answer.value);
    if (!answer.ok || !parsed.success) throw refused("The issuer did not redeem the code.");
    return parsed.data.id_token;
  }

  async function call(url: string, init: RequestInit): Promise<{ ok: boolean; value: unknown }> {
    const abort = new AbortController();
    const forget = clock.after(limits.issuerMsMax, () => abort.abort());
    try {
      const response = await ports.fetch(url, {
        ...init,
        redirect: "error",
        signal: abort.signal,
      });
      const text = await readText(response, limits.issuerBytesMax);
      return { ok: response.ok, value: JSON.parse(text) };
    } catch {
      throw issuerUnavailable();
    } finally {
      forget();
    }
  }

  function secret(): string {
    return random(32).toBase64({ alphabet: "base64url", omitPadding: true });
  }

  function seal(flow: Flow): string {
    const body = new TextEncoder().encode(JSON.stringify(flow));
    const text = body.toBase64({ alphabet: "base64url", omitPadding: true });
    return `${text}.${mac(text)}`;
  }

  function unseal(cookie: string): Flow | null {
    const [text = "", tag = ""] = cookie.split(".");
    if (cookie.length > 4096 || !isSame(tag, mac(text))) return null;
    const parsed = Flow.safeParse(jsonOf(text));
    return parsed.success ? parsed.data : null;
  }

  function mac(text: string): string {
    return createHmac("sha256", cookieKey).update(text).digest("base64url");
  }
}

/** A path of ours, or `/`: never another origin. */
export function localPath(path: string): string {
  return /^\/(?:[A-Za-z0-9_-][A-Za-z0-9/_-]{0,200})?$/.test(path) ? path : "/";
}

/** Compares in a time that does not depend on where they differ. */
export function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** The expiry that a token names, milliseconds; null when it names none. Not verified. */
export function expiryMsOf(token: string): number | null {
  const parsed = z.object({ exp: z.number() }).safeParse(jsonOf(token.split(".")[1] ?? ""));
  return parsed.success ? parsed.data.exp * 1000 : null;
}

function nonceOf(token: string): string {
  const parsed = IdClaims.safeParse(jsonOf(token.split(".")[1] ?? ""));
  return parsed.success ? parsed.data.nonce : "";
}

function jsonOf(base64url: string): unknown {
  try {
    const bytes = Uint8Array.fromBase64(base64url, { alphabet: "base64url" });
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

async function readText(response: Response, bytesMax: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new RangeError("Cannot read answer: larger than the limit");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function refused(reason: string): ConsoleError {
  return new ConsoleError(401, "sign_in_refused", `${reason} Sign in again.`);
}
function issuerUnavailable(): ConsoleError {
  const message = "The organisation's sign-in does not answer now. Try again shortly.";
  return new ConsoleError(503, "issuer_unavailable", message);
}
