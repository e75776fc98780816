/**
 * The organisation's signing keys: found by OpenID Connect Discovery, fetched and cached by jose.
 *
 * **Invariant:** keys come only from the address that the issuer's own metadata names, over the
 * issuer's own scheme; whatever cannot be fetched or read is an error, which refuses the token.
 *
 * @module
 */
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import { z } from "zod";

export type IssuerKeysLimits = {
  readonly fetchMsMax: number;
  readonly bodyBytesMax: number;
  /** How long keys are used without asking again: the longest a withdrawn key is still taken. */
  readonly cacheMsMax: number;
  /** How long an unknown key id waits before it makes us ask again. */
  readonly cooldownMs: number;
};
export const issuerKeysLimits: IssuerKeysLimits = {
  fetchMsMax: 3_000,
  bodyBytesMax: 512 * 1024,
  cacheMsMax: 600_000,
  cooldownMs: 30_000,
};

export type Fetch = (
  url: string,
  init: { readonly signal: AbortSignal; readonly redirect: "manual" | "error" },
) => Promise<Response>;

/** OpenID Connect Discovery 1.0 section 3; the rest is not ours to read. */
const Metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Finds keys for `jwtVerify`; nothing is fetched before the first token. */
export function issuerKeys(
  issuer: string,
  fetchUrl: Fetch,
  limits: IssuerKeysLimits,
): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | null = null;
  return async (header, token) => {
    found ??= discover().catch((error) => {
      // The next token tries anew.
      found = null;
      throw error;
    });
    return await (await found)(header, token);
  };

  async function discover(): Promise<JWTVerifyGetKey> {
    const base = issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
    const signal = AbortSignal.timeout(limits.fetchMsMax);
    const url = `${base}/.well-known/openid-configuration`;
    const response = await bounded(await fetchUrl(url, { signal, redirect: "error" }));
    if (response.status !== 200) throw new Error("Cannot find the issuer's keys: not found");
    const metadata = Metadata.safeParse(await response.json());
    if (!metadata.success) throw new Error("Cannot find the issuer's keys: metadata is malformed");
    if (metadata.data.issuer !== issuer) {
      throw new Error("Cannot find the issuer's keys: metadata is of another issuer");
    }
    const keysUrl = new URL(metadata.data.jwks_uri);
    // A loopback issuer may speak plainly; one on HTTPS never sends us elsewhere.
    if (keysUrl.protocol !== new URL(issuer).protocol) {
      throw new Error("Cannot find the issuer's keys: another scheme than the issuer's");
    }
    return createRemoteJWKSet(keysUrl, {
      timeoutDuration: limits.fetchMsMax,
      cooldownDuration: limits.cooldownMs,
      cacheMaxAge: limits.cacheMsMax,
      [customFetch]: async (address, options) => await bounded(await fetchUrl(address, options)),
    });
  }

  /** The response with its body read, no further than its limit. */
  async function bounded(response: Response): Promise<Response> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for await (const part of response.body ?? []) {
      bytes += part.length;
      if (bytes > limits.bodyBytesMax) {
        throw new Error("Cannot read the issuer's answer: too large");
      }
      parts.push(new Uint8Array(part));
    }
    return new Response(new Blob(parts), { status: response.status });
  }
}
