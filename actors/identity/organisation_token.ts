/**
 * Verifies the organisation's access tokens: JWTs of one issuer (RFC 9068, OpenID Connect), and
 * reads from them who somebody is.
 *
 * **Invariant:** a token that an agent may hold never signs a person in to decide: for console and
 * approval only a token that was issued to the console itself is taken.
 *
 * @module
 */
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { JWTVerifyGetKey } from "jose";
import { z } from "zod";
import {
  actorsMax,
  actorsOf,
  type IdentityAudience,
  type IdentityErrorCode,
  tokenBytesMax,
} from "#schemas/identity.ts";
import { PrincipalName } from "#schemas/principal_name.ts";
import type { ClientRules } from "./token_client.ts";

/** Asymmetric algorithms. Never `none`; never HS*, whose key the issuer would share with us. */
export const algorithms: readonly string[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

export type OrganisationOptions = {
  readonly issuer: string;
  readonly audience: string;
  /** The console's client at the issuer. */
  readonly consoleClientId: string;
  /** Whose clients are people's own. */
  readonly clients: ClientRules;
  readonly groupsClaim: string;
  readonly purposeClaim: string;
  readonly skewSeconds: number;
  /** jose's `createRemoteJWKSet` or `createLocalJWKSet`. */
  readonly keys: JWTVerifyGetKey;
};

/** Who a token names and what it grants. */
export type Subject = {
  readonly issuer: string;
  readonly person: string;
  /** The subject as the issuer knows it; of an actor's token `person` is the agent's name. */
  readonly sub: string;
  readonly name: string;
  /** Who acts for the person, the one that acts now first. */
  readonly actors: readonly string[];
  readonly groups: readonly string[];
  /** The purposes it names; one of them may be chosen. */
  readonly purposes: readonly string[];
  /** The only agent that may act for the subject (RFC 8693 section 4.4); null when any may. */
  readonly mayAct: string | null;
  readonly jti: string | null;
  /** Seconds since 1970. */
  readonly exp: number;
};
export type SubjectResult =
  | { readonly ok: true; readonly subject: Subject }
  | { readonly ok: false; readonly code: IdentityErrorCode };
/** What a token is shown for; `actor` says who acts from now on (RFC 8693 section 2.1). */
export type TokenUse = IdentityAudience | "actor";
export type VerifyOrganisation = (
  token: string,
  use: TokenUse,
  nowSeconds: number,
) => Promise<SubjectResult>;

/** Creates the verification. Fails closed: what is not proven good is a refusal. */
export function organisationVerifier(options: OrganisationOptions): VerifyOrganisation {
  const algorithmList = [...algorithms];
  return async (token, use, nowSeconds) => {
    if (token.length > tokenBytesMax) return refuse("too_large");
    const told = unverified(token);
    if (told === null) return refuse("token_malformed");
    if (!algorithms.includes(told.algorithm)) return refuse("token_algorithm_refused");
    if (told.issuer !== options.issuer) return refuse("token_foreign_issuer");
    try {
      const isForEdge = use === "edge" || use === "actor";
      const payload = await verify(token, isForEdge, nowSeconds);
      if (!isForEdge && !isOfConsole(payload, options)) return refuse("token_wrong_audience");
      return readSubject(payload, use, options);
    } catch (error) {
      return refuse(codeOf(error));
    }
  };

  async function verify(
    token: string,
    isForEdge: boolean,
    nowSeconds: number,
  ): Promise<JWTPayload> {
    const wanted = {
      issuer: options.issuer,
      audience: isForEdge ? [options.audience] : [options.audience, options.consoleClientId],
      algorithms: algorithmList,
      clockTolerance: options.skewSeconds,
      currentDate: new Date(nowSeconds * 1000),
      requiredClaims: ["sub", "exp"],
    };
    try {
      return (await jwtVerify(token, options.keys, wanted)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // A token without a key id, and an issuer with several keys: any of them may have signed.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, wanted)).payload;
        } catch (inner) {
          if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }
}

/** What a token says of itself; read only to word a refusal. Null when it is no JWT. */
function unverified(token: string): { algorithm: string; issuer: string } | null {
  try {
    const { alg = "none" } = decodeProtectedHeader(token);
    return { algorithm: alg, issuer: decodeJwt(token).iss ?? "" };
  } catch {
    return null;
  }
}

/**
 * Whether a token was issued to the console. Where it names a client that decides: others' access
 * tokens may name the console among whom they are for.
 */
function isOfConsole(
  payload: JWTPayload,
  { clients, consoleClientId }: OrganisationOptions,
): boolean {
  const client = clients.clientOf(payload);
  if (client !== undefined) return client === consoleClientId;
  const audiences = typeof payload.aud === "string" ? [payload.aud] : payload.aud ?? [];
  return audiences.includes(consoleClientId);
}

const Groups = z.array(PrincipalName);
const Purposes = z.union([z.string().max(64), z.array(z.string().min(1).max(64)).max(16)]);

function readSubject(
  payload: JWTPayload,
  use: TokenUse,
  options: OrganisationOptions,
): SubjectResult {
  const person = PrincipalName.safeParse(payload.sub);
  const groups = Groups.safeParse(payload[options.groupsClaim] ?? []);
  const purposes = Purposes.safeParse(payload[options.purposeClaim] ?? []);
  const acting = actorsOf(payload.act, options.issuer);
  const mayAct = payload.may_act === undefined ? [] : actorsOf(payload.may_act, options.issuer);
  if (!person.success || !groups.success || !purposes.success) return refuse("token_malformed");
  if (acting === null || mayAct === null) return refuse("token_malformed");
  // Cutting the list would be no narrowing: a `forbid` may name the group that was cut.
  if (groups.data.length > 256) return refuse("too_large");
  if (payload.exp === undefined) return refuse("token_malformed");
  // A security event (RFC 8417), such as a logout token, is about somebody and not from them.
  if (payload.events !== undefined) return refuse("token_malformed");
  const chain = chainOf(person.data, acting, payload, use, options.clients);
  if (typeof chain === "string") return refuse(chain);
  const name = PrincipalName.safeParse(payload.name);
  const purposeList = typeof purposes.data === "string" ? [purposes.data] : purposes.data;
  return {
    ok: true,
    subject: {
      issuer: options.issuer,
      ...chain,
      sub: person.data,
      // Only shown, never judged by.
      name: name.success ? name.data : person.data,
      groups: [...new Set(groups.data)],
      purposes: purposeList.filter((purpose) => purpose !== ""),
      mayAct: mayAct[0] ?? null,
      jti: typeof payload.jti === "string" && payload.jti !== "" ? payload.jti : null,
      // May have a fraction (RFC 7519 section 2); ours has none, and ends no later.
      exp: Math.floor(payload.exp),
    },
  };
}

/** Who is accountable, and who acts: by `act`, and by whose client the token was issued to. */
function chainOf(
  sub: string,
  acting: readonly string[],
  payload: JWTPayload,
  use: TokenUse,
  clients: ClientRules,
): Pick<Subject, "person" | "actors"> | IdentityErrorCode {
  // The console's own client; who acts for somebody is refused there in words of its own.
  if (use !== "edge" && use !== "actor") return { person: sub, actors: acting };
  const holder = clients.holderOf(payload);
  if (use === "actor") {
    // The token of somebody who acts for another does not say who this agent is.
    if (acting.length > 0) return "token_malformed";
    if (holder.kind === "unclear") return "token_client_unclear";
    return { person: holder.kind === "agent" ? holder.name : sub, actors: [] };
  }
  if (acting.length === 0 && holder.kind === "unclear") return "token_client_unclear";
  // The issuer's own word on who acts stands; an agent that is listed is never left out of it.
  const isMissing = holder.kind === "agent" && !acting.includes(holder.name) &&
    (holder.isListed || acting.length === 0);
  const actors = isMissing ? [holder.name, ...acting] : acting;
  return actors.length > actorsMax ? "too_large" : { person: sub, actors };
}

/** jose's errors by their stable `code`. What is none of its own is a failure to fetch keys. */
function codeOf(error: unknown): IdentityErrorCode {
  if (error instanceof errors.JWTExpired) return "token_expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing") {
      return error.claim === "aud" ? "token_wrong_audience" : "token_malformed";
    }
    switch (error.claim) {
      case "aud":
        return "token_wrong_audience";
      case "iss":
        return "token_foreign_issuer";
      case "nbf":
        return "token_not_yet_valid";
      default:
        return "token_malformed";
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "token_algorithm_refused";
  if (error instanceof errors.JOSENotSupported) return "token_algorithm_refused";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "token_bad_signature";
  if (error instanceof errors.JWKSNoMatchingKey) return "token_bad_signature";
  if (error instanceof errors.JWSInvalid) return "token_malformed";
  if (error instanceof errors.JWTInvalid) return "token_malformed";
  return "issuer_unavailable";
}

function refuse(code: IdentityErrorCode): { readonly ok: false; readonly code: IdentityErrorCode } {
  return { ok: false, code };
}
