/**
 * The two grants of the demo's identity provider beside the authorization code: token exchange
 * (RFC 8693), by which an agent acts for a person, and the launcher's own sign-in of demo people.
 *
 * **Invariant:** an agent gets a token only for a person whose token it presents, never one that
 * lives longer, and stands in it as the outermost `act`; a launcher's token names a demo person.
 *
 * @module
 */
import { jwtVerify, type JWTVerifyGetKey } from "jose";
import { errors } from "oidc-provider";
import { z } from "zod";
import { accessTokenType, type IssuerConfig } from "./issuer_config.ts";

/** Claims that a token has beyond those of OAuth itself. */
export type DemoClaims = {
  readonly name: string;
  readonly groups: readonly string[];
  readonly purposes: readonly string[];
  readonly act?: Act;
};
type Act = { readonly sub: string; readonly act?: Act | undefined };

/** A token to be issued. */
export type DemoToken = {
  readonly subject: string;
  readonly lifetimeSeconds: number;
  readonly claims: DemoClaims;
};

/** What a token's claims are for a person who acts alone; null when there is no such person. */
export function personClaims(config: IssuerConfig, username: string): DemoClaims | null {
  const person = config.people.find((each) => each.username === username);
  if (person === undefined) return null;
  return { name: person.name, groups: person.groups, purposes: person.purposes };
}

/** The form fields of a token request; those that were not sent are undefined. */
export type Parameters = Readonly<Record<string, unknown>>;

/** `username`, and `purpose` when fewer than all of the person's are wanted. */
export function demoLogin(config: IssuerConfig, given: Parameters): DemoToken {
  const username = String(given["username"] ?? "");
  const claims = personClaims(config, username);
  if (claims === null) throw new errors.InvalidGrant("there is no such demo person");
  const purpose = given["purpose"];
  if (purpose !== undefined && !claims.purposes.includes(String(purpose))) {
    throw new errors.InvalidGrant("the purpose is not one of the person's");
  }
  return {
    subject: username,
    lifetimeSeconds: config.lifetimeSeconds,
    claims: purpose === undefined ? claims : { ...claims, purposes: [String(purpose)] },
  };
}

const ActClaim: z.ZodType<Act> = z.lazy(() =>
  z.object({ sub: z.string(), act: ActClaim.optional() })
);
const SubjectToken = z.object({
  sub: z.string(),
  exp: z.int(),
  name: z.string(),
  groups: z.array(z.string()),
  purpose_of_use: z.array(z.string()),
  act: ActClaim.optional(),
});

/**
 * The authenticated client is the actor. Its groups join those of the token it presents; the chain
 * that stands there already moves one inwards.
 */
export async function exchangeToken(
  config: IssuerConfig,
  keys: JWTVerifyGetKey,
  clientId: string,
  given: Parameters,
): Promise<DemoToken> {
  const agent = config.agents.find((each) => each.id === clientId);
  if (agent === undefined) throw new errors.InvalidGrant("the client is no agent");
  if (given["actor_token"] !== undefined) {
    throw new errors.InvalidRequest("the authenticated client is the actor; leave actor_token out");
  }
  if (given["subject_token_type"] !== accessTokenType) {
    throw new errors.InvalidRequest("subject_token_type must be an access token's");
  }
  const subject = await readSubject(config, keys, String(given["subject_token"] ?? ""));
  const left = subject.exp - Math.floor(Date.now() / 1000);
  return {
    subject: subject.sub,
    lifetimeSeconds: Math.max(1, Math.min(left, config.lifetimeSeconds)),
    claims: {
      name: subject.name,
      groups: [...new Set([...subject.groups, ...agent.groups])],
      purposes: subject.purpose_of_use,
      act: subject.act === undefined ? { sub: agent.id } : { sub: agent.id, act: subject.act },
    },
  };
}

async function readSubject(
  config: IssuerConfig,
  keys: JWTVerifyGetKey,
  token: string,
): Promise<z.infer<typeof SubjectToken>> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: config.url,
      audience: config.audience,
      typ: "at+jwt",
      algorithms: ["ES256"],
    });
    return SubjectToken.parse(payload);
  } catch {
    throw new errors.InvalidGrant("the subject_token is not a valid token of this issuer");
  }
}
