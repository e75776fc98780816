/**
 * Which keys a target's host may prove itself with.
 *
 * **Invariant:** no key that is not configured is taken, whatever the host offers; with none
 * configured nothing is dialled.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Pinned keys: `SHA256:<base64>`, or the type and base64 of a public key as in `known_hosts`. */
export type HostKeys = {
  /** Names of the signature algorithms to ask the host for, the likely ones first. */
  readonly algorithms: readonly string[];
  /** Says whether a host's public key, in the encoding of RFC 4253 section 6.6, is pinned. */
  isPinned(key: Uint8Array): boolean;
};

/** By key type; SHA-1 signatures (`ssh-rsa`, RFC 8332) are not asked for. */
const algorithmsOf: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

export function hostKeys(pinned: readonly string[]): HostKeys {
  const prints = new Set<string>();
  const types = new Set<string>();
  for (const pin of pinned) {
    if (pin.startsWith("SHA256:")) {
      // A fingerprint does not say of which type its key is.
      for (const type of Object.keys(algorithmsOf)) types.add(type);
      prints.add(pin);
      continue;
    }
    const [type = "", base64 = ""] = pin.split(" ");
    types.add(type);
    prints.add(fingerprint(Uint8Array.fromBase64(base64)));
  }
  return {
    algorithms: Object.keys(algorithmsOf).filter((type) => types.has(type))
      .flatMap((type) => algorithmsOf[type] ?? []),
    isPinned: (key) => prints.has(fingerprint(key)),
  };
}

/** As OpenSSH prints it: `SHA256:` and the digest in base64 without padding. */
function fingerprint(key: Uint8Array): string {
  const digest = createHash("sha256").update(key).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}
