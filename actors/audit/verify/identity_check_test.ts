/** Identity's signatures, held against who the frames say somebody is. @module */
import { ok } from "node:assert/strict";
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import {
  binding,
  frameList,
  honestFrames,
  openPayload,
  sha256,
  startMs,
  verdictPayload,
} from "#actors/audit/testing.ts";
import { encodeControl } from "#schemas/frames.ts";
import { voteDigest } from "#schemas/approval.ts";
import { actOf, type IdentityClaims } from "#schemas/identity.ts";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { edit, editBy, type Frames, indexOf, insert, pick } from "./damage_testing.ts";
import { verifyFrames } from "./verify.ts";

const signer = testSigner();
const other = generateKeyPairSync("ed25519");
const denial = voteDigest({ binding, decision: "deny", justification: "looked at it" });
const idp = "https://idp.example";

const edge: Partial<IdentityClaims> = {
  aud: "sallyport:edge",
  connection: "ehr",
  session: "s1",
  approval: null,
};
/** Frames whose opening and votes carry real tokens. */
function signedFrames(damage: (frames: Frames) => Frames = (frames) => frames): Frames {
  const { principal } = openPayload();
  const { person: sub, name, groups, purpose } = principal;
  const act = actOf(principal.actors);
  const acting = act === undefined ? {} : { act };
  const opened = { ...edge, sub, name, groups, "purpose_of_use": purpose, ...acting };
  const voteOf = (person: string) => tokenOf({ sub: person, name: person });
  return damage(honestFrames({ open: tokenOf(opened), voteOf }));
}

Deno.test("verifyFrames() accepts what identity signed", async () => {
  const result = await verifyFrames(signedFrames(), {
    identity: { keys: signer.keys, issuer: testIssuer },
  });
  ok(result.ok, result.ok ? "" : result.first.message);
});

Deno.test("verifyFrames() takes a bad token that was refused, and a close that counts nothing", async () => {
  const list = frameList();
  const open = encodeControl("open", openPayload("forged"));
  list.add("open", { request: 0 }, open);
  list.say("verdict", 0, verdictPayload(0, sha256(open), "deny"));
  const closedAt = new Date(startMs).toISOString();
  const close = { reason: "edge_restarted", requests: 0, released: null, closedAt } as const;
  list.say("close", 0, { version: 1, ...close });
  const identity = { keys: signer.keys, issuer: testIssuer };
  const result = await verifyFrames(list.frames, { identity });
  ok(result.ok, result.ok ? "" : result.first.message);
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
    "a denial that was turned into consent",
    editBy("approval", 1, { token: tokenOf({ sub: "grace", name: "grace", vote: denial }) }),
    /vote on approval ap1: what was decided is another/,
  ],
  [
    "consent that was turned into a denial",
    editBy("approval", 1, { decision: "deny" }),
    /vote on approval ap1: what was decided is another/,
  ],
  ["a denial by nobody who signed it", (frames) => {
    const [denied] = edit("approval", 0, { state: "denied" })(
      editBy("approval", 0, { decision: "deny" })([pick(frames, "approval", 1)]),
    );
    ok(denied !== undefined);
    return insert(frames, indexOf(frames, "approval", 3), denied);
  }, /denial of approval ap1: what was decided is another/],
  [
    "another reason than was given",
    editBy("approval", 1, { justification: "it was all agreed" }),
    /vote on approval ap1: what was decided is another/,
  ],
  ["a name that is not the approver's", editBy("approval", 1, { name: "G" }), /person is another/],
  [
    "an agent that approves",
    editBy("approval", 1, {
      token: tokenOf({ sub: "grace", name: "grace", act: { sub: "agent-9" } }),
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

/** Where the opening is edited its digest is another: only identity's findings are looked at. */
async function identityFindings(frames: Frames): Promise<string[]> {
  const result = await verifyFrames(frames, {
    identity: { keys: signer.keys, issuer: testIssuer },
  });
  return result.ok ? [] : result.findings
    .filter(({ guarantee }) => guarantee === "identity").map(({ message }) => message);
}

function tokenOf(change: Partial<IdentityClaims>, key?: KeyObject): string {
  const vote = voteDigest({ binding, decision: "approve", justification: "looked at it" });
  return signer.sign(voteClaims(startMs, idp, { vote, ...change }), key);
}
