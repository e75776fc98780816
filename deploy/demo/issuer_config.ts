/**
 * What the demo's identity provider is started with: one JSON file, which holds keys and secrets
 * and so has mode 0600.
 *
 * @module
 */
import { z } from "zod";

const Text = z.string().min(1).max(256);

export const IssuerConfig = z.strictObject({
  version: z.literal(1),
  /** The issuer identifier; `http` on the loopback address, so that a browser opens it as it is. */
  url: z.url().regex(/^http:\/\/127\.0\.0\.1:\d+$/),
  /** Where it listens: all addresses only in a container, whose port is published on loopback. */
  host: z.enum(["127.0.0.1", "0.0.0.0"]).default("127.0.0.1"),
  port: z.int().min(1).max(65535),
  /** The `aud` of access tokens. */
  audience: Text,
  lifetimeSeconds: z.int().min(60).max(86_400),
  organisation: Text,
  people: z.array(z.strictObject({
    username: Text,
    name: Text,
    role: Text,
    email: Text,
    groups: z.array(Text),
    purposes: z.array(Text),
  })).min(1).max(100),
  agents: z.array(z.strictObject({
    id: Text,
    name: Text,
    groups: z.array(Text),
    secret: z.string().min(32),
  })).max(100),
  launcher: z.strictObject({ id: Text, secret: z.string().min(32) }),
  console: z.strictObject({
    id: Text,
    /** Null: a public client, held to PKCE alone. */
    secret: z.string().min(32).nullable(),
    redirectUris: z.array(z.url()).min(1),
    postLogoutRedirectUris: z.array(z.url()),
  }),
  /** The private key that signs tokens, an EC key on P-256 as a JWK. */
  signingKey: z.record(z.string(), z.string()),
  cookieKey: z.string().min(32),
});
export type IssuerConfig = z.infer<typeof IssuerConfig>;
export type IssuerPerson = IssuerConfig["people"][number];

/** RFC 8693. */
export const tokenExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
export const accessTokenType = "urn:ietf:params:oauth:token-type:access_token";
/** The demo's own: the launcher signs a demo person in without a browser. */
export const demoLoginGrant = "urn:sallyport:demo:login";
/** The client with which the launcher signs demo people in, as themselves. */
export const launcherId = "demo-launcher";
/** The resource indicator (RFC 8707) that every access token is for. */
export const gatewayResource = "urn:sallyport:gateway";
