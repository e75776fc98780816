/**
 * Identity's public keys as their file has them: read again as time goes on, so that who verifies
 * learns of a new key before it comes, and that an old one is over, without a restart.
 *
 * **Invariant (G8):** a file that is no set of keys changes nothing: no key is added by it.
 *
 * @module
 */
import { type IdentityKeys, identityKeys } from "./identity_keys.ts";

/** A set is as old as this at most when it is used, milliseconds. */
const ageMsMax = 1000;
/** How soon a key that is not known makes it be read again. */
const unknownMs = 100;

/** `read` gives the file's text. @throws TypeError, SyntaxError when it is none to begin with. */
export function identityKeyFile(read: () => string, nowMs: () => number): IdentityKeys {
  let seen = read();
  let keys = identityKeys(JSON.parse(seen));
  let readMs = nowMs();
  return {
    get(kid) {
      const ageMs = Math.abs(nowMs() - readMs);
      if (ageMs >= ageMsMax || (ageMs >= unknownMs && !keys.has(kid))) readAgain();
      return keys.get(kid);
    },
  };

  function readAgain(): void {
    readMs = nowMs();
    try {
      const text = read();
      // To look costs little; to verify twenty years of keys does not.
      if (text === seen) return;
      seen = text;
      keys = identityKeys(JSON.parse(text));
    } catch {
      // It is written anew, or wrong: doctor says so.
    }
  }
}
