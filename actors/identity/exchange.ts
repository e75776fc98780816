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
import type { IdentityKeys } from "#actors/_kit/identity_keys.ts";
import { verifyIdentityToken } from "#actors/_kit/identity_token.ts";
import {
  actOf,
  actorsMax,
  audienceClaim,
  type ExchangeReply,
  ExchangeRequest,
  type IdentityClaims,
  type IdentityErrorCode,
  identityIssuer,
  KeyExchangeRequest,
  keyLifetimeSecondsMax,
  lifetimeSecondsMax,
  principalOf,
  Revocation,
  tokenBytesMax,
} from "#schemas/identity.ts";
import { type ReplayCache, type RevocationList } from "./bounded.ts";
import { failure } from "./failures.ts";
import type { Subject, VerifyOrganisation } from "./organisation_token.ts";
import type { RegisteredKeys } from "./registered_keys.ts";

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
  readonly sshKeys: RegisteredKeys;
  readonly limits: ExchangeLimits;
};
export type Exchange = {
  /** Answers every request, also one that is not of the shape; never rejects. */
  exchange(request: unknown): Promise<ExchangeReply>;
  /**
   * Lets an SSH key stand for the token's holder on one connection, until the token or the key's
   * own time ends. Who may use it proves to an edge that they hold the private half.
   */
  register(request: unknown, fingerprint: string): Promise<ExchangeReply>;
  /** A token for a session of who registered a key; `KeyExchangeRequest`. */
  exchangeKey(request: unknown): Promise<ExchangeReply>;
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
  return { exchange, register, exchangeKey, revoke };

  function exchange(input: unknown): Promise<ExchangeReply> {
    return bounded(ExchangeRequest.safeParse(input), answer);
  }

  function register(input: unknown, fingerprint: string): Promise<ExchangeReply> {
    return bounded(ExchangeRequest.safeParse(input), (request) => keep(request, fingerprint));
  }

  function exchangeKey(input: unknown): Promise<ExchangeReply> {
    return bounded(KeyExchangeRequest.safeParse(input), answerKey);
  }

  /** Answers what was parsed, with few enough others at work, and never rejects. */
  async function bounded<T>(
    parsed: { readonly success: true; readonly data: T } | { readonly success: false },
    work: (request: T) => Promise<ExchangeReply>,
  ): Promise<ExchangeReply> {
    if (!parsed.success) return failure("request_malformed");
    if (inFlight >= limits.inFlightMax) return failure("busy");
    inFlight++;
    try {
      return await work(parsed.data);
    } catch {
      return failure("issuer_unavailable");
    } finally {
      inFlight--;
    }
  }

  async function answer(request: ExchangeRequest): Promise<ExchangeReply> {
    const judged = await judge(request, lifetimeSecondsMax);
    return judged.ok ? await issue(judged.value.claims) : failure(judged.code);
  }

  /** Keeps a key in place of a token. */
  async function keep(request: ExchangeRequest, fingerprint: string): Promise<ExchangeReply> {
    const { connection, audience, session } = request;
    if (connection === null || audience !== "edge" || session !== null) {
      return failure("request_malformed");
    }
    const judged = await judge(request, keyLifetimeSecondsMax);
    if (!judged.ok) return failure(judged.code);
    const { claims } = judged.value;
    const kept = options.sshKeys.add(fingerprint, connection, judged.value, claims.iat);
    if (kept !== "added") return failure(kept === "taken" ? "key_taken" : "busy");
    return reply(claims, fingerprint);
  }

  async function answerKey(request: KeyExchangeRequest): Promise<ExchangeReply> {
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const key = options.sshKeys.find(request.fingerprint, request.connection, nowSeconds);
    if (key === null) return failure("key_unknown");
    const principal = principalOf(key.claims);
    if (principal === null) return failure("key_unknown");
    if (isShutOut({ person: principal.person, actors: principal.actors, jti: key.jti })) {
      return failure("token_revoked");
    }
    return await issue({
      ...key.claims,
      jti: newTokenId(),
      iat: nowSeconds,
      exp: Math.min(nowSeconds + lifetimeSecondsMax, key.claims.exp),
      session: request.session,
    });
  }

  /** What may be issued for a request, and the id of the token it rests on. */
  async function judge(
    request: ExchangeRequest,
    lifetimeMax: number,
  ): Promise<Granted<{ readonly claims: IdentityClaims; readonly jti: string | null }>> {
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const granted = await grant(request, nowSeconds);
    if (!granted.ok) return granted;
    const acting = await act(granted.value, request, nowSeconds);
    if (!acting.ok) return acting;
    const narrowed = narrow(acting.value, request, nowSeconds, lifetimeMax);
    if (!narrowed.ok) return narrowed;
    const code = refusal(acting.value, narrowed.value, request);
    if (code !== null) return { ok: false, code };
    // Which connections there are is told to who may ask for one.
    if (request.connection !== null && !options.connections.has(request.connection)) {
      return { ok: false, code: "unknown_connection" };
    }
    return { ok: true, value: { claims: narrowed.value, jti: acting.value.subject.jti } };
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
          sub: principal.person,
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
    const result = await options.verifyOrganisation(request.actorToken, "actor", nowSeconds);
    if (!result.ok) return result;
    const actor = result.subject;
    const { subject } = granted;
    if (subject.mayAct !== null && ![actor.sub, actor.person].includes(subject.mayAct)) {
      return { ok: false, code: "token_widened" };
    }
    if (isRevoked("jti", actor.jti)) return { ok: false, code: "token_revoked" };
    // By whose client got the subject's token it may stand there already.
    const isOutermost = subject.actors[0] === actor.person;
    const actors = isOutermost ? subject.actors : [actor.person, ...subject.actors];
    if (actors.length > actorsMax) return { ok: false, code: "too_large" };
    const exp = Math.min(subject.exp, actor.exp);
    return { ok: true, value: { ...granted, subject: { ...subject, actors, exp } } };
  }

  function narrow(
    { subject, own }: Grant,
    request: ExchangeRequest,
    nowSeconds: number,
    lifetimeMax: number,
  ): Granted<IdentityClaims> {
    const { connection } = request;
    if (own !== null && own.connection !== connection) {
      return { ok: false, code: "token_wrong_connection" };
    }
    const purpose = request.requested?.purpose ??
      (subject.purposes.length === 1 ? subject.purposes[0] ?? "" : "");
    if (purpose !== "" && !subject.purposes.includes(purpose)) {
      return { ok: false, code: "token_widened" };
    }
    const lifetime = request.requested?.lifetimeSeconds ?? lifetimeMax;
    const exp = Math.min(nowSeconds + lifetime, subject.exp);
    if (exp <= nowSeconds) return { ok: false, code: "token_expired" };
    const chain = actOf(subject.actors);
    const claims: IdentityClaims = {
      iss: issuer,
      sub: subject.person,
      ...chain === undefined ? {} : { act: chain },
      aud: audienceClaim(request.audience),
      jti: newTokenId(),
      iat: nowSeconds,
      exp,
      connection,
      session: request.session,
      approval: request.approval,
      ...request.vote === undefined ? {} : { vote: request.vote },
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
    const revoked = isShutOut(subject) || isRevoked("session", request.session) ||
      isRevoked("session", own?.session ?? null);
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
    return reply(claims, await options.sign(claims));
  }

  function reply(claims: IdentityClaims, token: string): ExchangeReply {
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

  function newTokenId(): string {
    return `${run}.${base64url(random(16))}`;
  }

  function isShutOut(
    { person, actors, jti }: Pick<Subject, "person" | "actors" | "jti">,
  ): boolean {
    return isRevoked("person", person) || isRevoked("jti", jti) ||
      actors.some((actor) => isRevoked("actor", actor));
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
