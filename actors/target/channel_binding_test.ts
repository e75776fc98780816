import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { serverEndPoint } from "./channel_binding.ts";

/** A certificate as far as it is read: something signed, then the algorithm's identifier. */
function certificate(algorithm: string, signed = 3): Uint8Array {
  const name = Uint8Array.fromHex(algorithm);
  const identifier = der(0x30, der(0x06, name));
  return der(0x30, Uint8Array.of(...der(0x30, new Uint8Array(signed)), ...identifier));
}
function der(tag: number, body: Uint8Array): Uint8Array {
  const long = body.length > 127;
  const length = long ? [0x82, body.length >> 8, body.length & 255] : [body.length];
  return Uint8Array.of(tag, ...length, ...body);
}

const ecdsaWithSha384 = "2a8648ce3d040303";
const rsaWithSha1 = "2a864886f70d010105";
const ed25519 = "2b6570";

Deno.test("a certificate is hashed as its signature was, but never by SHA-1", () => {
  for (const [algorithm, hash] of [[ecdsaWithSha384, "sha384"], [rsaWithSha1, "sha256"]] as const) {
    for (const signed of [3, 300]) {
      const bytes = certificate(algorithm, signed);
      const expected = createHash(hash).update(bytes).digest("hex");
      strictEqual(serverEndPoint(bytes)?.toHex(), expected);
    }
  }
});

Deno.test("without a hash of its own, or cut short, a certificate gives nothing to bind to", () => {
  strictEqual(serverEndPoint(certificate(ed25519)), null);
  const whole = certificate(ecdsaWithSha384);
  for (let length = 0; length < whole.length; length++) {
    deepStrictEqual(serverEndPoint(whole.subarray(0, length)), null, `${length} bytes`);
  }
});
