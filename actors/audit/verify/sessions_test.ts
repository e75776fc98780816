/**
 * G1, G2, G5 and the shape of frames: honest frames with one thing done to them at a time. The tree
 * is left out, so that only the guarantee itself can turn the result.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { honestFrames, startMs } from "#actors/audit/testing.ts";
import {
  decisionHeader,
  decodeControl,
  encodeControl,
  endedHeader,
  frameHeader,
  operationHeader,
} from "#schemas/frames.ts";
import { parseAuditSubject } from "#schemas/subjects.ts";
import {
  type Case,
  changePayload,
  drop,
  edit,
  editBinding,
  editBy,
  editClose,
  editHold,
  type Frames,
  headers,
  holdTwice,
  indexOf,
  insert,
  late,
  moved,
  pick,
  place,
  resubject,
  swap,
  testCases,
  twice,
  twoNeeds,
  useTwice,
  zeros,
} from "./damage_testing.ts";
import { verifyLimits } from "./finding.ts";
import { verifyFrames } from "./verify.ts";

const unbounded = { rowsMax: 10, rowsOf: "request", bytesMax: 1e9, bytesOf: "request" } as const;

function limitedTo(bytesMax: number): (frames: Frames) => Frames {
  return edit("verdict", 1, { volume: { ...unbounded, bytesMax } });
}

const cases: readonly Case[] = [
  // G1
  [
    "an execution without a verdict",
    drop("verdict", 1),
    /^G1 .*executed: request 1 has no verdict/,
  ],
  ["a verdict on other bytes", changePayload("request", 0), /^G1 .*digest of the verdict is not/],
  ["a verdict that names another digest", edit("verdict", 1, { digest: zeros }), /^G1 .*digest of/],
  [
    "an outcome of another digest",
    edit("outcome", 1, { digest: zeros }),
    /^G1 .*digest of the out/,
  ],
  [
    "more rows than were allowed",
    edit("verdict", 1, { volume: { ...unbounded, rowsMax: 0 } }),
    /^G1 .*1 rows of request 1, which was allowed 0/,
  ],
  [
    "more bytes than were allowed",
    (frames) => limitedTo(7)(edit("outcome", 1, { bytes: 30, counted: 8 })(frames)),
    /^G1 .*8 bytes of request 1, which was allowed 7/,
  ],
  [
    "bytes that nobody says were counted",
    (frames) => limitedTo(7)(edit("outcome", 1, { bytes: 30 })(frames)),
    /^G1 .*30 bytes of request 1, which was allowed 7/,
  ],
  [
    "more bytes counted than there were",
    (frames) => limitedTo(100)(edit("outcome", 1, { bytes: 7, counted: 8 })(frames)),
    /^G1 .*request 1 counts more bytes than it gave out/,
  ],
  ["an outcome of another verdict", edit("outcome", 1, { verdict: 2 }), /^G1 .*names verdict 2, /],
  ["a double execution", twice("outcome", 1), /^G1 .*a second outcome of request 1; the first is/],
  [
    "an execution after `unknown`",
    (frames) => edit("outcome", 1, { status: "unknown" })(twice("outcome", 1)(frames)),
    /^G1 .*a second outcome of request 1/,
  ],
  ["an execution of a denied request", (frames) => {
    const outcome = pick(frames, "outcome", 1);
    return insert(frames, indexOf(frames, "verdict", 4) + 1, moved(outcome, 3, "outcome"));
  }, /^G1 .*executed: request 3 was denied/],
  ["two final verdicts", twice("verdict", 1), /^G1 .*a second verdict on request 1, after the fin/],
  [
    "a verdict before its request",
    swap("request", 2, "verdict", 2),
    /^G1 .*request 2, which was no/,
  ],
  ["an allow before all parts", swap("request", 1, "verdict", 1), /^G1 .*before all its parts/],
  [
    "an outcome before its verdict",
    swap("verdict", 1, "outcome", 1),
    /^G1 .*request 1 has no verd/,
  ],
  [
    "statements that are allowed as a cancellation",
    edit("verdict", 1, { cancels: 0 }),
    /^G1 .*allow of request 1 is not of what the request is/,
  ],
  [
    "a cancellation that is allowed as statements",
    headers("request", 0, [[operationHeader, "cancel:0"]]),
    /^G1 .*allow of request 1 is not of what the request is/,
  ],
  [
    "what nobody understands, allowed",
    headers("request", 0, [[operationHeader, "cancel:x"]]),
    /^G1 .*allow of request 1 is not of what the request is/,
  ],
  // G2
  [
    "a response without an allow",
    drop("verdict", 0),
    /^G2 .*response to request 0, which no verdic/,
  ],
  [
    "a response to a denied request",
    place("response", 3, { request: 3 }),
    /^G2 .*to request 3, wh/,
  ],
  ["a response part left out", drop("response", 1), /^G2 .*part 2 where part 1 was due/],
  ["a repeated response part that was released twice", (frames) => {
    const release = { parts: 5, bytes: 7 };
    return editClose(release)(twice("response", 1)(frames));
  }, /^G2 .*the 5 released parts are not those/],
  [
    "released bytes that were not stored",
    changePayload("response", 1),
    /^G2 .*the 4 released part/,
  ],
  [
    "a compressed response that was changed",
    changePayload("response", 2),
    /^shape .*coding of the payload is not/,
  ],
  ["more released than stored", editClose({ parts: 9 }), /^G2 .*9 parts were released, 5 were sto/],
  ["another number of bytes released", editClose({ bytes: 1 }), /^G2 .*4 released parts are not/],
  ["another digest released", editClose({ sha256: zeros() }), /^G2 .*4 released parts are not/],
  // G5
  ["a held request that runs without approval", (frames) => {
    const plain = edit("verdict", 3, { approval: null })(frames);
    return headers("verdict", 3, [[decisionHeader, "allow"]])(plain);
  }, /^G5 .*allow uses no approval; request 2 was held for approval ap1/],
  ["an approval without a hold", drop("verdict", 2), /^G5 .*no hold asks for it/],
  ["an approval that was never asked", drop("approval", 0), /^G5 .*voted but was not asked/],
  ["one approval too few", drop("approval", 1), /^G5 .*1 of 2 approvals of group compliance/],
  ["an approval that was not granted", drop("approval", 3), /^G5 .*ap1 was not granted/],
  [
    "self-approval by the person",
    editBy("approval", 1, { person: "ada" }),
    /^G5 .*requester's own/,
  ],
  ["self-approval by the agent", editBy("approval", 1, { person: "agent-7" }), /^G5 .*requester's/],
  ["an approver of another issuer", editBy("approval", 1, { issuer: "x" }), /^G5 .*another issuer/],
  ["one person for two needs", twoNeeds, /^G5 .*distinct people do not fill all its needs/],
  ["one person twice", editBy("approval", 2, { person: "grace" }), /^G5 .*twice by one person/],
  [
    "an approver of no needed group",
    editBy("approval", 2, { groups: ["x"] }),
    /^G5 .*1 of 2 appro/,
  ],
  ["a vote that names nobody", edit("approval", 1, { by: null }), /^G5 .*vote on approval ap1 nam/],
  ["a vote against", editBy("approval", 1, { decision: "deny" }), /^G5 .*has 1 of 2 approvals/],
  ["a vote on other bytes", edit("approval", 1, { binding: zeros }), /^G5 .*changes its request/],
  ["an allow of another binding", editBinding, /^G5 .*bound otherwise than its hold/],
  ["an approval granted after expiry", edit("approval", 3, { at: late }), /^G5 .*after its expiry/],
  ["an approval used after expiry", (frames) => {
    const at = indexOf(frames, "verdict", 3);
    return frames.map((frame, index) =>
      index === at ? { ...frame, timeMs: startMs + 2_000_000 } : frame
    );
  }, /^G5 .*used after its expiry/],
  [
    "an approval whose time does not parse",
    edit("approval", 0, { expiresAt: "soon" }),
    /^G5 .*exp/,
  ],
  [
    "a withdrawn approval",
    edit("approval", 2, { state: "withdrawn" }),
    /^G5 .*after it was withdra/,
  ],
  ["an approval asked twice", twice("approval", 0), /^G5 .*ap1 is asked twice/],
  [
    "fewer needs than the hold's",
    edit("approval", 0, { needs: [] }),
    /^G5 .*otherwise than its hol/,
  ],
  ["a hold that asks nobody", editHold(null), /^G5 .*hold of request 2 asks nobody/],
  ["an approval used for a request that was not held", useTwice, /^G5 .*request 4 was not held/],
  ["an approval used twice", holdTwice, /^G5 .*approval ap1 is used again; frame \d+ used it/],
  ["an approval of another request", holdTwice, /^G5 .*approval ap1 is of another request/],
  ["an approval that expired after it was granted", (frames) => {
    const [expired] = edit("approval", 0, { state: "expired" })([pick(frames, "approval", 3)]);
    ok(expired !== undefined);
    return insert(frames, indexOf(frames, "approval", 3) + 1, expired);
  }, /^G5 .*approval ap1 was expired/],
  // Shape and place
  [
    "an unknown version",
    headers("request", 0, [[frameHeader, "2;1;0;1;x"]]),
    /^shape .*header is no/,
  ],
  [
    "an unknown kind",
    resubject("request", 0, ".request", ".query"),
    /^shape .*subject is not unde/,
  ],
  ["a control frame of another shape", changePayload("outcome", 1), /^shape .*not of its shape/],
  ["a header of other bytes", headers("request", 0, [["X", "é"]]), /^shape .*header is not ASCII/],
  ["a session without an opening", drop("open", 0), /^shape .*of a session that is not open/],
  ["a session opened twice", twice("open", 0), /^shape .*opens twice/],
  ["a session closed twice", twice("close", 0), /^shape .*closes twice/],
  ["a request after the close", (frames) => {
    const request = place("request", 0, { request: 4, more: false })(frames);
    return [...frames, pick(request, "request", 0)];
  }, /^shape .*request 4 after the session closed/],
  [
    "a request left out",
    drop("request", 2),
    /^shape .*request 3 where 2 was due/,
  ],
  ["a request part twice", twice("request", 0), /^shape .*part 0 of request 1 where part 1 was/],
  ["a part after the last", twice("request", 1), /^shape .*part 1 of request 1 where none was due/],
  [
    "a header that lies about the verdict",
    headers("verdict", 4, [[decisionHeader, "allow"]]),
    /^sh/,
  ],
  [
    "a session that changes shard",
    resubject("outcome", 1, ".3.", ".4."),
    /^shape .*epoch or shard/,
  ],
  [
    "a header of another request",
    place("outcome", 1, { request: 2 }),
    /^shape .*name two requests/,
  ],
];

Deno.test("verifyFrames() accepts honest frames, in any interleaving of sessions", async () => {
  ok((await verifyFrames(honestFrames())).ok);
  const other = honestFrames().map((frame) => ({
    ...frame,
    subject: frame.subject.replace(".s1.", ".s2."),
  }));
  const both = honestFrames().flatMap((frame, index) => {
    const second = other[index];
    return second === undefined ? [frame] : [frame, second];
  }).map((frame, index) => ({ ...frame, sequence: index + 1 }));
  // Outcomes name the sequence of their verdict, which is now another.
  const repaired = both.map((frame) => {
    if (parseAuditSubject(frame.subject)?.kind !== "outcome") return frame;
    const outcome = decodeControl("outcome", frame.payload);
    ok(outcome !== null);
    const second = frame.subject.includes(".s2.") ? 0 : -1;
    const verdict = outcome.verdict * 2 + second;
    return { ...frame, payload: encodeControl("outcome", { ...outcome, verdict }) };
  });
  const result = await verifyFrames(repaired);
  deepStrictEqual([result.ok, result.sessions], [true, 2]);
});

testCases(cases, honestFrames);

Deno.test("verifyFrames() names a session that opens at a second edge, with the token of the first", async () => {
  const honest = honestFrames();
  const again = honest.map((frame) => {
    return { ...frame, subject: frame.subject.replace(".pg1.", ".pg2.") };
  });
  for (const at of [1, honest.length]) {
    const both = honest.toSpliced(at, 0, ...again.slice(0, 1));
    const result = await verifyFrames(both);
    ok(!result.ok);
    match(result.first.message, /the session's id is that of pg1\/s1/);
  }
});

Deno.test("verifyFrames() takes words behind a limit for no part of what it holds for", async () => {
  const told = edit("outcome", 1, { bytes: 300, counted: 7 })(honestFrames());
  ok((await verifyFrames(limitedTo(7)(told))).ok);
});

Deno.test("verifyFrames() takes what a lost upstream had given as counted, sent on or not", async () => {
  const lost = edit("outcome", 1, { status: "unknown", bytes: 7, counted: 8 })(honestFrames());
  ok((await verifyFrames(limitedTo(100)(lost))).ok);
});

Deno.test("verifyFrames() takes a part that masking stored twice once, and a part that ends", async () => {
  ok((await verifyFrames(twice("response", 1)(honestFrames()))).ok);
  const last = place("response", 4, { part: 9 })(honestFrames());
  ok(!(await verifyFrames(last)).ok);
  ok((await verifyFrames(headers("response", 4, [[endedHeader, "1"]])(last))).ok);
});

Deno.test("verifyFrames() takes an approval that ended before anybody was asked, and no grant of it", async () => {
  for (const state of ["withdrawn", "expired"]) {
    const result = await verifyFrames(edit("approval", 0, { state })(honestFrames()));
    ok(!result.ok);
    const text = result.findings.map(({ message }) => message).join(" | ");
    match(text, new RegExp(`ap1 is granted after it was ${state}`));
    ok(!text.includes("was not asked"), text);
  }
  const other = edit("approval", 0, { state: "withdrawn", id: "ap9" })(honestFrames());
  const result = await verifyFrames(other);
  ok(!result.ok && /ap9 is asked, but no hold asks for it/.test(result.first.message));
});

Deno.test("verifyFrames() counts what was allowed and has no outcome", async () => {
  const untold = await verifyFrames(drop("outcome", 1)(honestFrames()));
  ok(untold.ok && untold.unanswered === 1);
  const cut = honestFrames().slice(0, 7);
  ok((await verifyFrames(cut)).unanswered === 1, "it runs still");
});

Deno.test("verifyFrames() counts sessions whose edge did not say what it released", async () => {
  const silent = await verifyFrames(edit("close", 0, { released: null })(honestFrames()));
  ok(silent.ok && silent.untold === 1);
  strictEqual((await verifyFrames(honestFrames())).untold, 0);
});

Deno.test("verifyFrames() keeps at most the findings it is allowed, and counts all", async () => {
  const orphans = honestFrames().map((frame) => ({
    ...frame,
    headers: new Map([["X", "y"]]),
  }));
  const result = await verifyFrames(orphans, { limits: { ...verifyLimits, findingsMax: 3 } });
  ok(!result.ok);
  deepStrictEqual([result.findings.length, result.found], [3, orphans.length]);
});

Deno.test("verifyFrames() names the limits it meets instead of passing over them", async () => {
  const honest = honestFrames();
  for (
    const limits of [
      { sessionsMax: 0 },
      { pendingMax: 0 },
      { approvalsMax: 0 },
      { votesMax: 1 },
      { prefixesMax: 1 },
    ]
  ) {
    const result = await verifyFrames(honest, { limits: { ...verifyLimits, ...limits } });
    ok(!result.ok && result.findings.some(({ guarantee }) => guarantee === "limit"));
  }
  const small = { ...verifyLimits, settledMax: 2, closedMax: 1 };
  ok((await verifyFrames(honest, { limits: small })).ok);
});
