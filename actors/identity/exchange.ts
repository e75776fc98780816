/**
 * The exchange: an organisation's token, or one of ours, for one that lives minutes and is bound to
 * one connection and one session (RFC 8693).
 *
 * Two kinds of subject token. The organisation's may be exchanged as often as its holder likes.
 * Ours is used once: for one session, or for one further exchange. To ask again for the same
 * session is the same use, so that an edge whose reply was lost may ask again; session ids are the
 * edge's own random choice, so nobody else can.
 *
 * What was presented is kept in memory. A token of ours that is bound to no session therefore names
 * the run of identity that issued it, and no other run takes it: after a restart its holder asks
 * for a new one. One process of identity is active at a time.
 *
 * **Invariant:** an exchange only narrows. Connection, purpose, person and groups stay; the chain
 * grows by at most one actor; the expiry is never later than that of any token presented. Groups
 * cannot be given up, because a `forbid` of the policy may name one.
 *
 * @module
 */
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { type IdentityKeys, verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import {
  actOf,
  actorsMax,
  audienceClaim,
  type ExchangeReply,
  ExchangeRequest,
  type IdentityClaims,
  type IdentityErrorCode,
  identityIssuer,
  lifetimeSecondsMax,
  principalOf,
  Revocation,
  tokenBytesMax,
} from "#schemas/identity.ts";
import { type ReplayCache, type RevocationList } from "./bounded.ts";
import { failure } from "./failures.ts";
import type { Subject, VerifyOrganisation } from "./organisation_token.ts";

export type ExchangeLimits = {
  /** Exchanges at work at once; beyond it `busy`. */
  readonly inFlightMax: number;
};
export type ExchangeOptions = {
  readonly organisation: string;
  /** The configured connections. */
  readonly connections: ReadonlySet<string>;
  readonly verifyOrganisation: VerifyOrganisation;
  /** Our own public keys. */
  readonly keys: IdentityKeys;
  /** Signs claims as a token of ours. */
  readonly sign: (claims: IdentityClaims) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly replays: ReplayCache;
  readonly revocations: RevocationList;
  readonly limits: ExchangeLimits;
};
export type Exchange = {
  /** Answers every request, also one that is not of the shape; never rejects. */
  exchange(request: unknown): Promise<ExchangeReply>;
  /** Takes in a revocation; false when it is none or could not be kept. */
  revoke(revocation: unknown): boolean;
};

/** What is granted so far: by the organisation, or by us before. */
type Grant = {
  readonly subject: Subject;
  /** The token of ours that was presented; null for the organisation's. */
  readonly own: IdentityClaims | null;
};
type Granted<T> = { readonly ok: true; readonly value: T } | Refused;
type Refused = { readonly ok: false; readonly code: IdentityErrorCode };

/** Creates the exchange. All that it keeps is in `replays` and `revocations`. */
export function identityExchange(options: ExchangeOptions): Exchange {
  const { clock, random, limits } = options;
  const issuer = identityIssuer(options.organisation);
  /** Names this run in the ids of the tokens it issues. */
  const run = base64url(random(9));
  let inFlight = 0;
  return { exchange, revoke };

  async function exchange(input: unknown): Promise<ExchangeReply> {
    const parsed = ExchangeRequest.safeParse(input);
    if (!parsed.success) return failure("request_malformed");
    if (inFlight >= limits.inFlightMax) return failure("busy");
    inFlight++;
    try {
      return await answer(parsed.data);
    } catch {
      return failure("issuer_unavailable");
    } finally {
      inFlight--;
    }
  }

  async function answer(request: ExchangeRequest): Promise<ExchangeReply> {
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const granted = await grant(request, nowSeconds);
    if (!granted.ok) return failure(granted.code);
    const acting = await act(granted.value, request, nowSeconds);
    if (!acting.ok) return failure(acting.code);
    const narrowed = narrow(acting.value, request, nowSeconds);
    if (!narrowed.ok) return failure(narrowed.code);
    const refused = refusal(acting.value, narrowed.value, request);
    if (refused !== null) return failure(refused);
    return await issue(narrowed.value);
  }

  async function grant(request: ExchangeRequest, nowSeconds: number): Promise<Granted<Grant>> {
    if (issuerOf(request.token) !== issuer) {
      const result = await options.verifyOrganisation(request.token, request.audience, nowSeconds);
      return result.ok ? { ok: true, value: { subject: result.subject, own: null } } : result;
    }
    // Tokens for people's own decisions come from the organisation alone.
    if (request.audience !== "edge") return { ok: false, code: "token_wrong_audience" };
    const expected = { issuer, audience: request.audience, skewSeconds: 0 };
    const verified = verifyIdentityToken(request.token, options.keys, expected, nowSeconds);
    if (!verified.ok) return verified;
    const { claims, principal } = verified;
    const fromThisRun = claims.jti.startsWith(`${run}.`);
    if (claims.session === null && !fromThisRun) return { ok: false, code: "token_expired" };
    return {
      ok: true,
      value: {
        own: claims,
        subject: {
          ...principal,
          purposes: principal.purpose === "" ? [] : [principal.purpose],
          mayAct: null,
          jti: claims.jti,
          exp: claims.exp,
        },
      },
    };
  }

  /** Puts the agent that acts from now on before the chain. */
  async function act(
    granted: Grant,
    request: ExchangeRequest,
    nowSeconds: number,
  ): Promise<Granted<Grant>> {
    if (request.actorToken === undefined) return { ok: true, value: granted };
    const result = await options.verifyOrganisation(request.actorToken, "edge", nowSeconds);
    if (!result.ok) return result;
    const actor = result.subject;
    // The token of somebody who acts for another does not say who this agent is.
    if (actor.actors.length > 0) return { ok: false, code: "token_malformed" };
    const { subject } = granted;
    if (subject.mayAct !== null && subject.mayAct !== actor.person) {
      return { ok: false, code: "token_widened" };
    }
    if (isRevoked("jti", actor.jti)) return { ok: false, code: "token_revoked" };
    const actors = [actor.person, ...subject.actors];
    if (actors.length > actorsMax) return { ok: false, code: "too_large" };
    const exp = Math.min(subject.exp, actor.exp);
    return { ok: true, value: { ...granted, subject: { ...subject, actors, exp } } };
  }

  function narrow(
    { subject, own }: Grant,
    request: ExchangeRequest,
    nowSeconds: number,
  ): Granted<IdentityClaims> {
    const { connection } = request;
    if (own !== null && own.connection !== connection) {
      return { ok: false, code: "token_wrong_connection" };
    }
    if (connection !== null && !options.connections.has(connection)) {
      return { ok: false, code: "unknown_connection" };
    }
    const purpose = request.requested?.purpose ??
      (subject.purposes.length === 1 ? subject.purposes[0] ?? "" : "");
    if (purpose !== "" && !subject.purposes.includes(purpose)) {
      return { ok: false, code: "token_widened" };
    }
    const lifetime = request.requested?.lifetimeSeconds ?? lifetimeSecondsMax;
    const exp = Math.min(nowSeconds + lifetime, subject.exp);
    if (exp <= nowSeconds) return { ok: false, code: "token_expired" };
    const chain = actOf(subject.actors);
    const claims: IdentityClaims = {
      iss: issuer,
      sub: subject.person,
      ...chain === undefined ? {} : { act: chain },
      aud: audienceClaim(request.audience),
      jti: `${run}.${base64url(random(16))}`,
      iat: nowSeconds,
      exp,
      connection,
      session: request.session,
      approval: request.approval,
      groups: [...subject.groups],
      "purpose_of_use": purpose,
      name: subject.name,
      "org_iss": subject.issuer,
    };
    return { ok: true, value: claims };
  }

  /** The last checks, which must stand together: what is revoked, and what was used before. */
  function refusal(
    { subject, own }: Grant,
    claims: IdentityClaims,
    request: ExchangeRequest,
  ): IdentityErrorCode | null {
    const revoked = isRevoked("person", subject.person) || isRevoked("jti", subject.jti) ||
      isRevoked("session", request.session) || isRevoked("session", own?.session ?? null) ||
      subject.actors.some((actor) => isRevoked("actor", actor));
    if (revoked) return "token_revoked";
    if (own === null) return null;
    if (own.session !== null && own.session !== request.session) return "token_replayed";
    switch (options.replays.claim(own.jti, useOf(request, claims), own.exp, claims.iat)) {
      case "fresh":
      case "same":
        return null;
      case "replayed":
        return "token_replayed";
      case "full":
        return "busy";
    }
  }

  async function issue(claims: IdentityClaims): Promise<ExchangeReply> {
    const token = await options.sign(claims);
    const principal = principalOf(claims);
    if (token.length > tokenBytesMax || principal === null) return failure("too_large");
    const expiresAt = new Date(claims.exp * 1000).toISOString();
    const lifetimeSeconds = claims.exp - claims.iat;
    return { ok: true, token, principal, id: claims.jti, expiresAt, lifetimeSeconds };
  }

  function revoke(input: unknown): boolean {
    const parsed = Revocation.safeParse(input);
    return parsed.success && options.revocations.add(parsed.data, clock.nowMs());
  }

  function isRevoked(kind: Revocation["kind"], value: string | null): boolean {
    return value !== null && options.revocations.has(kind, value, clock.nowMs());
  }
}

/** What a token is used up for. Ids of sessions and carriers are the edge's own random choice. */
function useOf({ carrier, session }: ExchangeRequest, { jti }: IdentityClaims): string {
  if (carrier !== undefined && session !== null) return `carrier ${carrier}`;
  return session === null ? `exchange ${jti}` : `session ${session}`;
}

/** Who a token says it is from, unverified: it only chooses which verification it must pass. */
function issuerOf(token: string): string | null {
  try {
    const [, body = ""] = token.split(".", 2);
    const bytes = Uint8Array.fromBase64(body, { alphabet: "base64url" });
    const payload: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const isObject = typeof payload === "object" && payload !== null && "iss" in payload;
    return isObject && typeof payload.iss === "string" ? payload.iss : null;
  } catch {
    return null;
  }
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
