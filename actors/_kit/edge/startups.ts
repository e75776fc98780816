/**
 * The connections of an edge that have not said who they are, of which there are only so many.
 *
 * Who comes when there are too many takes the place of the one that has waited longest, once that
 * has had its time: of the same address where that has too many, else of the address that has most.
 * So a crowd that says nothing shuts nobody out, and many that log in at once do not end each
 * other.
 *
 * @module
 */
export type StartupLimits = {
  /** Connections at once that are not authenticated: of all clients, and of one address. */
  readonly startupsMax: number;
  readonly startupsPerAddressMax: number;
  /** How long each of them keeps its place from others. */
  readonly startupKeptMs: number;
};

export type Startups = {
  /**
   * A connection begins: returns what to call when it is authenticated or closed, or null when
   * there is no place for it. `letGo` is called when it has to give its place away.
   */
  begin(address: string, letGo: () => void): (() => void) | null;
};

type Starting = { readonly sinceMs: number; readonly letGo: () => void };

/** Creates it, empty. */
export function startups(limits: StartupLimits, nowMs: () => number): Startups {
  /** By address; of each the one that has waited longest first. */
  const starting = new Map<string, Set<Starting>>();
  return { begin };

  function begin(address: string, letGo: () => void): (() => void) | null {
    const crowded = crowdedAddress(address);
    if (crowded !== null && !makePlace(crowded)) return null;
    const one: Starting = { sinceMs: nowMs(), letGo };
    const same = starting.get(address) ?? new Set();
    starting.set(address, same.add(one));
    return () => forget(address, one);
  }

  /** Whose connection has to go before one of this address may come; null when none has. */
  function crowdedAddress(address: string): string | null {
    if ((starting.get(address)?.size ?? 0) >= limits.startupsPerAddressMax) return address;
    const all = [...starting].map(([address, { size }]) => ({ address, size }));
    if (all.reduce((sum, { size }) => sum + size, 0) < limits.startupsMax) return null;
    return all.reduce((most, one) => one.size > most.size ? one : most).address;
  }

  function makePlace(address: string): boolean {
    const [oldest] = starting.get(address) ?? [];
    if (oldest === undefined || nowMs() - oldest.sinceMs < limits.startupKeptMs) return false;
    forget(address, oldest);
    oldest.letGo();
    return true;
  }

  function forget(address: string, one: Starting): void {
    const same = starting.get(address);
    same?.delete(one);
    if (same?.size === 0) starting.delete(address);
  }
}
