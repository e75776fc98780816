/** G5 further: who ends an approval, until when it may be used, frames of no honest approval. */
import {
  approvalPayload,
  binding,
  frameList,
  honestFrames,
  needs,
  openPayload,
  sha256,
  startMs,
  verdictPayload,
} from "#actors/audit/testing.ts";
import { decodeControl, encodeControl } from "#schemas/frames.ts";
import { match, ok } from "node:assert/strict";
import {
  type Case,
  change,
  edit,
  editBy,
  type Frames,
  indexOf,
  insert,
  kindOf,
  late,
  pick,
  place,
  swap,
  testCases,
} from "./damage_testing.ts";
import { verifyFrames } from "./verify.ts";

/** One more step of the approval, before its grant. */
function before(state: string, by: "nobody" | "denier"): (frames: Frames) => Frames {
  return (frames) => {
    const voted = pick(frames, "approval", 1);
    const [named] = by === "nobody"
      ? edit("approval", 0, { by: null })([voted])
      : editBy("approval", 0, { person: "linus", decision: "deny" })([voted]);
    ok(named !== undefined);
    const [step] = edit("approval", 0, { state })([named]);
    ok(step !== undefined);
    return insert(frames, indexOf(frames, "approval", 3), step);
  };
}

/** The same change to each step of the approval. */
function steps(fields: Record<string, unknown>): (frames: Frames) => Frames {
  return (frames) => {
    const edits = [0, 1, 2, 3, 4].map((nth) => edit("approval", nth, fields));
    return edits.reduce((changed, next) => next(changed), frames);
  };
}

function expiring(afterMs: number): (frames: Frames) => Frames {
  return steps({ expiresAt: new Date(startMs + afterMs).toISOString() });
}

const cases: readonly Case[] = [
  ["a grant behind a vote against", before("voted", "denier"), /^G5 .*granted after it was denied/],
  ["a grant behind a denial", before("denied", "denier"), /^G5 .*granted after it was denied/],
  [
    "a denial that names nobody",
    before("denied", "nobody"),
    /^G5 .*denial of approval ap1 names no/,
  ],
  ["a denial by somebody who agreed", (frames) => {
    const [denied] = edit("approval", 0, { state: "denied" })([pick(frames, "approval", 1)]);
    ok(denied !== undefined);
    return insert(frames, indexOf(frames, "approval", 3), denied);
  }, /^G5 .*denial of approval ap1 names somebody who agreed/],
  [
    "an approval that may be used longer than its policy says",
    expiring(915_000),
    /^G5 .*approval ap1 may be used longer than its hold says/,
  ],
  [
    "an approval that expires when nobody knows",
    edit("approval", 0, { expiresAt: "" }),
    /^G5 .*may be used longer than its hold says/,
  ],
  ["a held request that ran though nobody was asked", (frames) => {
    return frames.filter((frame) => kindOf(frame) !== "approval");
  }, /^G5 .*approval ap1 was never asked/],
  ["a hold that needs nobody", (frames) => {
    const none = { id: "ap1", needs: [], binding: "b".repeat(64) };
    return edit("verdict", 2, { approval: none })(frames);
  }, /^G5 .*hold of request 2 needs no approval/],
  [
    "a grant that names somebody who did not vote",
    editBy("approval", 3, { person: "linus" }),
    /^G5 .*the grant of approval ap1 names somebody who did not agree/,
  ],
  [
    "a grant that puts words into a mouth",
    editBy("approval", 3, { justification: "whatever" }),
    /^G5 .*the grant of approval ap1 names somebody who did not agree/,
  ],
  [
    "a grant that names nobody",
    edit("approval", 3, { by: null }),
    /^G5 .*the grant of approval ap1 names nobody/,
  ],
  [
    "a grant before its last vote, though it is used behind it",
    swap("approval", 2, "approval", 3),
    /^G5 .*approval ap1 is granted with 1 of 2 approvals of group compliance/,
  ],
  [
    "a step that is nobody's and names somebody",
    (frames) => {
      const { by } = decodeControl("approval", pick(frames, "approval", 1).payload) ?? {};
      return edit("approval", 4, { by })(frames);
    },
    /^G5 .*approval ap1 is consumed, which is nobody's to say/,
  ],
  [
    "a vote under other needs",
    edit("approval", 1, { needs: [] }),
    /^G5 .*approval ap1 changes its needs or expiry/,
  ],
  [
    "a grant that expires later",
    edit("approval", 3, { expiresAt: late }),
    /^G5 .*approval ap1 changes its needs or expiry/,
  ],
  [
    "an allow of other needs than were held for",
    edit("verdict", 3, { approval: { id: "ap1", needs: [], binding } }),
    /^G5 .*allow of request 2 is bound otherwise than its hold/,
  ],
  ["a second hold", (frames) => {
    return insert(frames, indexOf(frames, "approval", 0), pick(frames, "verdict", 2));
  }, /^G5 .*request 2 is held twice/],
  ["a policy under the name of a session", (frames) => {
    return change("outcome", 1, (frame) => {
      const policy = { version: 1, policyVersion: "p", policies: [], configDigest: "c", at: "" };
      const payload = encodeControl("policy", { ...policy, version: 1, approvers: [] });
      return { ...frame, payload, subject: frame.subject.replace(".outcome", ".policy") };
    })(frames);
  }, /^shape .*policy at a place that is not its own/],
  ["an approval of another shape", edit("approval", 1, { more: 1 }), /^shape .*approval is not of/],
  [
    "an approval under another number",
    place("approval", 1, { request: 1 }),
    /^shape .*two requests/,
  ],
  ["a verdict of another shape", edit("verdict", 1, { more: 1 }), /^shape .*verdict is not of its/],
  ["a verdict under another number", place("verdict", 1, { request: 2 }), /^shape .*two requests/],
  ["a close of another shape", edit("close", 0, { more: 1 }), /^shape .*close is not of its shape/],
  [
    "an opening of another shape",
    edit("open", 0, { more: 1 }),
    /^shape .*open is not of its shape/,
  ],
  ["an opening as a request", place("open", 0, { request: 1 }), /^shape .*open is not request 0/],
  ["a view of another shape", (frames) => {
    return change("outcome", 1, (frame) => {
      return { ...frame, subject: frame.subject.replace(".outcome", ".view") };
    })(frames);
  }, /^shape .*view is not of its shape/],
];

testCases(cases, honestFrames);

Deno.test("verifyFrames() names an approval of other bytes than are held, from its asking on", async () => {
  const other = { binding: "c".repeat(64) };
  const result = await verifyFrames(steps(other)(honestFrames()));
  ok(!result.ok);
  match(result.first.message, /approval ap1 is asked otherwise than its hold says/);
});

Deno.test("verifyFrames() accepts a request that was held and refused", async () => {
  const list = frameList();
  const open = encodeControl("open", openPayload());
  list.add("open", { request: 0 }, open);
  list.say("verdict", 0, verdictPayload(0, sha256(open), "allow"));
  list.add("request", { request: 1 }, Uint8Array.of(1));
  const approval = { id: "ap1", needs, binding };
  const verdict = (decision: "hold" | "deny") => {
    list.say("verdict", 1, verdictPayload(1, sha256(Uint8Array.of(1)), decision, approval));
  };
  verdict("hold");
  list.say("approval", 1, approvalPayload("asked", 1, null));
  const denied = approvalPayload("denied", 1, "grace");
  if (denied.by === null) throw new Error("Somebody denies");
  list.say("approval", 1, { ...denied, by: { ...denied.by, decision: "deny" } });
  verdict("deny");
  const result = await verifyFrames(list.frames);
  ok(result.ok, result.ok ? "" : result.first.message);
});

Deno.test("verifyFrames() takes an approval that expires when the shortest of its needs does", async () => {
  const shorter = [{ ...needs[0], expiresMs: 600_000 }];
  const approval = { id: "ap1", needs: shorter, binding: "b".repeat(64) };
  const edits = [
    edit("verdict", 2, { approval }),
    edit("verdict", 3, { approval }),
    steps({ needs: shorter }),
  ];
  const frames = edits.reduce((damaged, next) => next(damaged), honestFrames());
  ok(!(await verifyFrames(frames)).ok, "that of the longer one");
  ok((await verifyFrames(expiring(600_000)(frames))).ok);
});
