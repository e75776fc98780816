/**
 * What identity says when it refuses. The words tell the user what to do; they hold no token and no
 * claim's value, so that they may be shown, logged and stored.
 *
 * @module
 */
import type { IdentityErrorCode, IdentityFailure } from "#schemas/identity.ts";

/** The refusal of a code. */
export function failure(code: IdentityErrorCode): IdentityFailure {
  return { ok: false, code, message: messages[code] };
}

const messages: Readonly<Record<IdentityErrorCode, string>> = {
  "token_expired": "The token has expired. Get a new one from your identity provider or with " +
    "`sallyport token`.",
  "token_not_yet_valid":
    "The token is not valid yet. Check the clocks of this machine and of your " +
    "identity provider.",
  "token_foreign_issuer":
    "The token was issued by somebody else. Get one from your organisation's " +
    "identity provider.",
  "token_wrong_audience":
    "The token was issued for another use. Ask your identity provider for one " +
    "with the audience of Sallyport; to sign in or to approve, use the console's own sign-in.",
  "token_bad_signature": "The token's signature does not hold. Get a new one from your identity " +
    "provider.",
  "token_algorithm_refused":
    "The token is signed in a way that is not accepted. Have your identity " +
    "provider sign with RS256, ES256 or EdDSA.",
  "token_malformed":
    "The token cannot be read. Pass the whole token, unchanged, and see that it has " +
    "a subject, an expiry and well-formed groups, purpose and actors.",
  "token_widened":
    "The exchange asks for more than the token grants. Ask for no more than it names.",
  "token_replayed": "The token was used before. It opens one session; get a new one for each.",
  "token_revoked": "Access was taken back. Speak to who administers Sallyport.",
  "token_wrong_connection":
    "The token is bound to another connection. Get one for this connection.",
  "token_client_unclear":
    "The token does not tell whether a person or an agent holds it. Have your identity provider " +
    "name in it who acts (act) or the one client that got it (client_id or azp); who administers " +
    "Sallyport may name another claim as issuer.client_claim.",
  "issuer_unavailable":
    "Your organisation's identity provider cannot be reached to check the token. " +
    "Try again shortly.",
  "too_large":
    "The token, its groups or its chain of actors is too large. At most 65,535 bytes, 256 " +
    "groups and 16 actors.",
  "request_malformed":
    "The exchange cannot be read. See that connection, session and audience fit.",
  "unknown_connection": "There is no such connection. Ask for one that is configured.",
  "key_unknown":
    "This key is not registered for this connection, or no longer. Register one with " +
    "`sallyport connect`.",
  "key_taken": "This key is registered by somebody else. Make one of your own.",
  busy: "Too many exchanges at once. Try again shortly.",
};
