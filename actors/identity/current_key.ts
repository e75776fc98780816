/**
 * The key that identity signs with now. Its file is replaced when the key is rotated; who is asked
 * to look takes the new one, so that no session ends and no request waits for it.
 *
 * **Invariant:** a file that is no key, or one that does not follow the one that signs, as one of
 * before a rotation, changes nothing: what signed before signs on.
 *
 * @module
 */
import { type SigningKey, signingKey } from "./signing_key.ts";

export type CurrentKey = {
  now(): SigningKey;
  /**
   * Reads the file again: whether another key was taken, what is there vouches not for the one that
   * signs, or is no key.
   */
  look(): Promise<"same" | "taken" | "stranger" | "unreadable">;
};

/** `read` gives the file's text. @throws TypeError, SyntaxError when it is no key to begin with. */
export async function currentKey(read: () => string): Promise<CurrentKey> {
  let seen = read();
  let key = await signingKey(JSON.parse(seen));
  return { now: () => key, look };

  async function look(): Promise<"same" | "taken" | "stranger" | "unreadable"> {
    let text = "";
    try {
      text = read();
    } catch {
      // Told once, as what is no key is.
    }
    if (text === seen) return "same";
    seen = text;
    try {
      const found = await signingKey(JSON.parse(text));
      if (found.kid === key.kid) return "same";
      // It follows another one, or is older.
      if (found.keys.get(key.kid) === undefined) return "stranger";
      key = found;
      return "taken";
    } catch {
      return "unreadable";
    }
  }
}
