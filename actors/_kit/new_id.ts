/** Ids of sessions and approvals. @module */
import type { Random } from "#actors/_kit/clock.ts";

/**
 * An id that nobody guesses, in base64url (RFC 4648 section 5). People give it to commands, so it
 * does not begin with a dash.
 */
export function newId(random: Random, bytes: number): string {
  const id = random(bytes).toBase64({ alphabet: "base64url", omitPadding: true });
  return id.startsWith("-") ? `_${id.slice(1)}` : id;
}
