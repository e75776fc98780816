/**
 * The actor and the planner: one question, an answer or none, and the same from a replay of what
 * was stored.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Effect } from "#actors/_kit/actor.ts";
import type { Frame, FrameKind } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import { testIssuer, testSigner, voteClaims } from "#actors/_kit/identity_testing.ts";
import { voteDigest } from "#schemas/approval.ts";
import { Config } from "#schemas/config.ts";
import {
  type ControlKind,
  type ControlPayload,
  decodeControl,
  encodeControl,
  type Estimate,
  type Verdict,
} from "#schemas/frames.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { createHash } from "node:crypto";
import { authz } from "./actor.ts";
import { config as plain } from "./policy/testing.ts";
import { admitted, executed, opening } from "./postgres/testing.ts";

const key = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s1" };
const startMs = 1_800_000_000_000;
const limits = { catalogMsMax: 1000, estimateMsMax: 700, waitingBytesMax: 65_536 };
const config = Config.parse({ ...plain, classes: { ssn: { columns: ["public.patients.ssn"] } } });
const policy = `
@id("reads") permit (principal, action in [Action::"connect", Action::"read"], resource);
@id("bulk") @approval("compliance") @quorum("1") @rows_max("9000")
permit (principal, action == Action::"export", resource == Connection::"ehr");`;
const signer = testSigner();
const zeros = "0".repeat(64);
const many = "select ssn from patients";

Deno.test("a request waits for the planner, then is judged by what it said", () => {
  for (
    const [rows, decision, by] of [[12, "allow", "planner"], [1001, "hold", "planner"]] as const
  ) {
    const session = started();
    deepStrictEqual(session.ask(1, many), ["publish explain"]);
    deepStrictEqual(session.asked(), ["wake estimate"], "from when the question is stored");
    deepStrictEqual(session.ask(2, "select id from visits"), [], "it waits behind");
    const told = session.estimate(1, [rows]);
    strictEqual(told[0], "unwake estimate");
    const [verdict] = session.verdicts;
    deepStrictEqual([verdict?.request, verdict?.decision], [1, decision]);
    const [statement] = verdict?.statements ?? [];
    deepStrictEqual([statement?.estimatedRows, statement?.estimatedBy], [rows, by]);
  }
});

Deno.test("an answer that does not come is waited for no longer than it may take", () => {
  const session = started();
  session.ask(1, many);
  deepStrictEqual(session.wake("estimate"), ["publish verdict"]);
  const [verdict] = session.verdicts;
  deepStrictEqual([verdict?.decision, verdict?.statements[0]?.estimatedBy], ["hold", "catalog"]);
  deepStrictEqual(session.estimate(1, [3]), [], "what comes late changes nothing");
  deepStrictEqual(session.asked(), [], "nor does the question that comes again");
  deepStrictEqual(session.wake("estimate"), []);
});

Deno.test("an answer to another question is none", () => {
  const session = started();
  session.ask(1, many);
  deepStrictEqual(session.estimate(2, [3]), []);
  deepStrictEqual(session.estimate(1, [3], "f".repeat(64)), []);
  deepStrictEqual(session.estimate(1, [3]), ["unwake estimate", "publish verdict"]);
});

Deno.test("a session that is rebuilt goes on waiting, and asks nothing again", () => {
  const session = started();
  session.ask(1, many);
  session.rebuild();
  deepStrictEqual(session.resumed, ["wake estimate"]);
  deepStrictEqual(session.estimate(1, [12]), ["unwake estimate", "publish verdict"]);
  strictEqual(session.verdicts[0]?.decision, "allow");
  session.rebuild();
  deepStrictEqual(session.resumed, []);
  const waiting = started();
  waiting.ask(1, many);
  waiting.estimate(1, [12], undefined, "stored only");
  waiting.rebuild();
  deepStrictEqual(waiting.resumed, ["publish verdict"], "the answer was stored, the verdict not");
  strictEqual(waiting.verdicts[0]?.statements[0]?.estimatedRows, 12);
});

Deno.test("what people approve is what was held, whatever the planner says by then", () => {
  for (const rebuilt of [false, true]) {
    const session = started();
    session.ask(1, many);
    session.estimate(1, [2000]);
    // A process that died knows of no answer but those in the session's own frames.
    if (rebuilt) session.rebuild();
    // Another session has asked since, and was told of fewer.
    session.heardElsewhere([3]);
    session.grant();
    const verdict = session.verdicts.at(-1);
    deepStrictEqual([verdict?.decision, verdict?.policies], ["allow", ["bulk"]]);
    deepStrictEqual([verdict?.volume?.rowsMax, verdict?.statements[0]?.estimatedRows], [
      9000,
      2000,
    ]);
  }
});

Deno.test("what people approved does not run under another policy than the one that asked them", () => {
  const more = `@id("more") permit (principal, action == Action::"write", resource);`;
  for (const [text, decision] of [[policy, "allow"], [`${policy}\n${more}`, "deny"]] as const) {
    const session = started();
    session.ask(1, many);
    session.estimate(1, [2000]);
    session.rebuild(text);
    session.grant();
    const verdict = session.verdicts.at(-1);
    const code = decision === "deny" ? "approval_stale" : "approval_needed";
    deepStrictEqual([verdict?.decision, verdict?.reasons[0]?.code], [decision, code]);
  }
});

function started() {
  const stored: Frame[] = [];
  const verdicts: Verdict[] = [];
  const resumed: string[] = [];
  let judge = judgeOf();
  let actor = actorOf();
  let state = actor.initial(key);
  take("open", 0, encodeControl("open", opening));
  control("outcome", 0, { ...executed, request: 0, digest: zeros });
  verdicts.splice(0);
  return { ask, asked, estimate, wake, rebuild, heardElsewhere, grant, verdicts, resumed };

  function judgeOf(text = policy) {
    return admitted(text, { config, nowMs: () => startMs });
  }

  function actorOf() {
    const identity = { keys: signer.keys, issuer: testIssuer };
    const always = { open: () => judge, admitted: () => judge, identity };
    return authz(always, () => "a1", limits, () => startMs);
  }

  function store(kind: FrameKind, request: number, payload: Uint8Array): Frame {
    const sequence = stored.length + 1;
    const frame = frameOf(kind, { key, request, sequence, timeMs: startMs, payload });
    stored.push(frame);
    return frame;
  }

  function take(kind: FrameKind, request: number, payload: Uint8Array): string[] {
    const frame = store(kind, request, payload);
    return effectsOf(actor.step(state, { kind: "frame", frame, replayed: false }));
  }

  function control<K extends ControlKind & FrameKind>(
    kind: K,
    request: number,
    payload: ControlPayload<K>,
  ): string[] {
    return take(kind, request, encodeControl(kind, payload));
  }

  function effectsOf([next, effects]: readonly [typeof state, readonly Effect<never>[]]): string[] {
    state = next;
    return effects.map((effect) => {
      if (effect.kind !== "publish") return "name" in effect ? `${effect.kind} ${effect.name}` : "";
      store(effect.frame, effect.place.request, effect.payload);
      const verdict = effect.frame === "verdict" ? decodeControl("verdict", effect.payload) : null;
      if (verdict !== null) verdicts.push(verdict);
      return `publish ${effect.frame}`;
    });
  }

  function ask(request: number, sql: string): string[] {
    return take("request", request, bytesOf(sql));
  }

  /** The newest question comes back from the stream. */
  function asked(): string[] {
    const frame = stored.findLast(({ kind }) => kind === "explain");
    if (frame === undefined) throw new Error("nothing was asked");
    return effectsOf(actor.step(state, { kind: "frame", frame, replayed: false }));
  }

  function estimate(
    request: number,
    rows: readonly (number | null)[],
    digest = sha256(bytesOf(many)),
    how: "taken" | "stored only" = "taken",
  ): string[] {
    const answer: Estimate = { version: 1, request, digest, explain: 4, rows: [...rows] };
    if (how === "taken") return control("estimate", request, answer);
    store("estimate", request, encodeControl("estimate", answer));
    return [];
  }

  function wake(name: string): string[] {
    return effectsOf(actor.step(state, { kind: "wake", name }));
  }

  /** What a process that knows nothing makes of what is stored, by the policy of now. */
  function rebuild(text = policy): void {
    judge = judgeOf(text);
    actor = actorOf();
    state = actor.initial(key);
    for (const frame of stored) {
      [state] = actor.step(state, { kind: "frame", frame, replayed: true });
    }
    resumed.splice(0, Infinity, ...effectsOf(actor.step(state, { kind: "resume" })));
  }

  function heardElsewhere(rows: readonly number[]): void {
    const bytes = bytesOf(many);
    const frame = stored.findLast(({ kind }) => kind === "explain");
    const question = frame === undefined ? null : decodeControl("explain", frame.payload);
    if (question === null) throw new Error("nothing was asked");
    const asked = { request: 1, digest: "", bytes, continues: false };
    judge.estimated(asked, question, rows, startMs);
  }

  function grant(): void {
    const approval = verdicts.at(-1)?.approval;
    if (approval === null || approval === undefined) throw new Error("nothing is held");
    const { id, binding, needs } = approval;
    const base = { version: 1, id, request: 1, binding, needs, link: null, at: "" } as const;
    const expiresAt = new Date(startMs + 1000).toISOString();
    const { issuer } = opening.principal;
    const vote = { decision: "approve", justification: "" } as const;
    const signed = { approval: id, vote: voteDigest({ ...vote, binding }) };
    const token = signer.sign(voteClaims(startMs, issuer, signed));
    const by = { issuer, person: "grace", name: "Grace", groups: ["compliance"], token, ...vote };
    control("approval", 1, { ...base, state: "voted", by, expiresAt });
    control("approval", 1, { ...base, state: "granted", by, expiresAt });
  }
}

function bytesOf(sql: string): Uint8Array {
  return frontendBytes({ kind: "query", text: sql });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
