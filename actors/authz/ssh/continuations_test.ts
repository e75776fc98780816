/**
 * The actor with SSH channels: continuations in order, held ones, those of a request that is over;
 * and the same from a replay of what was stored.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Effect } from "#actors/_kit/actor.ts";
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import { voteDigest } from "#schemas/approval.ts";
import {
  type Approval,
  type ControlKind,
  type ControlPayload,
  decodeControl,
  encodeControl,
  operationHeader,
  type Verdict,
} from "#schemas/frames.ts";
import { outcomeOf } from "#schemas/frames_testing.ts";
import { encodeSftpClient, type SftpClientPacket } from "#schemas/wire/sftp/client.ts";
import { type ChannelMessage, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { authz } from "../actor.ts";
import { agent, openOf, sshJudge } from "./testing.ts";

const key = { epoch: "2026_11", shard: 0, edge: "ssh1", session: "s1" };
const startMs = 1_800_000_000_000;
const signer = testSigner();
const limits = { catalogMsMax: 1000, estimateMsMax: 1000, waitingBytesMax: 65_536 };

/** One session under the actor. Each step is made from a replay too, and must come to the same. */
function channel() {
  const judge = sshJudge();
  // The token is another test's matter.
  const open = () => judge.admitted(openOf("lab", agent, "ssh"), agent);
  const trusting = { ...judge, open, identity: { keys: signer.keys, issuer: testIssuer } };
  const stored: Frame[] = [];
  const live = actorOf();
  let state = live.initial(key);
  const verdicts: Verdict[] = [];
  return { request, continues, control, outcome, verdicts, decisions, last };

  function actorOf() {
    let ids = 0;
    return authz(trusting, () => `id${++ids}`, limits, () => startMs);
  }

  function take(kind: FrameKind, number: number, payload: Uint8Array, operation = ""): void {
    const headers = new Map(operation === "" ? [] : [[operationHeader, operation]]);
    const sequence = stored.length + 1;
    const more = { key, request: number, sequence, timeMs: startMs, headers, payload };
    const frame = frameOf(kind, more);
    const again = replayed(frame);
    const [next, effects] = live.step(state, { kind: "frame", frame, replayed: false });
    state = next;
    stored.push(frame);
    deepStrictEqual(withoutIds(verdictsOf(again)), withoutIds(verdictsOf(effects)), "replayed");
    for (const verdict of verdictsOf(effects)) {
      verdicts.push(verdict);
      const bytes = encodeControl("verdict", verdict);
      stored.push({ ...frame, kind: "verdict", request: verdict.request, payload: bytes });
    }
  }

  /** What a worker would do that has read everything from the stream. */
  function replayed(frame: Frame): readonly Effect<never>[] {
    const actor = actorOf();
    let other = actor.initial(key);
    for (const before of stored) {
      other = actor.step(other, { kind: "frame", frame: before, replayed: true })[0];
    }
    return actor.step(other, { kind: "frame", frame, replayed: false })[1];
  }

  function request(number: number, ...messages: ChannelMessage[]): void {
    take("request", number, encodeChannelMessages(messages));
  }

  function continues(number: number, message: ChannelMessage, of = 1): void {
    take("request", number, encodeChannelMessages([message]), `continues:${of}`);
  }

  function control<K extends ControlKind & FrameKind>(kind: K, payload: ControlPayload<K>): void {
    take(kind, 0, encodeControl(kind, payload));
  }

  function outcome(number: number): void {
    control("outcome", outcomeOf({ request: number, completed: 0 }));
  }

  function decisions(): string[] {
    return verdicts.map(({ request, decision, reasons }) => {
      return [request, decision, ...reasons.map(({ code }) => code)].join(" ");
    });
  }

  function last(): Verdict | undefined {
    return verdicts.at(-1);
  }
}

/** A session that is open, its channel running `cat`. */
function running() {
  const session = channel();
  session.control("open", openOf("lab", agent, "ssh"));
  session.outcome(0);
  session.request(1, { kind: "exec", command: new TextEncoder().encode("cat") });
  return session;
}

function sftp() {
  const session = channel();
  session.control("open", openOf("lab", agent, "ssh"));
  session.outcome(0);
  session.request(1, { kind: "subsystem", name: "sftp" });
  return session;
}

const input: ChannelMessage = { kind: "data", data: Uint8Array.of(1) };
const removal = packetOf({ kind: "remove", id: 1, path: "reports/a" });
const listing = packetOf({ kind: "opendir", id: 2, path: "/srv/lab" });

function packetOf(packet: SftpClientPacket): ChannelMessage {
  return { kind: "data", data: encodeSftpClient(packet) };
}

Deno.test("continuations are judged in order while their request runs, whatever the outcomes", () => {
  const session = running();
  session.continues(2, input);
  session.continues(4, { kind: "eof" });
  deepStrictEqual(session.decisions(), ["0 allow", "1 allow", "2 allow"]);
  session.continues(3, input);
  deepStrictEqual(session.decisions().slice(3), ["3 allow", "4 allow"]);
  session.outcome(3);
  session.continues(5, input);
  strictEqual(session.last()?.decision, "allow", "its outcome is not the request's");
  const digest = createHash("sha256").update(encodeChannelMessages([input])).digest("hex");
  strictEqual(session.last()?.digest, digest);
});

Deno.test("a continuation of a request that is over, was refused or is none is refused", () => {
  const over = running();
  over.outcome(1);
  over.continues(2, input);
  strictEqual(over.decisions().at(-1), "2 deny request_over");

  const refused = channel();
  refused.control("open", openOf("lab", agent, "ssh"));
  refused.outcome(0);
  refused.continues(2, input);
  strictEqual(refused.decisions().length, 1, "it waits for the request it continues");
  refused.request(1, { kind: "exec", command: new TextEncoder().encode("sudo ls") });
  deepStrictEqual(refused.decisions().slice(-2), [
    "1 deny policy_forbids",
    "2 deny request_over",
  ]);

  const other = running();
  other.continues(2, input, 7);
  strictEqual(other.decisions().at(-1), "2 deny request_over");
});

Deno.test("a held continuation holds those behind it, and runs once it is granted", () => {
  const session = sftp();
  session.continues(2, removal);
  session.continues(3, listing);
  deepStrictEqual(session.decisions().slice(2), ["2 hold approval_needed"]);
  const approval = session.last()?.approval;
  if (approval === null || approval === undefined) throw new Error("nothing is asked for");
  session.control("approval", { ...granted, ...approval, state: "voted", by: byOf(approval) });
  session.control("approval", { ...granted, ...approval });
  deepStrictEqual(session.decisions().slice(3), ["2 allow approval_needed", "3 allow"]);
});

Deno.test("a held continuation lapses with its channel", () => {
  const session = sftp();
  session.continues(2, removal);
  session.outcome(1);
  strictEqual(session.decisions().at(-1), "2 deny request_over");
  const approval = session.verdicts.at(-2)?.approval;
  if (approval === null || approval === undefined) throw new Error("nothing is asked for");
  session.control("approval", { ...granted, ...approval });
  strictEqual(session.decisions().length, 4, "a late grant changes nothing");
});

Deno.test("an approval of a command is bound to its terminal and environment as well", () => {
  const bindingOf = (...before: ChannelMessage[]) => {
    const session = channel();
    session.control("open", openOf("lab", agent, "ssh"));
    session.outcome(0);
    const command = new TextEncoder().encode("rm reports/a");
    session.request(1, ...before, { kind: "exec", command });
    strictEqual(session.last()?.decision, "hold");
    return session.last()?.approval?.binding;
  };
  const plain = bindingOf();
  strictEqual(bindingOf(), plain);
  const variable = bindingOf({ kind: "env", name: "LC_ALL", value: "C" });
  strictEqual(new Set([plain, variable]).size, 2);
});

function byOf({ id, binding }: Pick<Approval, "id" | "binding">): NonNullable<Approval["by"]> {
  const vote = { decision: "approve", justification: "as agreed with the lab" } as const;
  const claims = { approval: id, vote: voteDigest({ ...vote, binding }) };
  const token = signer.sign(voteClaims(startMs, agent.issuer, claims));
  const person = { issuer: agent.issuer, person: "grace", name: "Grace", groups: ["compliance"] };
  return { ...person, token, ...vote };
}
const granted: Omit<Approval, "id" | "binding" | "needs"> = {
  version: 1,
  request: 2,
  state: "granted",
  link: null,
  by: null,
  at: "",
  expiresAt: new Date(startMs + 60_000).toISOString(),
};

function verdictsOf(effects: readonly Effect<never>[]): Verdict[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== "publish") return [];
    const verdict = decodeControl("verdict", effect.payload);
    return verdict === null ? [] : [verdict];
  });
}

/** Ids are random; a replay makes others. */
function withoutIds(verdicts: readonly Verdict[]): unknown[] {
  return verdicts.map(({ approval, ...rest }) => ({ ...rest, binding: approval?.binding }));
}
