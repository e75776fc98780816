/**
 * The two memories of identity, both bounded: which tokens of ours were presented, and what was
 * taken back. An entry is kept until it can no longer matter, and nothing is dropped before: a
 * memory that is full refuses.
 *
 * @module
 */
import type { Revocation } from "#schemas/identity.ts";

export type ReplayCache = {
  /**
   * Presents a token for a use. `fresh` the first time, `same` again for the same use (a caller
   * that lost the reply asks again), `replayed` for any other, `full` when no more can be kept.
   */
  claim(
    jti: string,
    use: string,
    expSeconds: number,
    nowSeconds: number,
  ): "fresh" | "same" | "replayed" | "full";
  size(): number;
};

/** Remembers token ids until they expire. */
export function replayCache(limits: { readonly entriesMax: number }): ReplayCache {
  const seen = new Map<string, { readonly use: string; readonly exp: number }>();
  let purgedSeconds = 0;
  return { claim, size: () => seen.size };

  function claim(jti: string, use: string, exp: number, now: number) {
    const before = seen.get(jti);
    if (before !== undefined) return before.use === use ? "same" : "replayed";
    if (seen.size >= limits.entriesMax) purge(now);
    if (seen.size >= limits.entriesMax) return "full";
    seen.set(jti, { use, exp });
    return "fresh";
  }

  function purge(now: number): void {
    // At most once a second, so that a flood does not make every claim walk the map.
    if (now === purgedSeconds) return;
    purgedSeconds = now;
    for (const [jti, { exp }] of seen) {
      if (exp + graceSeconds < now) seen.delete(jti);
    }
  }
}
/** Longer than any clock skew that a verifier allows. */
const graceSeconds = 120;

export type RevocationList = {
  /** False when it is full: the revocation did not take, and the caller must say so. */
  add(revocation: Revocation, nowMs: number): boolean;
  has(kind: Revocation["kind"], value: string, nowMs: number): boolean;
  /** True when to add it would change nothing: it has ended, or is held for as long. */
  covers(revocation: Revocation, nowMs: number): boolean;
  /** What holds now, to be kept across a restart. */
  entries(nowMs: number): Revocation[];
};

/** Remembers revocations until they end. */
export function revocationList(limits: { readonly entriesMax: number }): RevocationList {
  const held = new Map<string, Revocation & { readonly untilMs: number }>();
  return { add, has, covers, entries };

  function add(revocation: Revocation, nowMs: number): boolean {
    if (covers(revocation, nowMs)) return true;
    const key = `${revocation.kind}:${revocation.value}`;
    const isNew = !held.has(key);
    if (isNew && held.size >= limits.entriesMax) purge(nowMs);
    if (isNew && held.size >= limits.entriesMax) return false;
    held.set(key, { ...revocation, untilMs: Date.parse(revocation.until) });
    return true;
  }

  function covers({ kind, value, until }: Revocation, nowMs: number): boolean {
    const untilMs = Date.parse(until);
    const before = held.get(`${kind}:${value}`);
    return untilMs <= nowMs || before !== undefined && before.untilMs >= untilMs;
  }

  function has(kind: Revocation["kind"], value: string, nowMs: number): boolean {
    const entry = held.get(`${kind}:${value}`);
    return entry !== undefined && entry.untilMs > nowMs;
  }

  function entries(nowMs: number): Revocation[] {
    purge(nowMs);
    return [...held.values()].map(({ untilMs: _untilMs, ...revocation }) => revocation);
  }

  function purge(nowMs: number): void {
    for (const [key, { untilMs }] of held) {
      if (untilMs <= nowMs) held.delete(key);
    }
  }
}
