/**
 * Whose client a token of the organisation was issued to: one with which people act themselves, or
 * an agent's.
 *
 * An issuer that knows delegation says by `act` who acts for the person (RFC 8693 section 4.1).
 * Many do not; what they say is which client got the token: `client_id` (RFC 9068 section 2.2) or
 * `azp` (OpenID Connect Core 1.0 section 2). A client that nobody listed as people's own acts for
 * the person, and stands in the chain.
 *
 * **Invariant:** nobody acts alone by a token of a client that is not listed as people's own, or of
 * which nobody knows to whom it was issued.
 *
 * @module
 */
import type { JWTPayload } from "jose";
import { PrincipalName } from "#schemas/principal_name.ts";

/** What the configuration says of the issuer's clients. */
export type ClientNames = {
  /** The claim that names the client; absent: the usual ones. */
  readonly claim?: string | undefined;
  /** Ids of clients with which people act themselves. */
  readonly people: readonly string[] | "any";
  /** Names of agents by their client ids. */
  readonly agents?: ReadonlyMap<string, string>;
};

/** Who holds a token that was issued to a client. */
export type Holder =
  | { readonly kind: "person" }
  /** `isListed`: the configuration names it, so it stands in every chain of its tokens. */
  | { readonly kind: "agent"; readonly name: string; readonly isListed: boolean }
  | { readonly kind: "unclear" };

export type ClientRules = {
  /** The client that a token names; undefined when it names none, null when that is unclear. */
  clientOf(payload: JWTPayload): string | undefined | null;
  holderOf(payload: JWTPayload): Holder;
};

/** The standards' claims; Okta's and Microsoft Entra's are asked where a token has none of them. */
const usualClaims: readonly (readonly string[])[] = [["client_id", "azp"], ["cid"], ["appid"]];

/** Reads tokens by what the configuration says. */
export function clientRules({ claim, people, agents = new Map() }: ClientNames): ClientRules {
  const claims = claim === undefined ? usualClaims : [[claim]];
  const names = new Set(agents.values());
  return { clientOf, holderOf };

  function clientOf(payload: JWTPayload): string | undefined | null {
    for (const alternatives of claims) {
      const named = new Set(alternatives.flatMap((name) => {
        return payload[name] === undefined ? [] : [payload[name]];
      }));
      if (named.size === 0) continue;
      const [client] = named;
      const parsed = PrincipalName.safeParse(client);
      return named.size === 1 && parsed.success ? parsed.data : null;
    }
    return undefined;
  }

  function holderOf(payload: JWTPayload): Holder {
    const client = clientOf(payload);
    const name = typeof client === "string" ? agents.get(client) : undefined;
    if (name !== undefined) return { kind: "agent", name, isListed: true };
    if (people === "any") return { kind: "person" };
    // Whoever could have a client called like an agent would pass for it.
    if (typeof client !== "string" || names.has(client)) return { kind: "unclear" };
    if (people.includes(client)) return { kind: "person" };
    return { kind: "agent", name: client, isListed: false };
  }
}
