/**
 * SCRAM's SaltedPassword (RFC 5802 section 3), remembered: a server keeps the salt of a role, and
 * thousands of rounds for each new session would hold up every other one meanwhile.
 *
 * @module
 */
import { createHash, pbkdf2Sync } from "node:crypto";
import { remember } from "#schemas/remember.ts";

/** Different passwords and salts that are remembered; the oldest makes room. */
export const saltedPasswordsMax = 64;

const known = new Map<string, Uint8Array>();

/** `Hi(password, salt, iterations)` with SHA-256, 32 bytes; not to be written to. */
export function saltedPassword(password: string, salt: Uint8Array, iterations: number): Uint8Array {
  const key = createHash("sha256").update(`${iterations};${salt.length};`).update(salt)
    .update(password).digest("base64");
  const before = known.get(key);
  if (before !== undefined) return before;
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  remember(known, key, salted, saltedPasswordsMax);
  return salted;
}
