/** Identity's signatures, held against who the frames say somebody is. @module */
import { ok } from "node:assert/strict";
import { identityKeys } from "#actors/_kit/identity_token.ts";
import { honestFrames, startMs } from "#actors/audit/testing.ts";
import { type IdentityClaims, identityTokenType } from "#schemas/identity.ts";
import { generateKeyPairSync, sign } from "node:crypto";
import { edit, editBy, type Frames } from "./damage_testing.ts";
import { verifyFrames } from "./verify.ts";

const issuer = "sallyport/test";
const pair = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519");
const keys = identityKeys({
  keys: [{ ...pair.publicKey.export({ format: "jwk" }), kid: "k1" }],
});
const idp = "https://idp.example";

const edge: Partial<IdentityClaims> = {
  aud: "sallyport:edge",
  connection: "ehr",
  session: "s1",
  approval: null,
};
/** Frames whose opening and votes carry real tokens. */
function signedFrames(damage: (frames: Frames) => Frames = (frames) => frames): Frames {
  const principal = {
    issuer: idp,
    person: "ada",
    name: "Ada",
    actors: [],
    groups: ["clinical-agents"],
    purpose: "",
  };
  const votes = ["grace", "edsger"].map((person, index) =>
    editBy("approval", index + 1, { token: tokenOf({ sub: person, name: person }) })
  );
  const opened = edit("open", 0, {
    principal,
    token: tokenOf({ ...edge, sub: "ada", name: "Ada", groups: ["clinical-agents"] }),
  });
  return damage([opened, ...votes].reduce((frames, step) => step(frames), honestFrames()));
}

Deno.test("verifyFrames() accepts what identity signed", async () => {
  const found = await identityFindings(signedFrames());
  ok(found.length === 0, found.join());
});

const cases: [string, (frames: Frames) => Frames, RegExp][] = [
  ["a principal that is not the token's", (frames) => {
    const { principal } = JSON.parse(new TextDecoder().decode(frames[0]?.payload));
    return edit("open", 0, { principal: { ...principal, groups: ["admins"] } })(frames);
  }, /allowed, but the principal is another/],
  [
    "a token of another session",
    edit("open", 0, {
      token: tokenOf({ ...edge, session: "s2", sub: "ada" }),
    }),
    /allowed, but token_replayed/,
  ],
  [
    "a token that another signed",
    edit("open", 0, {
      token: tokenOf({ ...edge, sub: "ada" }, other.privateKey),
    }),
    /allowed, but token_bad_signature/,
  ],
  [
    "a token that had expired",
    edit("open", 0, {
      token: tokenOf({ ...edge, iat: startMs / 1000 - 900, exp: startMs / 1000 - 600 }),
    }),
    /allowed, but token_expired/,
  ],
  ["an invented approver", editBy("approval", 1, { person: "linus" }), /the person is another/],
  [
    "groups that an approver does not have",
    editBy("approval", 1, {
      groups: ["compliance", "privacy"],
    }),
    /the person is another/,
  ],
  [
    "a vote for another approval",
    editBy("approval", 1, {
      token: tokenOf({ sub: "grace", approval: "ap2" }),
    }),
    /vote on approval ap1: token_replayed/,
  ],
  [
    "an agent that approves",
    editBy("approval", 1, {
      token: tokenOf({ sub: "grace", act: { sub: "agent-9" } }),
    }),
    /the token is an agent's/,
  ],
];

for (const [name, damage, expected] of cases) {
  Deno.test(`verifyFrames() with identity's keys names ${name}`, async () => {
    const found = await identityFindings(signedFrames(damage));
    ok(found.some((message) => expected.test(message)), `found only: ${found.join(" | ")}`);
  });
}

/** The opening was edited, so its digest is another: only identity's findings are looked at. */
async function identityFindings(frames: Frames): Promise<string[]> {
  const result = await verifyFrames(frames, { identity: { keys, issuer } });
  return result.ok ? [] : result.findings
    .filter(({ guarantee }) => guarantee === "identity").map(({ message }) => message);
}

function tokenOf(change: Partial<IdentityClaims>, key = pair.privateKey): string {
  const claims: IdentityClaims = {
    iss: issuer,
    sub: "grace",
    aud: "sallyport:approval",
    jti: "run.1",
    iat: startMs / 1000,
    exp: startMs / 1000 + 300,
    connection: null,
    session: null,
    approval: "ap1",
    groups: ["compliance"],
    "purpose_of_use": "",
    name: "Grace",
    "org_iss": idp,
    ...change,
  };
  const part = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const signed = `${part({ alg: "EdDSA", typ: identityTokenType, kid: "k1" })}.${part(claims)}`;
  return `${signed}.${base64url(sign(null, new TextEncoder().encode(signed), key))}`;
}
function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
