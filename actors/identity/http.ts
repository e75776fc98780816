/**
 * Identity over HTTP: the token endpoint of RFC 8693 for users and agents, and the public keys.
 *
 * With `requested_token_type` of `urn:sallyport:ssh-key` and an `ssh_public_key`, no token is
 * issued: the key stands for the holder on that connection, and what comes back is its fingerprint.
 *
 * **Invariant:** the endpoint hands out only tokens for an edge, bound to no session yet; a
 * person's sign-in and approvals go through the console, and session tokens through an edge.
 *
 * @module
 */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ExchangeReply, ExchangeRequestInput, IdentityErrorCode } from "#schemas/identity.ts";
import type { Exchange } from "./exchange.ts";
import type { PublicKeySet } from "./signing_key.ts";
import { fingerprintOf } from "./ssh_public_key.ts";

export type HttpOptions = {
  readonly identity: Exchange;
  readonly publicKeys: () => PublicKeySet;
  /** Says whether exchanges can be answered. */
  readonly healthy: () => boolean;
  readonly bodyBytesMax: number;
};

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
const jwtType = "urn:ietf:params:oauth:token-type:jwt";
const sshKeyType = "urn:sallyport:ssh-key";
const tokenTypes: readonly (string | undefined)[] = [accessTokenType, jwtType];

/** Parameters of section 2.1, and none beside. */
const parameters = new Set([
  "grant_type",
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
  "requested_token_type",
  "resource",
  "audience",
  "scope",
  "client_id",
  "ssh_public_key",
]);

/** Creates the application; served by `main.ts`, tested by `app.request()`. */
export function identityHttp(options: HttpOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    // RFC 6749 section 5.1: what holds a token is not to be kept by caches.
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
  });
  app.get("/health", (context) => {
    return options.healthy() ? context.json({ ok: true }) : context.json({ ok: false }, 503);
  });
  app.get("/.well-known/jwks.json", (context) => context.json(options.publicKeys()));
  const limited = bodyLimit({
    maxSize: options.bodyBytesMax,
    onError: (context) => {
      const description = `The request is larger than ${options.bodyBytesMax} bytes`;
      return context.json({ error: "invalid_request", error_description: description }, 413);
    },
  });
  app.post("/token", limited, async (context) => {
    const type = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/x-www-form-urlencoded") {
      return context.json(oauthError("invalid_request", "Send a form (RFC 6749 appendix B)"), 400);
    }
    const form = new URLSearchParams(await context.req.text());
    const request = readForm(form);
    if ("error" in request) return context.json(request, 400);
    const fingerprint = readKey(form);
    if (fingerprint !== null && typeof fingerprint !== "string") {
      return context.json(fingerprint, 400);
    }
    const reply = fingerprint === null
      ? await options.identity.exchange(request)
      : await options.identity.register(request, fingerprint);
    if (reply.ok) return context.json(granted(reply, request, fingerprint !== null));
    const [error, status] = oauthCode(reply.code);
    return context.json(oauthError(error, reply.message, reply.code), status);
  });
  app.notFound((context) => context.json({ error: "not_found" }, 404));
  app.onError((_error, context) => context.json(oauthError("server_error", "Try again"), 500));
  return app;
}

type OauthError = {
  readonly error: string;
  readonly "error_description": string;
  /** Our own code, finer than OAuth's. */
  readonly code?: string;
};

function oauthError(error: string, description: string, code?: IdentityErrorCode): OauthError {
  const base = { error, "error_description": description };
  return code === undefined ? base : { ...base, code };
}

function readForm(form: URLSearchParams): ExchangeRequestInput | OauthError {
  const keys = [...form.keys()];
  if (keys.some((key) => !parameters.has(key)) || new Set(keys).size !== keys.length) {
    return oauthError("invalid_request", "A parameter is unknown or stands twice");
  }
  const get = (key: string) => form.get(key) ?? undefined;
  if (get("grant_type") !== grantType) {
    return oauthError("unsupported_grant_type", `The grant type is ${grantType}`);
  }
  const token = get("subject_token");
  const actorToken = get("actor_token");
  if (token === undefined || !tokenTypes.includes(get("subject_token_type"))) {
    return oauthError("invalid_request", "Send subject_token and its type: a JWT access token");
  }
  const actorType = get("actor_token_type");
  if ((actorToken === undefined) !== (actorType === undefined)) {
    return oauthError("invalid_request", "Send actor_token and actor_token_type together");
  }
  const requestedType = get("requested_token_type");
  const requestedTypes = requestedType === sshKeyType ? [actorType] : [actorType, requestedType];
  if (requestedTypes.some((type) => type !== undefined && !tokenTypes.includes(type))) {
    return oauthError("invalid_request", "Token types other than a JWT are not supported");
  }
  const connection = get("audience") ?? get("resource");
  if (connection === undefined || (form.has("audience") && form.has("resource"))) {
    return oauthError("invalid_target", "Name one connection, as audience or as resource");
  }
  const scopes = (get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  const purpose = /^purpose:(.{1,64})$/.exec(scopes[0] ?? "purpose:-")?.[1];
  if (scopes.length > 1 || purpose === undefined) {
    return oauthError("invalid_scope", "The only scope is one purpose, as purpose:TREAT");
  }
  return {
    version: 1,
    token,
    connection,
    session: null,
    audience: "edge",
    ...actorToken === undefined ? {} : { actorToken },
    ...scopes.length === 0 ? {} : { requested: { purpose } },
  };
}

/** The fingerprint of the key to be registered; null when a token is asked for. */
function readKey(form: URLSearchParams): string | null | OauthError {
  const line = form.get("ssh_public_key");
  if ((form.get("requested_token_type") === sshKeyType) !== (line !== null)) {
    return oauthError("invalid_request", `Send ssh_public_key with the type ${sshKeyType}`);
  }
  if (line === null) return null;
  const words = "ssh_public_key is one line of a public key file: Ed25519, ECDSA or RSA";
  return fingerprintOf(line) ?? oauthError("invalid_request", words);
}

type Granted = Extract<ExchangeReply, { ok: true }>;

/** Section 2.2.1. */
function granted(reply: Granted, request: ExchangeRequestInput, isKey: boolean) {
  const purpose = request.requested?.purpose;
  return {
    "access_token": reply.token,
    "issued_token_type": isKey ? sshKeyType : jwtType,
    // A fingerprint is of no use by itself (section 2.2.1).
    "token_type": isKey ? "N_A" : "Bearer",
    "expires_in": reply.lifetimeSeconds,
    ...purpose === undefined ? {} : { scope: `purpose:${purpose}` },
  };
}

/** OAuth's error and status of our codes (RFC 6749 section 5.2, RFC 8693 section 2.2.2). */
function oauthCode(code: IdentityErrorCode): readonly [string, 400 | 503] {
  switch (code) {
    case "issuer_unavailable":
    case "busy":
      return ["temporarily_unavailable", 503];
    case "unknown_connection":
    case "token_wrong_connection":
      return ["invalid_target", 400];
    default:
      return ["invalid_request", 400];
  }
}
