/**
 * A stolen key of an edge's, which may say anything: that a request is something else than
 * statements, or that the session is another's from now on. Nothing is carried out for it that
 * nobody judged, or that was judged for somebody else.
 */
import { deepStrictEqual } from "node:assert/strict";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { testIssuer, testSigner } from "#actors/_kit/identity_testing.ts";
import {
  decodeControl,
  encodeControl,
  type Open,
  operationHeader,
  type Verdict,
} from "#schemas/frames.ts";
import { zeroDigest } from "#schemas/frames_testing.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { authz } from "./actor.ts";
import { admitted, executed, opening } from "./postgres/testing.ts";

const key = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s1" };
const limits = { catalogMsMax: 1000, estimateMsMax: 700, waitingBytesMax: 65_536 };
const policy = `@id("in") permit (principal, action == Action::"connect", resource);`;

/** What authz says of a statement that no policy permits, which is sent as this. */
function judged(operation: string): readonly (readonly [string, number | null])[] {
  const nowMs = () => 1_800_000_000_000;
  const judge = admitted(policy, { nowMs });
  const identity = { keys: testSigner().keys, issuer: testIssuer };
  const judges = { open: () => judge, admitted: () => judge, identity };
  const actor = authz(judges, () => "a1", limits, nowMs);
  let state = actor.initial(key);
  const verdicts: Verdict[] = [];
  const outcome = encodeControl("outcome", { ...executed, request: 0, digest: zeroDigest });
  const frames = [
    frameOf("open", { key, payload: encodeControl("open", opening) }),
    frameOf("outcome", { key, payload: outcome }),
    frameOf("request", {
      key,
      request: 1,
      headers: new Map([[operationHeader, operation]]),
      payload: frontendBytes({ kind: "query", text: "drop table patients" }),
    }),
  ];
  for (const frame of frames) {
    const [next, effects] = actor.step(state, { kind: "frame", frame, replayed: false });
    state = next;
    for (const effect of effects) {
      if (effect.kind !== "publish") continue;
      const verdict = decodeControl("verdict", effect.payload);
      if (verdict?.request === 1) verdicts.push(verdict);
    }
  }
  return verdicts.map(({ decision, cancels }) => [decision, cancels]);
}

Deno.test("of two openings of a session the first counts", () => {
  const nowMs = () => 1_800_000_000_000;
  const reads = `${policy} @id("all") permit (principal, action == Action::"read", resource);`;
  const [strict, lax] = [admitted(policy, { nowMs }), admitted(reads, { nowMs })];
  const judgeOf = (open: Open | null) => open?.connection === opening.connection ? strict : lax;
  const identity = { keys: testSigner().keys, issuer: testIssuer };
  const judges = { open: judgeOf, admitted: judgeOf, identity };
  const actor = authz(judges, () => "a1", limits, nowMs);
  const outcome = encodeControl("outcome", { ...executed, request: 0, digest: zeroDigest });
  for (const connections of [[opening.connection, "lax"], ["lax", opening.connection]]) {
    let state = actor.initial(key);
    const decisions: string[] = [];
    const frames = [
      ...connections.map((connection) => {
        const payload = encodeControl("open", { ...opening, connection });
        return frameOf("open", { key, payload });
      }),
      frameOf("outcome", { key, payload: outcome }),
      frameOf("request", {
        key,
        request: 1,
        payload: frontendBytes({ kind: "query", text: "select id from visits" }),
      }),
    ];
    for (const frame of frames) {
      const [next, effects] = actor.step(state, { kind: "frame", frame, replayed: false });
      state = next;
      for (const effect of effects) {
        const isVerdict = effect.kind === "publish" && effect.frame === "verdict";
        const verdict = isVerdict ? decodeControl("verdict", effect.payload) : null;
        if (verdict?.request === 1) decisions.push(verdict.decision);
      }
    }
    deepStrictEqual(decisions, [connections[0] === "lax" ? "allow" : "deny"]);
  }
});

Deno.test("an operation that is none of the known ones is refused", () => {
  const unknown = [
    "",
    "cancel",
    "cancel:",
    "cancel:x",
    "cancel:Infinity",
    "cancel:1.5",
    "cancel:-1",
  ];
  for (const operation of [...unknown, "cancel:1e3", "continues:0", "continues:x", "Cancel:1"]) {
    deepStrictEqual(judged(operation), [["deny", null]], JSON.stringify(operation));
  }
  deepStrictEqual(judged("cancel:0"), [["allow", 0]]);
});
