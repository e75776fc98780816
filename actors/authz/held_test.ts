/**
 * What authz takes from the stream for consent: a stolen key of approval's, which may store any
 * approval frame, brings about no allow.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import { type VoteContent, voteDigest } from "#schemas/approval.ts";
import type { Approval } from "#schemas/frames.ts";
import { verdictOf } from "#schemas/frames_testing.ts";
import type { IdentityClaims } from "#schemas/identity.ts";
import { heard } from "./held.ts";
import { opening } from "./postgres/testing.ts";
import { initialState } from "./state.ts";

const startMs = 1_800_000_000_000;
const signer = testSigner();
const binding = "b".repeat(64);
const { issuer } = opening.principal;
const needs = [{ group: "compliance", quorum: 1, expiresMs: 60_000, policies: ["bulk"] }];
const asked = { id: "ap1", needs, binding };
const consent: VoteContent = { binding, decision: "approve", justification: "Looked at it" };

function tokenOf(change: Partial<IdentityClaims> = {}): string {
  return signer.sign(voteClaims(startMs, issuer, { vote: voteDigest(consent), ...change }));
}
type By = NonNullable<Approval["by"]>;
function byOf(change: Partial<By> = {}): By {
  const person = { issuer, person: "grace", name: "Grace", groups: ["compliance"] };
  return {
    ...person,
    token: tokenOf(),
    decision: "approve",
    justification: "Looked at it",
    ...change,
  };
}

const verdict = verdictOf({ decision: "hold", approval: asked });

/** A session that holds request 1, and hears of it. */
function holding() {
  const state = initialState({ epoch: "2026_11", shard: 0, edge: "pg1", session: "s1" });
  state.open = { ...opening, principal: { ...opening.principal, actors: ["bot"] } };
  state.held = { verdict, heldAtMs: startMs, answer: null, untilMs: 0, voters: [] };
  const identity = { keys: signer.keys, issuer: testIssuer };
  const hear = (change: Partial<Approval>, timeMs = startMs) => {
    const at = new Date(timeMs).toISOString();
    const expiresAt = new Date(startMs + 60_000).toISOString();
    const base = { version: 1, request: 1, link: null, by: null, state: "voted" } as const;
    heard(state, { ...base, ...asked, at, expiresAt, ...change }, timeMs, identity);
    return state.held?.voters.map(({ person }) => person);
  };
  return { hear, answer: () => state.held?.answer, until: () => state.held?.untilMs };
}

Deno.test("a vote counts that identity signed", () => {
  deepStrictEqual(holding().hear({ by: byOf() }), ["grace"]);
});

const forged: [string, By][] = [
  ["an invented person", byOf({ person: "linus" })],
  ["a token that is none", byOf({ token: "t" })],
  ["a token of another approval", byOf({ token: tokenOf({ approval: "ap2" }) })],
  ["a token for a session", byOf({ token: tokenOf({ aud: "sallyport:edge" }) })],
  [
    "an expired token",
    byOf({ token: tokenOf({ iat: startMs / 1e3 - 900, exp: startMs / 1e3 - 600 }) }),
  ],
  ["a token of another organisation's gateway", byOf({ token: tokenOf({ iss: "sallyport/x" }) })],
  [
    "a denial turned into consent",
    byOf({ token: tokenOf({ vote: voteDigest({ ...consent, decision: "deny" }) }) }),
  ],
  [
    "consent to other bytes",
    byOf({ token: tokenOf({ vote: voteDigest({ ...consent, binding: "c".repeat(64) }) }) }),
  ],
  ["another reason", byOf({ justification: "Whatever" })],
  ["groups somebody does not have", byOf({ groups: ["compliance", "admins"] })],
  ["somebody of no group that decides", byOf({ groups: ["x"], token: tokenOf({ groups: ["x"] }) })],
  ["an agent", byOf({ token: tokenOf({ act: { sub: "bot-2" } }) })],
  [
    "who is accountable for the asking",
    byOf({ person: opening.principal.person, token: tokenOf({ sub: opening.principal.person }) }),
  ],
  ["who acts in the chain", byOf({ person: "bot", token: tokenOf({ sub: "bot" }) })],
  ["somebody of another issuer", byOf({ issuer: "i2", token: tokenOf({ "org_iss": "i2" }) })],
];
for (const [name, by] of forged) {
  Deno.test(`a vote does not count: ${name}`, () => {
    deepStrictEqual(holding().hear({ by }), []);
  });
}

Deno.test("a vote against is none for it, and what is said of another approval changes nothing", () => {
  const against = { ...consent, decision: "deny" } as const;
  const token = tokenOf({ vote: voteDigest(against) });
  deepStrictEqual(holding().hear({ by: byOf({ decision: "deny", token }) }), []);
  const others = [{ id: "ap2" }, { binding: "c".repeat(64) }];
  for (const other of others) {
    const { hear, answer } = holding();
    deepStrictEqual(hear({ by: byOf(), ...other }), []);
    for (const state of ["granted", "denied", "expired", "withdrawn"] as const) {
      hear({ state, ...other });
      strictEqual(answer(), null);
    }
  }
});

Deno.test("a person votes once", () => {
  const { hear } = holding();
  hear({ by: byOf() });
  deepStrictEqual(hear({ by: byOf({ token: tokenOf({ jti: "run.2" }) }) }), ["grace"]);
});

Deno.test("what was granted expires when its policy says, whatever the grant says", () => {
  const { hear, answer, until } = holding();
  hear({ state: "granted", expiresAt: "2999-01-01T00:00:00.000Z" });
  strictEqual(answer(), "granted");
  strictEqual(until(), startMs + 65_000);
  const late = holding();
  late.hear({ state: "granted", expiresAt: "2999-01-01T00:00:00.000Z" }, startMs + 90_000);
  strictEqual(late.answer(), "expired");
});
