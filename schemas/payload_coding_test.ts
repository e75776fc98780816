import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { decodedBytesMax, decodePayload, encodePayload } from "./payload_coding.ts";

const rows = new TextEncoder().encode("1\tMRN-****0001\t***-**-0001\n".repeat(4000));

Deno.test("what is coded decodes to the same bytes", () => {
  const { payload, encoding } = encodePayload(rows);
  strictEqual(encoding, `zstd;${rows.length}`);
  ok(payload.length < rows.length / 10);
  deepStrictEqual(decodePayload(payload, encoding), rows);
});

Deno.test("any payload comes back as it was", () => {
  const bytes = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 4 }));
  fc.assert(fc.property(bytes, ([piece, times]) => {
    const payload = new Uint8Array(piece.length * times);
    for (let time = 0; time < times; time++) payload.set(piece, time * piece.length);
    const coded = encodePayload(payload);
    deepStrictEqual(decodePayload(coded.payload, coded.encoding ?? undefined), payload);
  }));
});

Deno.test("small, random and oversized payloads are left as they are", () => {
  const random = new Uint8Array(createHash("shake256", { outputLength: 65_536 }).digest());
  for (const bytes of [rows.subarray(0, 4095), random, new Uint8Array(decodedBytesMax + 1)]) {
    deepStrictEqual(encodePayload(bytes), { payload: bytes, encoding: null });
  }
});

Deno.test("a payload that holds more than it says, or than the limit, is refused", () => {
  const bomb = zstdCompressSync(new Uint8Array(64 * 1024 * 1024));
  for (const length of [1, decodedBytesMax, decodedBytesMax + 1, 64 * 1024 * 1024]) {
    strictEqual(decodePayload(bomb, `zstd;${length}`), null);
  }
});

Deno.test("what is cut off, changed or of another coding is refused", () => {
  const { payload, encoding } = encodePayload(rows);
  ok(encoding !== null);
  for (const length of [0, 1, 12, payload.length - 1]) {
    strictEqual(decodePayload(payload.subarray(0, length), encoding), null);
  }
  strictEqual(decodePayload(rows, encoding), null);
  for (const other of ["", "zstd", "zstd;", "zstd;0", "zstd;012", "gzip;5", `${encoding};1`]) {
    strictEqual(decodePayload(payload, other), null);
  }
});
