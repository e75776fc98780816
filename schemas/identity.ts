/**
 * Who somebody is, as it crosses a boundary: the exchange of an organisation's token for one of
 * ours, the claims of ours, and revocation.
 *
 * **Invariant:** a token of ours names one audience, at most one connection, and one session or one
 * vote on one approval; nothing in it was chosen by the one who presents it.
 *
 * @module
 */
import { z } from "zod";
import { PrincipalChain } from "#schemas/frames.ts";
import { PrincipalName } from "#schemas/principal_name.ts";

/** The longest token, in bytes: what PostgreSQL takes (PG_MAX_AUTH_TOKEN_LENGTH). */
export const tokenBytesMax = 65_535;
/** How many agents a chain may name. */
export const actorsMax = 16;
/** How long a token of ours lives at most, seconds. */
export const lifetimeSecondsMax = 300;
/** How long a registered SSH key is good at most, seconds. */
export const keyLifetimeSecondsMax = 900;

/** Who the token is shown to. */
export const IdentityAudience = z.enum(["edge", "console", "approval"]);
export type IdentityAudience = z.infer<typeof IdentityAudience>;

/** The `aud` claim of an audience: `sallyport:edge`. */
export function audienceClaim(audience: IdentityAudience): `sallyport:${IdentityAudience}` {
  return `sallyport:${audience}`;
}
/** The `iss` claim of our own tokens. Never a URL, so never an organisation's issuer. */
export function identityIssuer(organisation: string): string {
  return `sallyport/${organisation}`;
}
/** The `typ` header of our own tokens, so that no other signed thing passes for one (RFC 8725). */
export const identityTokenType = "sallyport-identity+jwt";

const Id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Token = z.string().min(1).refine(
  (text) => new TextEncoder().encode(text).length <= tokenBytesMax,
  "at most 65,535 bytes",
);

export const ExchangeRequest = z.strictObject({
  version: z.literal(1),
  /** The organisation's token (a JWT), or one of ours that was handed to a user. */
  token: Token,
  /** Required for an edge; null for console and approval. */
  connection: z.string().min(1).max(63).nullable(),
  /** The edge's session id; null for a token that is handed to a user. */
  session: Id.nullable(),
  /**
   * The edge's own random id of what carries several sessions of the same agent, of protocols that
   * have such: a token of ours is used once, which is then for one carrier.
   */
  carrier: Id.optional(),
  /** Required for `approval`: the id of the approval that its holder may decide. */
  approval: Id.nullable().default(null),
  /** Required for `approval`: what its holder decides about it, `voteDigest` of approval.ts. */
  vote: Sha256.optional(),
  audience: IdentityAudience,
  /** The token of an agent that acts from now on (RFC 8693 section 2.1, `actor_token`). */
  actorToken: Token.optional(),
  /** What the holder gives up of its own accord. Groups are never given up: see exchange.ts. */
  requested: z.strictObject({
    /** One of the purposes that the subject token names. */
    purpose: z.string().min(1).max(64).optional(),
    lifetimeSeconds: z.int().min(1).max(lifetimeSecondsMax).optional(),
  }).optional(),
}).refine((request) => {
  const votes = request.vote !== undefined;
  switch (request.audience) {
    case "edge":
      return request.connection !== null && request.approval === null && !votes;
    case "console":
      return request.session === null && request.approval === null && !votes;
    case "approval":
      return request.session === null && request.approval !== null && votes;
  }
}, "connection, session, approval and vote do not fit the audience");
export type ExchangeRequest = z.infer<typeof ExchangeRequest>;
/** What a caller writes: `approval` may be left out. */
export type ExchangeRequestInput = z.input<typeof ExchangeRequest>;

/** An SSH public key's fingerprint: SHA-256 of the key's blob, as OpenSSH prints it. */
export const KeyFingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);
/** An SSH edge verified a signature of this key, and asks who registered it. */
export const KeyExchangeRequest = z.strictObject({
  version: z.literal(1),
  fingerprint: KeyFingerprint,
  connection: z.string().min(1).max(63),
  session: Id,
});
export type KeyExchangeRequest = z.infer<typeof KeyExchangeRequest>;

export const IdentityErrorCode = z.enum([
  "token_expired",
  "token_not_yet_valid",
  "token_foreign_issuer",
  "token_wrong_audience",
  "token_bad_signature",
  "token_algorithm_refused",
  "token_malformed",
  "token_widened",
  "token_replayed",
  "token_revoked",
  "token_wrong_connection",
  "token_client_unclear",
  "issuer_unavailable",
  "too_large",
  "request_malformed",
  "unknown_connection",
  "key_unknown",
  "key_taken",
  "busy",
]);
export type IdentityErrorCode = z.infer<typeof IdentityErrorCode>;

export const IdentityFailure = z.strictObject({
  ok: z.literal([false]),
  code: IdentityErrorCode,
  /** What to do about it. Never the token, never a value of a claim. */
  message: z.string(),
});
export type IdentityFailure = z.infer<typeof IdentityFailure>;

export const ExchangeReply = z.discriminatedUnion("ok", [
  z.strictObject({
    ok: z.literal([true]),
    token: z.string(),
    principal: PrincipalChain,
    /** The token's id; what a revocation names. */
    id: z.string(),
    /** ISO 8601, UTC. */
    expiresAt: z.string(),
    lifetimeSeconds: z.int().min(1),
  }),
  IdentityFailure,
]);
export type ExchangeReply = z.infer<typeof ExchangeReply>;

/** The claims of our own tokens. `act` is read by `actorsOf`, which bounds its depth. */
export const IdentityClaims = z.strictObject({
  iss: z.string(),
  sub: PrincipalName,
  act: z.unknown().optional(),
  aud: z.string(),
  jti: z.string().min(1).max(128),
  iat: z.int().min(0),
  exp: z.int().min(0),
  connection: z.string().max(63).nullable(),
  session: Id.nullable(),
  approval: Id.nullable(),
  /** Of a token for an approval: what its holder decides, so that nobody turns it round. */
  vote: Sha256.optional(),
  groups: z.array(PrincipalName).max(256),
  purpose_of_use: z.string().max(64),
  name: z.string().max(256),
  /** The organisation's issuer, under which `sub` is unique. */
  org_iss: z.string().max(2048),
});
export type IdentityClaims = z.infer<typeof IdentityClaims>;

/**
 * The agents of an `act` claim, the one that acts now first (RFC 8693 section 4.1). Null when it is
 * not a chain of at most `actorsMax` actors, or when an actor is of another issuer.
 */
export function actorsOf(act: unknown, issuer: string): string[] | null {
  const actors: string[] = [];
  let next: unknown = act;
  while (next !== undefined && next !== null) {
    const parsed = Act.safeParse(next);
    if (!parsed.success || actors.length === actorsMax) return null;
    if (parsed.data.iss !== undefined && parsed.data.iss !== issuer) return null;
    actors.push(parsed.data.sub);
    next = parsed.data.act;
  }
  return actors;
}
const Act = z.object({
  sub: PrincipalName,
  iss: z.string().optional(),
  act: z.unknown().optional(),
});
type ActClaim = { readonly sub: string; readonly act?: ActClaim };

/** The `act` claim of a chain of agents; undefined when a person acts alone. */
export function actOf(actors: readonly string[]): ActClaim | undefined {
  return actors.toReversed().reduce<ActClaim | undefined>(
    (act, sub) => act === undefined ? { sub } : { sub, act },
    undefined,
  );
}

/** The chain that claims name; null when their `act` is not understood. */
export function principalOf(claims: IdentityClaims): PrincipalChain | null {
  const actors = actorsOf(claims.act, claims.org_iss);
  if (actors === null) return null;
  return {
    issuer: claims.org_iss,
    person: claims.sub,
    name: claims.name,
    actors,
    groups: claims.groups,
    purpose: claims.purpose_of_use,
  };
}

/** Takes back what was issued, or shuts somebody out; on `revocationSubject`. */
export const Revocation = z.strictObject({
  version: z.literal(1),
  /**
   * `jti` one token of ours or of the organisation; `session` one session; `person` an accountable
   * person and every agent acting for them; `actor` an agent, wherever it stands in a chain.
   */
  kind: z.enum(["jti", "session", "person", "actor"]),
  value: z.string().min(1).max(256),
  /** Until when it holds, ISO 8601. */
  until: z.iso.datetime(),
});
export type Revocation = z.infer<typeof Revocation>;

/** What a revocation is matched against; null where it is not known. */
export type RevocationTarget = {
  readonly principal: PrincipalChain;
  readonly jtis: readonly string[];
  readonly session: string | null;
};

/** Says whether a revocation, while it holds, ends this session or refuses this token. */
export function revokes(
  revocation: Pick<Revocation, "kind" | "value">,
  target: RevocationTarget,
): boolean {
  switch (revocation.kind) {
    case "jti":
      return target.jtis.includes(revocation.value);
    case "session":
      return target.session === revocation.value;
    case "person":
      return target.principal.person === revocation.value;
    case "actor":
      return target.principal.actors.includes(revocation.value);
  }
}
