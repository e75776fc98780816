/** G1 of what is planned: an honest question and answer, with one thing done to them at a time. */
import { ok } from "node:assert/strict";
import {
  frameList,
  openPayload,
  outcomePayload,
  sha256,
  verdictPayload,
} from "#actors/audit/testing.ts";
import { testIssuer, testSigner } from "#actors/_kit/identity_testing.ts";
import { encodeControl } from "#schemas/frames.ts";
import {
  type Case,
  drop,
  edit,
  type Frames,
  place,
  swap,
  testCases,
  twice,
  zeros,
} from "./damage_testing.ts";
import { verifyFrames } from "./verify.ts";

Deno.test("verifyFrames() accepts an explain and its estimate, early, late and not at all", async () => {
  ok((await verifyFrames(honest())).ok);
  ok((await verifyFrames(swap("estimate", 0, "verdict", 1)(honest()))).ok);
  ok((await verifyFrames(drop("estimate", 0)(honest()))).ok);
});

const cases: readonly Case[] = [
  ["an estimate that nobody asked for", drop("explain", 0), /^G1 .*which nobody asked for/],
  ["an estimate before its question", swap("explain", 0, "estimate", 0), /^G1 .*nobody asked/],
  ["a second explain", twice("explain", 0), /^G1 .*a second explain of request 1/],
  ["a second estimate", twice("estimate", 0), /^G1 .*a second estimate of request 1/],
  ["an explain of other bytes", edit("explain", 0, { digest: zeros }), /^G1 .*digest of the expl/],
  ["an estimate of other bytes", edit("estimate", 0, { digest: zeros }), /^G1 .*digest of the est/],
  ["an estimate of another explain", edit("estimate", 0, { explain: 1 }), /^G1 .*names explain 1,/],
  ["an estimate of more statements", edit("estimate", 0, { rows: [1, 2] }), /^G1 .*not of the sta/],
  ["an explain before its request", swap("request", 0, "explain", 0), /^G1 .*not stored before it/],
  ["an explain of what was judged", swap("explain", 0, "verdict", 1), /^G1 .*was judged before/],
  ["an explain of another shape", edit("explain", 0, { more: 1 }), /^shape .*not of its shape/],
  ["an explain under another number", place("explain", 0, { request: 2 }), /^shape .*two requests/],
  ["an estimate of another shape", edit("estimate", 0, { more: 1 }), /^shape .*estimate is not of/],
  ["an explain before the request is whole", (frames) => {
    return place("request", 0, { more: true })(frames);
  }, /^G1 .*explain of request 1 before all its parts/],
  ["an estimate under another number", place("estimate", 0, { request: 2 }), /^shape .*two requ/],
];

testCases(cases, honest);

Deno.test("verifyFrames() names a question that was asked on a token nobody signed", async () => {
  const identity = { keys: testSigner().keys, issuer: testIssuer };
  const result = await verifyFrames(honest(), { identity });
  ok(!result.ok);
  ok(result.findings.some(({ message }) => /explain, but token_malformed/.test(message)));
});

/** One session whose first request the planner was asked about. */
function honest(): Frames {
  const list = frameList();
  const open = encodeControl("open", openPayload());
  const asked = Uint8Array.of(1);
  const digest = sha256(asked);
  list.add("open", { request: 0 }, open);
  const admitted = list.say("verdict", 0, verdictPayload(0, sha256(open), "allow"));
  list.say("outcome", 0, outcomePayload(0, sha256(open), admitted));
  list.add("request", { request: 1 }, asked);
  const statements = [{ message: 0, searchPath: ["public"] }];
  const about = { version: 1, request: 1, digest } as const;
  const explain = list.say("explain", 1, { ...about, catalogDigest: "c", statements });
  list.say("estimate", 1, { ...about, explain, rows: [7] });
  const verdict = list.say("verdict", 1, verdictPayload(1, digest, "allow"));
  list.say("outcome", 1, outcomePayload(1, digest, verdict));
  return list.frames;
}
