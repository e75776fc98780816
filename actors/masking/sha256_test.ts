/** HMAC-SHA-256 against the platform's, at every length around the borders of blocks. @module */
import { deepStrictEqual, equal, notEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { hmac, keyedCheck, keyedHash } from "./sha256.ts";

function hmacHex(key: Uint8Array, value: Uint8Array): string {
  const digest = new Int32Array(8);
  hmac(keyedHash(key), value, digest);
  return Array.from(digest, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function nodeHex(key: Uint8Array, value: Uint8Array): string {
  return createHmac("sha256", key).update(value).digest("hex");
}

Deno.test("hmac() is RFC 4231's, test cases 1 and 2", () => {
  const first = hmacHex(Buffer.alloc(20, 0x0b), Buffer.from("Hi There"));
  equal(first, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  const second = hmacHex(Buffer.from("Jefe"), Buffer.from("what do ya want for nothing?"));
  equal(second, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
});

Deno.test("hmac() is the platform's for every length of value from 0 to 300, every key to 64", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  for (let length = 0; length <= 300; length++) {
    const keyLength = length % 65;
    fc.assert(
      fc.property(bytes(keyLength), bytes(length), (key, value) => {
        equal(hmacHex(key, value), nodeHex(key, value));
      }),
      { seed: 20_261_121 + length, numRuns: 5 },
    );
  }
});

Deno.test("hmac() reads a view at its own offset, and keeps nothing of the value before", () => {
  const key = Buffer.alloc(32, 9);
  const keyed = keyedHash(key);
  const digest = new Int32Array(8);
  const again = new Int32Array(8);
  const large = Buffer.alloc(100_003, 0xfe);
  const short = large.subarray(7, 62);
  hmac(keyed, short, digest);
  hmac(keyed, large, again);
  equal(hmacHex(key, large), nodeHex(key, large));
  hmac(keyed, short, again);
  deepStrictEqual(again, digest);
  equal(hmacHex(key, short), nodeHex(key, short));
});

Deno.test("keyedCheck() depends on the key and on each word, and leaves hmac() as it was", () => {
  const keyed = keyedHash(Buffer.alloc(32, 1));
  const check = keyedCheck(keyed, 1, 2, 3);
  equal(keyedCheck(keyed, 1, 2, 3), check);
  const others = [[0, 2, 3], [1, 0, 3], [1, 2, 0]] as const;
  for (const [a, b, c] of others) notEqual(keyedCheck(keyed, a, b, c), check);
  notEqual(keyedCheck(keyedHash(Buffer.alloc(32, 2)), 1, 2, 3), check);
  const key = Buffer.from("k");
  equal(hmacHex(key, Buffer.from("v")), nodeHex(key, Buffer.from("v")));
});

Deno.test("keyedHash() refuses a key that HMAC would hash first", () => {
  throws(() => keyedHash(new Uint8Array(65)), RangeError);
});
