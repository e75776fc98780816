import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { DecideReply } from "#schemas/approval.ts";
import {
  approverToken,
  binding,
  compliance,
  decision,
  openOf,
  type Play,
  play,
  requester,
  startMs,
  verdictOf,
} from "./testing.ts";

function outcome(reply: DecideReply): string {
  return reply.ok ? reply.state : reply.code;
}
/** A decision of somebody else's. */
function by(person: string, groups: readonly string[] = ["compliance"]) {
  return decision({}, { sub: person, groups: [...groups] });
}
function held(needs = [compliance]): Play {
  const session = play(needs);
  session.verdict();
  return session;
}
function wakes(session: Play): unknown[] {
  return session.last.filter((effect) => effect.kind === "wake" || effect.kind === "unwake");
}
const closing = {
  version: 1,
  reason: "client",
  requests: 1,
  released: null,
  closedAt: "",
} as const;

Deno.test("approval asks for a held request, with link and expiry", () => {
  const session = held();
  const [asked] = session.published();
  strictEqual(asked?.state, "asked");
  strictEqual(asked.link, "https://console.example.org/approvals/ap1");
  strictEqual(asked.expiresAt, new Date(startMs + 60_000).toISOString());
  strictEqual(asked.binding, binding);
  deepStrictEqual(wakes(session), [{ kind: "wake", name: "expiry:ap1", afterMs: 60_000 }]);
});

Deno.test("approval grants at one person's vote, on record with who and why", () => {
  const session = held();
  strictEqual(outcome(session.decide(decision())), "granted");
  deepStrictEqual(session.states(), ["asked", "voted", "granted"]);
  const [, voted, granted] = session.published();
  strictEqual(voted?.by?.person, "grace");
  strictEqual(voted.by.justification, "Audited quarterly export, ticket 4711");
  strictEqual(voted.by.token, approverToken());
  deepStrictEqual(granted?.by, voted.by);
});

Deno.test("property 1: who is accountable for the asking cannot approve", () => {
  const session = held();
  // Ada is in the group that decides, and it does not help: there is no exemption.
  const groups = ["compliance", "admins"];
  strictEqual(outcome(session.decide(by("ada", groups))), "approver_is_requester");
  // Nor may she deny: she has no vote.
  const denial = decision({ decision: "deny" }, { sub: "ada", groups });
  strictEqual(outcome(session.decide(denial)), "approver_is_requester");
  deepStrictEqual(session.states(), ["asked"]);
});

Deno.test("property 1: of two openings the first says who asked", () => {
  const session = held();
  session.frame("open", openOf({ ...requester, person: "linus", name: "Linus", actors: [] }));
  strictEqual(outcome(session.decide(by("ada"))), "approver_is_requester");
  session.restart();
  strictEqual(outcome(session.decide(by("ada"))), "approver_is_requester");
});

Deno.test("property 1: nobody in the requester's chain can approve", () => {
  const session = held();
  for (const agent of requester.actors) {
    strictEqual(outcome(session.decide(by(agent))), "approver_is_requester");
  }
});

Deno.test("property 1: an agent never approves, not for its person either", () => {
  const session = held();
  const token = approverToken({}, ["assistant"]);
  strictEqual(outcome(session.decide(decision({ token }))), "approver_is_agent");
});

Deno.test("property 2: one person with many groups has one vote", () => {
  const security = { ...compliance, group: "security" };
  const session = held([compliance, security]);
  const both = ["compliance", "security"];
  strictEqual(outcome(session.decide(by("grace", both))), "voted");
  strictEqual(outcome(session.decide(by("grace", both))), "already_voted");
  strictEqual(outcome(session.decide(by("alan", ["compliance"]))), "granted");
  deepStrictEqual(session.states(), ["asked", "voted", "voted", "granted"]);
});

Deno.test("property 2: a quorum of two takes two people", () => {
  const session = held([{ ...compliance, quorum: 2 }]);
  strictEqual(outcome(session.decide(by("grace"))), "voted");
  const again = {
    ...by("grace"),
    token: approverToken({ sub: "grace", jti: "run.2", name: "G." }),
  };
  strictEqual(outcome(session.decide(again)), "already_voted");
  strictEqual(outcome(session.decide(by("alan"))), "granted");
});

Deno.test("property 2: who is in no group that decides has no vote", () => {
  const session = held();
  strictEqual(outcome(session.decide(by("eve", ["admins"]))), "approver_not_in_group");
  strictEqual(outcome(session.decide(by("eve", []))), "approver_not_in_group");
});

Deno.test("property 3: a vote counts for the binding that was shown, no other", () => {
  const session = held();
  const other = decision({ binding: "c".repeat(64) });
  strictEqual(outcome(session.decide(other)), "binding_mismatch");
  // Nor does an allow of other bytes use it up.
  session.decide(decision());
  const approval = { id: "ap1", needs: [compliance], binding: "c".repeat(64) };
  session.verdict({ decision: "allow", approval });
  ok(!session.states().includes("consumed"));
});

Deno.test("property 4: what nobody decides in time expires", () => {
  const session = held();
  session.nowMs = startMs + 59_999;
  session.give({ kind: "wake", name: "expiry:ap1" });
  // The timer was early: it is set again.
  deepStrictEqual(wakes(session), [{ kind: "wake", name: "expiry:ap1", afterMs: 1 }]);
  session.nowMs = startMs + 60_000;
  session.give({ kind: "wake", name: "expiry:ap1" });
  deepStrictEqual(session.states(), ["asked", "expired"]);
  strictEqual(outcome(session.decide(decision())), "approval_expired");
});

Deno.test("property 4: a vote after the expiry does not count, though no timer has rung", () => {
  const session = held();
  session.nowMs = startMs + 60_000;
  strictEqual(outcome(session.decide(decision())), "approval_expired");
  deepStrictEqual(session.states(), ["asked", "expired"]);
});

Deno.test("property 4: the shortest expiry of all needs holds", () => {
  const session = held([compliance, { ...compliance, group: "security", expiresMs: 5_000 }]);
  strictEqual(session.published()[0]?.expiresAt, new Date(startMs + 5_000).toISOString());
});

Deno.test("property 5: an approval is used up once", () => {
  const session = held();
  session.decide(decision());
  session.verdict({ decision: "allow" });
  session.verdict({ decision: "allow" });
  session.verdict({ decision: "allow", request: 2 });
  deepStrictEqual(session.states(), ["asked", "voted", "granted", "consumed"]);
  strictEqual(outcome(session.decide(by("alan"))), "approval_not_pending");
});

Deno.test("property 5: an allow without a grant uses nothing up", () => {
  const session = held();
  session.verdict({ decision: "allow" });
  deepStrictEqual(session.states(), ["asked"]);
  // Not when it expired ungranted either, though the allow was stored before.
  session.nowMs = startMs + 60_000;
  session.give({ kind: "wake", name: "expiry:ap1" });
  session.nowMs = startMs;
  session.verdict({ decision: "allow" });
  deepStrictEqual(session.states(), ["asked", "expired"]);
});

Deno.test("property 5: an allow stored in time counts though we expired before we saw it", () => {
  const session = held();
  session.decide(decision());
  session.nowMs = startMs + 59_000;
  const allow = verdictOf([compliance], { decision: "allow" });
  session.nowMs = startMs + 60_000;
  session.give({ kind: "wake", name: "expiry:ap1" });
  session.nowMs = startMs + 59_000;
  session.frame("verdict", allow);
  deepStrictEqual(session.states(), ["asked", "voted", "granted", "expired", "consumed"]);
  // One that was not stored in time does not.
  const late = held();
  late.decide(decision());
  late.nowMs = startMs + 60_000;
  late.verdict({ decision: "allow" });
  deepStrictEqual(late.states(), ["asked", "voted", "granted"]);
});

Deno.test("property 6: a decision says why", () => {
  const session = held();
  for (const justification of ["", "   ", "too short", " a\u200b\n\t b c d e "]) {
    strictEqual(outcome(session.decide(decision({ justification }))), "justification_missing");
  }
  const justification = "  ten chars ";
  strictEqual(outcome(session.decide(decision({ justification }))), "justification_missing");
  strictEqual(outcome(session.decide(decision({ justification: "ten chars." }))), "granted");
});

Deno.test("property 9: the first denial ends it", () => {
  const session = held([{ ...compliance, quorum: 2 }]);
  session.decide(by("alan"));
  strictEqual(outcome(session.decide(decision({ decision: "deny" }))), "denied");
  strictEqual(outcome(session.decide(by("edsger"))), "approval_not_pending");
  deepStrictEqual(session.states(), ["asked", "voted", "denied"]);
  strictEqual(session.published().at(-1)?.by?.decision, "deny");
});

Deno.test("property 10: only identity's signature makes an approver", () => {
  const session = held();
  const stranger = generateKeyPairSync("ed25519").privateKey;
  const cases: readonly (readonly [string, string])[] = [
    ["token_bad_signature", approverToken({}, [], stranger)],
    ["token_wrong_audience", approverToken({ aud: "sallyport:console" })],
    ["token_wrong_audience", approverToken({ aud: "sallyport:edge" })],
    ["token_foreign_issuer", approverToken({ iss: "sallyport/other" })],
    ["token_foreign_issuer", approverToken({ "org_iss": "https://other.example.org" })],
    ["token_expired", approverToken({ iat: startMs / 1000 - 300, exp: startMs / 1000 - 60 })],
    ["token_malformed", "grace"],
  ];
  for (const [code, token] of cases) {
    const reply = session.decide(decision({ token }));
    strictEqual(outcome(reply), code);
    if (!reply.ok) match(reply.message, /^[A-Z].*\.$/);
  }
  deepStrictEqual(session.states(), ["asked"]);
});

Deno.test("property 12: a vote belongs to one approval", () => {
  const session = held();
  const token = approverToken({ approval: "ap2" });
  strictEqual(outcome(session.decide(decision({ token }))), "token_replayed");
  // The same id in a session that did not ask for it.
  strictEqual(outcome(play().decide(decision())), "approval_unknown");
});

Deno.test("a vote is what its holder decided: how, about which bytes and why", () => {
  const session = held();
  const token = decision({ decision: "deny" }).token;
  strictEqual(outcome(session.decide(decision({ token }))), "token_replayed");
  const justification = "Something else altogether";
  const consent = approverToken();
  strictEqual(
    outcome(session.decide(decision({ token: consent, justification }))),
    "token_replayed",
  );
  const other = { binding: "c".repeat(64), token: consent };
  strictEqual(outcome(session.decide(decision(other))), "token_replayed");
  const unbound = JSON.parse(atob(consent.split(".")[1] ?? ""));
  strictEqual(unbound.vote.length, 64, "it tells neither decision nor reason");
  deepStrictEqual(session.states(), ["asked"]);
});

Deno.test("an approval ends with its request or its session", () => {
  const denied = held();
  denied.verdict({ decision: "deny", approval: null });
  deepStrictEqual(denied.states(), ["asked", "withdrawn"]);
  strictEqual(outcome(denied.decide(decision())), "approval_not_pending");
  const other = held();
  other.verdict({ decision: "deny", approval: null, request: 2 });
  deepStrictEqual(other.states(), ["asked"]);
  const closed = held();
  closed.frame("close", closing);
  deepStrictEqual(closed.states(), ["asked", "withdrawn"]);
  strictEqual(closed.last.at(-1)?.kind, "end");
});

Deno.test("approvals beyond the limits are withdrawn, not asked", () => {
  const session = held();
  for (const id of ["ap2", "ap3", "ap4"]) {
    session.verdict({ approval: { id, needs: [compliance], binding } });
  }
  deepStrictEqual(session.states(), ["asked", "asked", "asked", "withdrawn"]);
  const full = play();
  full.admits = false;
  full.verdict();
  deepStrictEqual(full.states(), ["withdrawn"]);
});

Deno.test("a hold without a need is withdrawn: nobody could grant it", () => {
  const session = held([]);
  deepStrictEqual(session.states(), ["withdrawn"]);
});

Deno.test("a verdict that is delivered again asks for nothing new", () => {
  const session = held();
  session.verdict();
  deepStrictEqual(session.states(), ["asked"]);
});

Deno.test("settled approvals are forgotten beyond their number, pending ones never", () => {
  const session = held();
  for (const id of ["a", "b", "c", "d", "e"]) {
    session.verdict({ request: 2, approval: { id, needs: [compliance], binding } });
    session.verdict({ request: 2, decision: "deny", approval: null });
  }
  ok(session.state.held.has("ap1"));
  ok(session.state.held.size <= 4);
  strictEqual(session.states().filter((state) => state === "withdrawn").length, 5);
});

Deno.test("recovery at any point of the stream publishes the same facts", () => {
  const whole = held([{ ...compliance, quorum: 2 }]);
  whole.decide(by("grace"));
  whole.decide(by("alan"));
  whole.verdict({ decision: "allow" });
  const expected = ["asked", "voted", "voted", "granted", "consumed"];
  deepStrictEqual(whole.states(), expected);
  for (let kept = 2; kept <= whole.stream.length; kept++) {
    const session = play();
    session.stream.splice(0, session.stream.length, ...whole.stream.slice(0, kept));
    session.restart();
    // Crashed before the next publish: the rest of what this state means is made good.
    const prefix = expected.slice(0, session.states().length);
    deepStrictEqual(session.states(), prefix);
    for (const person of ["grace", "alan"]) session.decide(by(person));
    if (!session.stream.some((frame) => isAllow(frame.payload))) {
      session.verdict({ decision: "allow" });
    }
    deepStrictEqual(session.states(), expected, `kept ${kept}`);
  }
});
function isAllow(payload: Uint8Array): boolean {
  return new TextDecoder().decode(payload).includes(`"decision":"allow"`);
}

Deno.test("recovery expires what ran out meanwhile, and waits for the rest", () => {
  const session = held();
  session.nowMs = startMs + 20_000;
  session.restart();
  deepStrictEqual(wakes(session), [{ kind: "wake", name: "expiry:ap1", afterMs: 40_000 }]);
  session.nowMs = startMs + 60_000;
  session.restart();
  deepStrictEqual(session.states(), ["asked", "expired"]);
});

Deno.test("recovery never grants late", () => {
  const session = held();
  session.decide(decision());
  // Crashed after the vote was stored and before the grant was.
  session.stream.pop();
  session.nowMs = startMs + 60_000;
  session.restart();
  deepStrictEqual(session.states(), ["asked", "voted", "expired"]);
});

Deno.test("recovery withdraws a grant that crossed the session's end", () => {
  const session = held();
  session.decide(decision());
  const granted = session.stream.pop();
  session.store("close", closing);
  if (granted !== undefined) session.stream.push(granted);
  session.restart();
  deepStrictEqual(session.states(), ["asked", "voted", "granted", "withdrawn"]);
});

Deno.test("who asks is read from the open frame, whose loss refuses every decision", () => {
  const session = play();
  session.state = { ...session.state, open: null };
  session.verdict();
  deepStrictEqual(session.states(), []);
  session.frame("open", openOf());
  strictEqual(outcome(session.decide(decision())), "approval_unknown");
});
