import assert from "node:assert/strict";
import { bitString, objectIdentifier, octetString, time, unsignedInteger } from "./der.ts";

const hex = (bytes: Uint8Array) => bytes.toHex();

Deno.test("unsignedInteger() is shortest, and positive", () => {
  assert.equal(hex(unsignedInteger(Uint8Array.of(0))), "020100");
  assert.equal(hex(unsignedInteger(Uint8Array.of(0, 0, 0x7f))), "02017f");
  assert.equal(hex(unsignedInteger(Uint8Array.of(0x80))), "02020080");
});

Deno.test("objectIdentifier() encodes the example of X.690, 8.19.5, and a long arc", () => {
  assert.equal(hex(objectIdentifier("2.999.3")), "0603883703");
  assert.equal(hex(objectIdentifier("1.2.840.10045.4.3.2")), "06082a8648ce3d040302");
});

Deno.test("element() writes long lengths in the shortest form", () => {
  assert.equal(hex(octetString(new Uint8Array(127)).subarray(0, 2)), "047f");
  assert.equal(hex(octetString(new Uint8Array(128)).subarray(0, 3)), "048180");
  assert.equal(hex(octetString(new Uint8Array(256)).subarray(0, 4)), "04820100");
});

Deno.test("time() changes its form in 2050", () => {
  assert.equal(hex(time(new Date("2049-12-31T23:59:59Z"))).slice(0, 4), "170d");
  assert.equal(hex(time(new Date("2050-01-01T00:00:00Z"))).slice(0, 4), "180f");
});

Deno.test("bitString() counts the unused bits", () => {
  assert.equal(hex(bitString(Uint8Array.of(0x80), 7)), "03020780");
});
