/** What the console lists, from frames. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import {
  type ControlKind,
  type ControlPayload,
  encodeControl,
  formatFrame,
  frameHeader,
  type PrincipalChain,
} from "#schemas/frames.ts";
import { auditSubject, type FrameKind } from "#schemas/subjects.ts";
import { createLedger, type Ledger, stateAt } from "./ledger.ts";
import { approvalOf, bindingOf, need, openOf, verdictOf, voteOf } from "./samples_testing.ts";
import { ana, person, policyOf, startMs } from "./testing.ts";

const limits = { sessionsMax: 3, approvalsMax: 3, groupsMax: 2 };
const bytes = new Uint8Array(1);

Deno.test("an approval follows its frames, and its time", () => {
  const { ledger, say, hold } = fill();
  hold("ap1", "s1");
  const entry = ledger.approval("ap1");
  ok(entry !== undefined);
  strictEqual(stateAt(entry, startMs), "pending");
  strictEqual(stateAt(entry, startMs + 900_000), "expired");
  say("approval", approvalOf("ap1", 1, "voted", startMs, voteOf("carl", "approve", "yes")), "s1");
  strictEqual(entry.state, "pending");
  say("approval", approvalOf("ap1", 1, "granted", startMs, voteOf("carl", "approve", "y")), "s1");
  strictEqual(entry.state, "granted");
  deepStrictEqual(entry.votes.map(({ person, decision }) => [person, decision]), [
    ["carl", "approve"],
  ]);
  say("approval", approvalOf("ap1", 1, "consumed", startMs), "s1");
  strictEqual(stateAt(entry, startMs + 900_000), "consumed");
});

Deno.test("an approval that no hold asked for, or of another session, is not taken", () => {
  const { ledger, say, hold } = fill();
  say("open", openOf(ana), "s1");
  say("approval", approvalOf("ap9", 1, "asked", startMs), "s1");
  strictEqual(ledger.approval("ap9"), undefined);
  hold("ap1", "s2");
  say("approval", approvalOf("ap1", 1, "granted", startMs), "s1");
  strictEqual(ledger.approval("ap1")?.state, "pending");
  hold("ap1", "s3", person("eve", []));
  strictEqual(ledger.approval("ap1")?.key.session, "s2");
  strictEqual(ledger.approval("ap1")?.principal?.person, "ana");
});

Deno.test("a session that opens twice stays whose it was", () => {
  const { ledger, say } = fill();
  say("open", openOf(ana), "s1");
  say("open", openOf(person("eve", [])), "s1");
  strictEqual(ledger.session("s1")?.principal.person, "ana");
});

Deno.test("who approves is what the policy in force says, before anything was held", () => {
  const { ledger, say, store } = fill();
  say("policy", policyOf(["compliance", "privacy"]), "policy");
  deepStrictEqual([...ledger.approverGroups()], ["compliance", "privacy"]);
  say("policy", policyOf(["privacy"]), "policy");
  deepStrictEqual([...ledger.approverGroups()], ["privacy"]);
  store("policy", bytes, "policy");
  deepStrictEqual([...ledger.approverGroups()], []);
});

Deno.test("sessions, approvals and groups are bounded; what is settled goes first", () => {
  const { ledger, say, hold, close } = fill();
  hold("ap1", "s1");
  hold("ap2", "s2");
  hold("ap3", "s3");
  close("s2");
  say("approval", approvalOf("ap2", 1, "expired", startMs), "s2");
  hold("ap4", "s4");
  deepStrictEqual(ledger.sessions().map(({ key }) => key.session), ["s4", "s3", "s1"]);
  deepStrictEqual(ledger.approvals().map(({ id }) => id), ["ap4", "ap3", "ap1"]);
  hold("ap5", "s5");
  deepStrictEqual(ledger.sessions().map(({ key }) => key.session), ["s5", "s4", "s3"]);
  strictEqual(ledger.approvals().length, 3);
  say("policy", policyOf(["g1", "g2", "g3"]), "policy");
  strictEqual(ledger.approverGroups().size, 2);
});

Deno.test("what is no frame is passed over", () => {
  const { ledger, say, store } = fill();
  say("open", openOf(ana), "s1");
  store("verdict", new TextEncoder().encode("{"), "s1");
  store("approval", new Uint8Array(0), "s1");
  store("close", Uint8Array.of(0xff), "s1");
  ledger.take({ subject: "x", sequence: 9, timeMs: 0, headers: new Map(), payload: bytes });
  strictEqual(ledger.frames(), 5);
  strictEqual(ledger.last(), 9);
  strictEqual(ledger.session("s1")?.closed, "unknown");
});

Deno.test("an edge that says the id of another's session says nothing of it", () => {
  const { ledger, store, hold } = fill();
  hold("ap1", "s1");
  store("close", Uint8Array.of(0xff), "s1", "pg2");
  store("request", bytes, "s1", "pg2");
  const denial = approvalOf("ap1", 1, "denied", startMs, voteOf("carl", "deny", "no"));
  store("approval", encodeControl("approval", denial), "s1", "pg2");
  const { closed, requests, last } = ledger.session("s1") ?? {};
  deepStrictEqual([closed, requests, last], [null, 0, 3]);
  strictEqual(ledger.approval("ap1")?.state, "pending");
});

Deno.test("an approval whose expiry is no time is not listed: nobody could say until when", () => {
  const { ledger, say } = fill();
  const approval = { id: "ap1", needs: [need], binding: bindingOf("ap1") };
  say("open", openOf(ana), "s1");
  say("verdict", verdictOf(1, bytes, "hold", { approval }), "s1");
  const asked = approvalOf("ap1", 1, "asked", startMs, null, [need]);
  for (const expiresAt of ["", "soon", "+275761-01-01T00:00:00Z"]) {
    say("approval", { ...asked, expiresAt }, "s1");
    deepStrictEqual(ledger.approvals(), []);
  }
  say("approval", asked, "s1");
  strictEqual(ledger.approvals().length, 1);
});

type Fill = {
  readonly ledger: Ledger;
  store(kind: FrameKind, payload: Uint8Array, session: string, edge?: string): void;
  say<K extends ControlKind>(kind: K, payload: ControlPayload<K>, session: string): void;
  hold(id: string, session: string, principal?: PrincipalChain): void;
  close(session: string): void;
};

function fill(): Fill {
  const ledger = createLedger(limits);
  let sequence = 0;
  return { ledger, store, say, hold, close };

  function store(kind: FrameKind, payload: Uint8Array, session: string, edge = "pg1"): void {
    sequence++;
    const nonce = String(sequence).padStart(22, "n");
    const message: StoredMessage = {
      subject: auditSubject({ epoch: "2026_11", shard: 0, edge, session }, kind),
      sequence,
      timeMs: startMs,
      headers: new Map([[frameHeader, formatFrame({ request: 1, part: 0, more: false, nonce })]]),
      payload,
    };
    ledger.take(message);
  }

  function say<K extends ControlKind>(kind: K, payload: ControlPayload<K>, session: string): void {
    store(kind, encodeControl(kind, payload), session);
  }

  function hold(id: string, session: string, principal = ana): void {
    const needs = [need];
    const approval = { id, needs, binding: bindingOf(id) };
    say("open", openOf(principal), session);
    say("verdict", verdictOf(1, bytes, "hold", { approval }), session);
    say("approval", approvalOf(id, 1, "asked", startMs, null, needs), session);
  }

  function close(session: string): void {
    const closedAt = new Date(startMs).toISOString();
    say("close", { version: 1, reason: "done", requests: 1, released: null, closedAt }, session);
  }
}
