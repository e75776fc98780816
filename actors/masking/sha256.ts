/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) for short values, many of them under one key:
 * what the key contributes is compressed once (`keyedHash`), and a value of up to 55 bytes then
 * costs two compressions and no allocation. The platform's HMAC costs several microseconds a call,
 * whatever the length, and a result has a token in every row.
 *
 * **Invariant:** no branch and no place in a table depends on a value or a key, only on lengths.
 * Every call runs to its end before the next one: what they share is scratch memory.
 *
 * @module
 */

/** The chaining values of HMAC's two padded keys, of eight words each. As secret as the key. */
export type KeyedHash = { readonly inner: Int32Array; readonly outer: Int32Array };

/** @throws RangeError for a key of more than 64 bytes, which HMAC would have to hash first. */
export function keyedHash(key: Uint8Array): KeyedHash {
  if (key.length > blockBytes) throw new RangeError("Cannot use key: more than 64 bytes");
  return { inner: paddedKeyState(key, 0x36), outer: paddedKeyState(key, 0x5c) };
}

/** Writes HMAC-SHA-256 of `value` as eight words, big-endian in meaning, into `digest`. */
export function hmac(keyed: KeyedHash, value: Uint8Array, digest: Int32Array): void {
  digest.set(keyed.inner);
  const length = value.length;
  let at = 0;
  for (; length - at >= blockBytes; at += blockBytes) {
    for (let i = 0; i < 16; i++) words[i] = wordAt(value, at + i * 4);
    compress(digest);
  }
  words.fill(0, 0, 16);
  const rest = length - at;
  const whole = rest >>> 2;
  for (let i = 0; i < whole; i++) words[i] = wordAt(value, at + i * 4);
  let last = 0x80 << (24 - (rest & 3) * 8);
  for (let i = whole * 4; i < rest; i++) last |= (value[at + i] ?? 0) << (24 - (i & 3) * 8);
  words[whole] = last;
  if (rest >= 56) {
    compress(digest);
    words.fill(0, 0, 16);
  }
  // In bits, and the padded key was a block of the message.
  words[14] = Math.floor((length + blockBytes) / 0x2000_0000);
  words[15] = (length + blockBytes) << 3;
  compress(digest);
  for (let i = 0; i < 8; i++) words[i] = digest[i] ?? 0;
  words.fill(0, 8, 16);
  words[8] = 0x8000_0000 | 0;
  words[15] = (blockBytes + 32) << 3;
  digest.set(keyed.outer);
  compress(digest);
}

/**
 * A keyed check of three words, for one compression: a pseudorandom function, since all its inputs
 * have one length and so none is the beginning of another (Bellare, Canetti, Krawczyk 1996,
 * "Pseudorandom functions revisited: the cascade construction"). Its key must serve nothing else.
 */
export function keyedCheck(keyed: KeyedHash, a: number, b: number, c: number): number {
  words.fill(0, 3, 16);
  words[0] = a;
  words[1] = b;
  words[2] = c;
  check.set(keyed.inner);
  compress(check);
  return check[0] ?? 0;
}

const blockBytes = 64;
/** The message schedule; its first sixteen words are the block to compress. */
const words = new Int32Array(64);
const check = new Int32Array(8);

// FIPS 180-4 sections 4.2.2 and 5.3.3.
const constants = wordsOf(`
  428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5
  d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174
  e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da
  983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967
  27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85
  a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070
  19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3
  748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2`);
const initial = wordsOf("6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19");

function wordsOf(hexadecimal: string): Int32Array {
  return Int32Array.from(hexadecimal.trim().split(/\s+/), (word) => parseInt(word, 16));
}

function paddedKeyState(key: Uint8Array, pad: number): Int32Array {
  const block = new Uint8Array(blockBytes).fill(pad);
  for (let i = 0; i < key.length; i++) block[i] = (key[i] ?? 0) ^ pad;
  for (let i = 0; i < 16; i++) words[i] = wordAt(block, i * 4);
  const state = initial.slice();
  compress(state);
  return state;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0);
}

/** Section 6.2.2, with the block in `words`. */
function compress(state: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const near = words[i - 2] ?? 0;
    const far = words[i - 15] ?? 0;
    const near1 = ((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10);
    const far0 = ((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3);
    words[i] = (near1 + (words[i - 7] ?? 0) + far0 + (words[i - 16] ?? 0)) | 0;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let i = 0; i < 64; i++) {
    const e1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const choice = g ^ (e & (f ^ g));
    const one = (h + e1 + choice + (constants[i] ?? 0) + (words[i] ?? 0)) | 0;
    const a0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (a0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
  state[5] = (state[5] ?? 0) + f;
  state[6] = (state[6] ?? 0) + g;
  state[7] = (state[7] ?? 0) + h;
}
