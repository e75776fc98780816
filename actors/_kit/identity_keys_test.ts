import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { earlierKeysMax, type IdentityKeys, identityKeys } from "./identity_keys.ts";
import { testIssuer, type TestSigner, testSigner, voteClaims } from "./identity_testing.ts";
import { verifyIdentityToken } from "./identity_token.ts";

const start = 1_800_000_000;
const first = testSigner("k1");
const second = testSigner("k2", { signer: first, from: 0, until: start });
const third = testSigner("k3", { signer: second, from: start, until: start + 1000 });

/** What becomes of a token that a key signs at a moment, and that is shown then or later. */
function codeAt(
  keys: IdentityKeys,
  signer: TestSigner,
  seconds: number,
  shownSeconds = seconds,
): string {
  const token = signer.sign(voteClaims(seconds * 1000, "https://id.example.org"));
  const expected = { issuer: testIssuer, audience: "approval" } as const;
  const verified = verifyIdentityToken(token, keys, expected, shownSeconds);
  return verified.ok ? "ok" : verified.code;
}

Deno.test("identityKeys() takes each key for the time in which it was identity's", () => {
  const { keys } = third;
  const cases: readonly (readonly [TestSigner, number, string])[] = [
    [first, start - 1_000_000, "ok"],
    [first, start, "ok"],
    [first, start + 1, "token_bad_signature"],
    [second, start - 6, "token_bad_signature"],
    [second, start - 5, "ok"],
    [second, start + 1000, "ok"],
    [second, start + 1001, "token_bad_signature"],
    [third, start + 1_000_000, "ok"],
    [testSigner("k4"), start, "token_bad_signature"],
    [testSigner("k1"), start, "token_bad_signature"],
  ];
  for (const [signer, seconds, expected] of cases) {
    strictEqual(codeAt(keys, signer, seconds), expected);
  }
  // Who knows the first key alone believes none that came after it.
  strictEqual(codeAt(first.keys, second, start + 1), "token_bad_signature");
});

Deno.test("verifyIdentityToken() takes nothing of a key that is over, whenever it says it signed", () => {
  const { keys } = third;
  // Who stole it dates what it signs back.
  const cases: readonly (readonly [TestSigner, number, string])[] = [
    [second, start + 1005, "ok"],
    [second, start + 1006, "token_expired"],
    [first, start + 6, "token_expired"],
    [third, start + 1006, "ok"],
  ];
  for (const [signer, shownSeconds, expected] of cases) {
    const signedSeconds = signer === first ? start : start + 1000;
    strictEqual(codeAt(keys, signer, signedSeconds, shownSeconds), expected);
  }
});

Deno.test("identityKeys() refuses a set with an earlier key that no present one signed", () => {
  const { keys, earlier } = third.jwks;
  const [newer = "", older = ""] = earlier;
  const thief = testSigner("k9");
  const planted = (kid: string, followed: Parameters<typeof testSigner>[1]) =>
    testSigner(kid, followed).jwks.earlier;
  const [head, body, signature] = newer.split(".");
  const sets: readonly (readonly string[])[] = [
    // By a key of the thief's own, also where it is called like one of ours.
    planted("k8", { signer: thief, from: 0, until: start }),
    planted("k3", { signer: thief, from: 0, until: start }),
    [newer, ...planted("k2", { signer: thief, from: 0, until: start })],
    // By a key that was stolen, and followed by another.
    [newer, ...second.jwks.earlier],
    [newer, ...planted("k2", { signer: thief, from: 0, until: start }), older],
    // Twice.
    [newer, newer],
    [newer, older, older],
    // Not a statement, or a changed one.
    [""],
    ["x"],
    [newer.slice(1)],
    [`${head}.${body}.${"A".repeat(86)}`],
    [first.sign(voteClaims(start * 1000, "https://id.example.org"))],
    [`${head}.${btoa(JSON.stringify({ version: 1 })).replaceAll("=", "")}.${signature}`],
    Array.from({ length: earlierKeysMax + 1 }, () => newer),
  ];
  for (const [index, list] of sets.entries()) {
    throws(() => identityKeys({ keys, earlier: list }), TypeError, `set ${index}`);
  }
  for (const earlier of [null, "x", [7], {}]) {
    throws(() => identityKeys({ keys, earlier }), TypeError);
  }
  deepStrictEqual([...identityKeys({ keys, earlier }).keys()], ["k3", "k2", "k1"]);
});

Deno.test("identityKeys() refuses statements that are signed and make no sense", () => {
  const cases = [
    // Never in use.
    testSigner.bind(null, "k2", { signer: first, from: start, until: start }),
    // One that is called like the key that vouches for it, or like one after that.
    testSigner.bind(null, "k1", { signer: first, from: 0, until: start }),
    testSigner.bind(null, "k1", { signer: second, from: start, until: start + 1 }),
  ];
  for (const make of cases) throws(make, TypeError);
});
