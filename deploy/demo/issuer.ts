/**
 * The demo organisation's identity provider: OpenID Connect by `oidc-provider`, with a sign-in page
 * that lists the demo's people and asks for no password.
 *
 * **Invariant:** it is reached on the loopback address only and knows nobody real; it is started by
 * the demo and by tests, never by a deployment.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createLocalJWKSet } from "jose";
import { Provider } from "oidc-provider";
import {
  accessTokenType,
  demoLoginGrant,
  gatewayResource,
  type IssuerConfig,
  tokenExchangeGrant,
} from "./issuer_config.ts";
import {
  type DemoClaims,
  demoLogin,
  type DemoToken,
  exchangeToken,
  personClaims,
} from "./issuer_grants.ts";
import { messagePage, signInPage, signOutPage } from "./issuer_pages.ts";

/** Serves until `close`. */
export type Issuer = { close(): Promise<void> };

/** What of the provider's context our handlers touch; the package ships no types. */
type Context = {
  body: unknown;
  type: string;
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session?: { readonly accountId: string; grantIdFor(clientId: string): string };
    readonly params: Readonly<Record<string, unknown>>;
    readonly result?: { readonly consent?: { readonly grantId?: string } };
  };
};
type Token = { readonly accountId: string; readonly kind: string };

const resourceServer = (config: IssuerConfig) => ({
  audience: config.audience,
  scope: "gateway",
  accessTokenTTL: config.lifetimeSeconds,
  accessTokenFormat: "jwt",
  jwt: { sign: { alg: "ES256" } },
});

/** Starts the provider on the configured port. */
export async function startIssuerServer(config: IssuerConfig): Promise<Issuer> {
  const provider = createProvider(config);
  const handle = provider.callback();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", config.url).pathname;
    if (!path.startsWith("/sign-in/")) return handle(request, response);
    signIn(config, provider, request, response).catch(() => {
      send(config, response, 400, messagePage("Sign-in expired", "Start again from the console."));
    });
  });
  await new Promise<void>((resolve) => server.listen(config.port, config.host, resolve));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createProvider(config: IssuerConfig): InstanceType<typeof Provider> {
  /** Claims of tokens that our own grants are about to issue. */
  const claimsOf = new WeakMap<Token, DemoClaims>();
  const provider = new Provider(config.url, {
    clients: clients(config),
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    jwks: { keys: [{ ...config.signingKey, alg: "ES256", use: "sig" }] },
    cookies: {
      keys: [config.cookieKey],
      // Cookies ignore ports: other servers of this address must not collide with ours.
      names: { session: "demo_issuer", interaction: "demo_sign_in", resume: "demo_resume" },
    },
    claims: { openid: ["sub"], profile: ["name", "groups", "purpose_of_use"], email: ["email"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    ttl: {
      AccessToken: config.lifetimeSeconds,
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 3600,
      Session: config.lifetimeSeconds,
      Grant: config.lifetimeSeconds,
    },
    interactions: { url: (_: Context, { uid }: { uid: string }) => `/sign-in/${uid}` },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => gatewayResource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => resourceServer(config),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context: Context, form: string) => {
          context.body = signOutPage(config.organisation, form);
        },
        postLogoutSuccessSource: (context: Context) => {
          context.body = messagePage("Signed out", "You may close this page.");
        },
      },
    },
    findAccount: (_: Context, username: string) => account(config, username),
    loadExistingGrant: (context: Context) => firstPartyGrant(provider, context),
    extraTokenClaims: (_: Context, token: Token) => {
      const claims = claimsOf.get(token) ?? personClaims(config, token.accountId);
      if (claims === null) return undefined;
      const { purposes, ...rest } = claims;
      return { ...rest, purpose_of_use: purposes };
    },
    renderError: (context: Context, out: { error: string; error_description?: string }) => {
      context.type = "html";
      context.body = messagePage("Something is wrong", out.error_description ?? out.error);
    },
  });
  registerGrants(config, provider, claimsOf);
  // Goes to the process's log; the browser is told no more than that something is wrong.
  provider.on("server_error", (_: Context, error: Error) => report(error));
  return provider;
}

function clients(config: IssuerConfig): readonly Record<string, unknown>[] {
  const { console, launcher, agents } = config;
  return [
    {
      client_id: console.id,
      client_name: "Sallyport console",
      ...(console.secret === null
        ? { token_endpoint_auth_method: "none" }
        : { client_secret: console.secret }),
      redirect_uris: console.redirectUris,
      post_logout_redirect_uris: console.postLogoutRedirectUris,
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
    machineClient(launcher.id, launcher.secret, demoLoginGrant),
    ...agents.map((agent) => machineClient(agent.id, agent.secret, tokenExchangeGrant)),
  ];
}

/** A client without a browser: it asks the token endpoint for one grant only. */
function machineClient(id: string, secret: string, grant: string): Record<string, unknown> {
  return {
    client_id: id,
    client_secret: secret,
    grant_types: [grant],
    redirect_uris: [],
    response_types: [],
  };
}

function account(config: IssuerConfig, username: string) {
  const person = config.people.find((each) => each.username === username);
  if (person === undefined) return undefined;
  return {
    accountId: username,
    claims: () => ({
      sub: username,
      name: person.name,
      email: person.email,
      groups: person.groups,
      purpose_of_use: person.purposes,
    }),
  };
}

/** The organisation's own client needs no consent of the person who signs in to it. */
async function firstPartyGrant(provider: InstanceType<typeof Provider>, context: Context) {
  const { client, session, result } = context.oidc;
  if (session === undefined) return undefined;
  const id = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const known = id === undefined ? undefined : await provider.Grant.find(id);
  if (known !== undefined && known.accountId === session.accountId) return known;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope("openid profile email");
  grant.addResourceScope(gatewayResource, "gateway");
  await grant.save();
  return grant;
}

function registerGrants(
  config: IssuerConfig,
  provider: InstanceType<typeof Provider>,
  claimsOf: WeakMap<Token, DemoClaims>,
): void {
  const keys = createLocalJWKSet({ keys: [publicKey(config)] });
  const issue = async (context: Context, wanted: DemoToken) => {
    const token = new provider.AccessToken({
      client: context.oidc.client,
      accountId: wanted.subject,
      resourceServer: resourceServer(config),
      expiresIn: wanted.lifetimeSeconds,
      scope: "gateway",
    });
    claimsOf.set(token, wanted.claims);
    context.body = {
      access_token: await token.save(),
      issued_token_type: accessTokenType,
      token_type: "Bearer",
      expires_in: wanted.lifetimeSeconds,
      scope: "gateway",
    };
  };
  provider.registerGrantType(
    demoLoginGrant,
    (context: Context) => issue(context, demoLogin(config, context.oidc.params)),
    ["username", "purpose"],
  );
  provider.registerGrantType(
    tokenExchangeGrant,
    async (context: Context) => {
      const { client, params } = context.oidc;
      await issue(context, await exchangeToken(config, keys, client.clientId, params));
    },
    ["subject_token", "subject_token_type", "actor_token", "actor_token_type"],
  );
}

/** The signing key without its private part. */
function publicKey(config: IssuerConfig): Record<string, string> & { kty: string } {
  const { kty = "", crv = "", x = "", y = "", kid = "" } = config.signingKey;
  return { kty, crv, x, y, kid, alg: "ES256", use: "sig" };
}

async function signIn(
  config: IssuerConfig,
  provider: InstanceType<typeof Provider>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method === "POST") {
    const username = new URLSearchParams(await readBody(request)).get("username") ?? "";
    if (personClaims(config, username) === null) throw new Error("no such person");
    await provider.interactionFinished(request, response, { login: { accountId: username } });
    return;
  }
  send(
    config,
    response,
    200,
    signInPage({
      organisation: config.organisation,
      client: "Sallyport console",
      people: config.people,
      action: `/sign-in/${uid}`,
    }),
  );
}

function send(config: IssuerConfig, response: ServerResponse, status: number, page: string): void {
  // A form's redirects are held to form-action too, and this one ends at the console.
  const consoles = new Set(config.console.redirectUris.map((uri) => new URL(uri).origin));
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "content-security-policy":
      `default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; ` +
      `form-action 'self' ${[...consoles].join(" ")}`,
  });
  response.end(page);
}

function report(error: Error): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${error.stack ?? error.message}\n`));
}

/** A form of at most 4 KiB. */
async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > 4096) throw new Error("the form is too large");
  }
  return text;
}
