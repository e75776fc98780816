/**
 * The masking key, and what is derived from it: keyed digests of values, and a keyed permutation of
 * integers.
 *
 * **Invariant:** what comes out depends on the key, the purpose, the class, the scope and the
 * value, each length-prefixed, and on nothing else: equal values give equal results wherever they
 * stand, and results of different classes or scopes cannot be linked.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { Buffer } from "node:buffer";
import { hmac, type KeyedHash, keyedHash } from "./sha256.ts";

/** Made by `maskingKey`; one per process. Holds the secret: never log it, never serialise it. */
export type MaskingKey = {
  readonly secret: Uint8Array;
  /**
   * The current year (UTC), or null. With it, `generalise year` gives every year from which an age
   * above 89 follows as one year (45 CFR 164.514(b)(2)(i)(C)).
   */
  readonly thisYear: number | null;
  /** Round tables of permutations, by purpose; a cache of derived values. */
  readonly permutations: Map<string, RoundTables>;
  /** Keys derived from the secret, by scope and domain. */
  readonly derived: WeakMap<Scope, Map<string, KeyedHash>>;
};

/** What a value is masked within. */
export type Scope = {
  readonly purpose: "hash" | "tokenise";
  readonly className: string;
  readonly scope: string;
};

/** @throws RangeError when the secret is shorter than 32 bytes. */
export function maskingKey(secret: Uint8Array, thisYear: number | null): MaskingKey {
  if (secret.length < 32) throw new RangeError("Cannot use masking key: fewer than 32 bytes");
  return { secret: secret.slice(), thisYear, permutations: new Map(), derived: new WeakMap() };
}

/**
 * HMAC-SHA-256 of a value under a key derived for its scope: 32 bytes. `domain` keeps kinds of
 * values apart.
 */
export function digest(key: MaskingKey, scope: Scope, domain: string, value: Uint8Array): Buffer {
  hmac(derivedKey(key, scope, domain), value, digestWords);
  const bytes = Buffer.allocUnsafe(32);
  for (let i = 0; i < 8; i++) bytes.writeInt32BE(digestWords[i] ?? 0, i * 4);
  return bytes;
}

/** The derived key, remembered with the scope object, of which a column has one. */
export function derivedKey(key: MaskingKey, scope: Scope, domain: string): KeyedHash {
  return key.derived.get(scope)?.get(domain) ?? deriveKey(key, scope, domain);
}

/**
 * A keyed permutation of the signed 32-bit integers: no two values share a token, so a join on
 * tokens is the join on values. A balanced Feistel network of ten rounds on 16-bit halves, each
 * round function a keyed table that is filled as it is used.
 */
export function permute32(key: MaskingKey, scope: Scope, value: number): number {
  const tables = tablesOf(key, scope);
  let left = value >>> 16;
  let right = value & 0xffff;
  for (let round = 0; round < rounds; round++) {
    const mixed = left ^ roundValue(key, scope, tables, round, right);
    left = right;
    right = mixed;
  }
  return (left << 16) | right;
}

/** A keyed permutation of the signed 16-bit integers; a domain too small to hide from guessing. */
export function permute16(key: MaskingKey, scope: Scope, value: number): number {
  const narrow = { ...scope, scope: `${scope.scope}/int2` };
  const tables = tablesOf(key, narrow);
  let left = (value >>> 8) & 0xff;
  let right = value & 0xff;
  for (let round = 0; round < rounds; round++) {
    const mixed = left ^ (roundValue(key, narrow, tables, round, right) & 0xff);
    left = right;
    right = mixed;
  }
  return ((left << 8 | right) << 16) >> 16;
}

/**
 * A keyed permutation of the signed 64-bit integers that agrees with `permute32` on those that fit
 * in 32 bits: a column of `int4` and one of `int8` get the same tokens.
 */
export function permute64(key: MaskingKey, scope: Scope, value: bigint): bigint {
  if (BigInt.asIntN(32, value) === value) return BigInt(permute32(key, scope, Number(value)));
  let walked = value;
  do {
    walked = feistel64(key, scope, walked);
  } while (BigInt.asIntN(32, walked) === walked);
  return walked;
}

const digestWords = new Int32Array(8);
const rounds = 10;
/** Keyed tables of 16-bit values; `filled` has one flag for each block of sixteen entries. */
type RoundTables = { readonly values: Uint16Array; readonly filled: Uint8Array };
/** Tables take 1.3 MB each: more scopes than these are served without being remembered. */
const permutationsMax = 64;

function tablesOf(key: MaskingKey, scope: Scope): RoundTables {
  const name = scopeLabel(scope, "table");
  const known = key.permutations.get(name);
  if (known !== undefined) return known;
  const made = {
    values: new Uint16Array(rounds * 65_536),
    filled: new Uint8Array(rounds * 4096),
  };
  if (key.permutations.size >= permutationsMax) key.permutations.clear();
  key.permutations.set(name, made);
  return made;
}

/** One digest gives sixteen neighbouring entries. */
function roundValue(
  key: MaskingKey,
  scope: Scope,
  tables: RoundTables,
  round: number,
  half: number,
): number {
  const block = round * 4096 + (half >>> 4);
  if (tables.filled[block] === 0) {
    const bytes = digest(key, scope, "round", Uint8Array.of(block >>> 8, block & 0xff));
    for (let i = 0; i < 16; i++) tables.values[block * 16 + i] = bytes.readUInt16BE(i * 2);
    tables.filled[block] = 1;
  }
  return tables.values[round * 65_536 + half] ?? 0;
}

function feistel64(key: MaskingKey, scope: Scope, value: bigint): bigint {
  let left = Number(BigInt.asUintN(32, value >> 32n));
  let right = Number(BigInt.asUintN(32, value));
  const input = Buffer.alloc(5);
  for (let round = 0; round < rounds; round++) {
    input[0] = round;
    input.writeUInt32BE(right, 1);
    const mixed = (left ^ digest(key, scope, "round64", input).readUInt32BE(0)) >>> 0;
    left = right;
    right = mixed;
  }
  return BigInt.asIntN(64, (BigInt(left) << 32n) | BigInt(right));
}

function deriveKey(key: MaskingKey, scope: Scope, domain: string): KeyedHash {
  const label = scopeLabel(scope, domain);
  const made = keyedHash(createHmac("sha256", key.secret).update(label).digest());
  const ofScope = key.derived.get(scope) ?? new Map<string, KeyedHash>();
  key.derived.set(scope, ofScope.set(domain, made));
  return made;
}

function scopeLabel(scope: Scope, domain: string): string {
  const parts = ["sallyport masking 1", scope.purpose, scope.className, scope.scope, domain];
  return parts.map((part) => `${part.length}:${part}`).join("");
}
