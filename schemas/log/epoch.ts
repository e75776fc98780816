/**
 * Names of the log of one epoch. Each epoch's stream starts anew at sequence 1, so each epoch is a
 * log of its own, with its own origin; one signing key serves them all under the name of each.
 *
 * @module
 */
import { renameSigner, renameVerifier, type Signer, type Verifier } from "./key.ts";

/** The name of the audit actor's log; an installation has no other. */
export const logName = "audit";

/** The log's subject token: `<name>-<epoch>`. */
export function epochLog(name: string, epoch: string): string {
  return `${name}-${epoch}`;
}

/** The key, and so the origin, of the epoch's log: `<key name>/<epoch>`; null when malformed. */
export function epochVerifier(vkey: string, epoch: string): Verifier | null {
  return renameVerifier(vkey, `${vkey.slice(0, vkey.indexOf("+"))}/${epoch}`);
}

const privateStart = "PRIVATE+KEY+";
/** The signer of the epoch's log, from the line of a key file; null when malformed. */
export function epochSigner(skey: string, epoch: string): Signer | null {
  const name = skey.slice(privateStart.length, skey.indexOf("+", privateStart.length));
  return renameSigner(skey, `${name}/${epoch}`);
}
