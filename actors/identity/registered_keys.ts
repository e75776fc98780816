/**
 * SSH public keys that stand for their owners for some minutes: the third memory of identity,
 * bounded as the others are. `kept_keys.ts` keeps it over a restart.
 *
 * **Invariant:** a key belongs to who registered it first, as long as it is registered.
 *
 * @module
 */
import type { IdentityClaims } from "#schemas/identity.ts";

export type RegisteredKey = {
  /** What its owner was granted, bound to one connection; `exp` ends the registration. */
  readonly claims: IdentityClaims;
  /** The id of the token by which it was registered; null when that had none. */
  readonly jti: string | null;
};

export type RegisteredKeys = {
  add(
    fingerprint: string,
    connection: string,
    key: RegisteredKey,
    nowSeconds: number,
  ): "added" | "taken" | "full";
  find(fingerprint: string, connection: string, nowSeconds: number): RegisteredKey | null;
  /** What has not expired. */
  entries(nowSeconds: number): readonly Registration[];
};

export type Registration = {
  readonly fingerprint: string;
  readonly connection: string;
  readonly key: RegisteredKey;
};

/** Remembers keys until they expire. */
export function registeredKeys(
  limits: { readonly keysMax: number; readonly keysPerPersonMax: number },
): RegisteredKeys {
  const held = new Map<string, Registration>();
  return { add, find, entries };

  function add(
    fingerprint: string,
    connection: string,
    key: RegisteredKey,
    nowSeconds: number,
  ): "added" | "taken" | "full" {
    const place = placeOf(fingerprint, connection);
    const before = find(fingerprint, connection, nowSeconds);
    if (before !== null && ownerOf(before) !== ownerOf(key)) return "taken";
    if (before === null) {
      for (const [old, one] of held) if (isOver(one, nowSeconds)) held.delete(old);
      const own = [...held.values()].filter((one) => personOf(one.key) === personOf(key)).length;
      if (held.size >= limits.keysMax || own >= limits.keysPerPersonMax) return "full";
    }
    held.set(place, { fingerprint, connection, key });
    return "added";
  }

  function find(fingerprint: string, connection: string, nowSeconds: number) {
    const found = held.get(placeOf(fingerprint, connection));
    return found === undefined || isOver(found, nowSeconds) ? null : found.key;
  }

  function entries(nowSeconds: number): readonly Registration[] {
    return [...held.values()].filter((one) => !isOver(one, nowSeconds));
  }
}

function isOver({ key }: Registration, nowSeconds: number): boolean {
  return key.claims.exp <= nowSeconds;
}

function placeOf(fingerprint: string, connection: string): string {
  return `${connection} ${fingerprint}`;
}

function personOf({ claims }: RegisteredKey): string {
  return JSON.stringify([claims.org_iss, claims.sub]);
}

/** The person and the agents that act for them: one agent does not take over another's key. */
function ownerOf({ claims }: RegisteredKey): string {
  return JSON.stringify([claims.org_iss, claims.sub, claims.act ?? null]);
}
