/**
 * Honest frames and checkpoints for tests, to be damaged by them. Deterministic: no clock, no
 * randomness.
 *
 * @module
 */
import type { LineFile } from "#actors/_kit/line_file.ts";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import {
  type Approval,
  type ControlKind,
  type ControlPayload,
  decisionHeader,
  encodeControl,
  formatFrame,
  frameHeader,
  type Open,
  type Outcome,
  type Verdict,
} from "#schemas/frames.ts";
import { openOf, outcomeOf, verdictOf } from "#schemas/frames_testing.ts";
import { checkpointMessage } from "#schemas/log/checkpoint_message.ts";
import { type Signer, signerOf } from "#schemas/log/key.ts";
import { frameLeafHash } from "#schemas/log/leaf.ts";
import { append, emptyFrontier } from "#schemas/log/merkle.ts";
import { encodePayload, encodingHeader } from "#schemas/payload_coding.ts";
import { auditSubject, type FrameKind } from "#schemas/subjects.ts";
import { createHash } from "node:crypto";

export const testSigner: Signer =
  signerOf("test.example/2026_11", new Uint8Array(32).fill(5)).signer;
export const startMs = Date.UTC(2026, 10, 21, 9, 0, 0);
export const binding = "b".repeat(64);

export type Place = { readonly request: number; readonly part?: number; readonly more?: boolean };

/** Collects frames in order, each a tenth of a second after the one before. */
export function frameList() {
  const frames: StoredMessage[] = [];
  return {
    frames,
    /** Appends a frame and gives its sequence. */
    add(
      kind: FrameKind,
      { request, part = 0, more = false }: Place,
      payload: Uint8Array,
      headers: readonly (readonly [string, string])[] = [],
      session = "s1",
    ): number {
      const sequence = frames.length + 1;
      const nonce = String(sequence).padStart(22, "n");
      const key = { epoch: "2026_11", shard: 3, edge: "pg1", session };
      const frame = formatFrame({ request, part, more, nonce });
      frames.push({
        subject: auditSubject(key, kind),
        sequence,
        timeMs: startMs + sequence * 100,
        headers: new Map([[frameHeader, frame], ...headers]),
        payload,
      });
      return sequence;
    },
    /** Appends a control frame. */
    say<K extends ControlKind>(
      kind: K,
      request: number,
      payload: ControlPayload<K>,
      session = "s1",
    ): number {
      const headers = kind === "verdict" ? decisionOf(payload) : [];
      return this.add(kind, { request }, encodeControl(kind, payload), headers, session);
    },
  };
}

/** Identity's tokens, where a test has them signed. */
export type TestTokens = { readonly open: string; voteOf(person: string): string };
const unsigned: TestTokens = { open: "token", voteOf: () => "t" };

export function openPayload(token = unsigned.open): Open {
  return openOf({
    principal: {
      issuer: "https://idp.example",
      person: "ada",
      name: "Ada",
      actors: ["agent-7"],
      groups: ["clinical-agents"],
      purpose: "TREAT",
    },
    token,
    client: { address: "192.0.2.1", tls: "TLSv1.3", user: "ada", application: "psql" },
    openedAt: new Date(startMs).toISOString(),
    configDigest: "c",
  });
}

export function verdictPayload(
  request: number,
  digest: string,
  decision: Verdict["decision"],
  approval: Verdict["approval"] = null,
): Verdict {
  const reason = {
    code: "no_permit",
    policy: null,
    message: "not permitted",
    detail: "",
    hint: "ask",
    sqlstate: "42501",
  };
  const reasons = decision === "allow" ? [] : [reason];
  const by = { policies: ["p1"], policyVersion: "v1" };
  return verdictOf({ request, digest, decision, reasons, approval, ...by });
}

export function outcomePayload(
  request: number,
  digest: string,
  verdict: number,
  status: Outcome["status"] = "executed",
): Outcome {
  const told = { durationMs: 12, bytes: 10, rows: 1, commands: ["SELECT"] };
  return outcomeOf({ request, digest, verdict, status, ...told, transaction: "I" });
}

export const needs = [
  { group: "compliance", quorum: 2, expiresMs: 900_000, policies: ["bulk"] },
];

export function approvalPayload(
  state: Approval["state"],
  request: number,
  person: string | null,
  tokens = unsigned,
): Approval {
  const by = person === null ? null : {
    issuer: "https://idp.example",
    person,
    name: person,
    groups: ["compliance"],
    token: tokens.voteOf(person),
    decision: "approve" as const,
    justification: "looked at it",
  };
  return {
    version: 1,
    id: "ap1",
    request,
    binding,
    state,
    needs,
    link: null,
    by,
    at: new Date(startMs).toISOString(),
    expiresAt: new Date(startMs + 900_000).toISOString(),
  };
}

/**
 * One session: opening, an allowed request of two parts with a response that is stored compressed,
 * a held and approved one, a denied one.
 */
export function honestFrames(tokens: TestTokens = unsigned): StoredMessage[] {
  const list = frameList();
  const bytes = [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(9), Uint8Array.of(8)];
  const [first, second, held, denied] = bytes;
  if (!first || !second || !held || !denied) throw new Error("Four requests are needed");
  const responses: Uint8Array[] = [];
  const respond = (request: number, text: string) => {
    const bytes = new TextEncoder().encode(text);
    const { payload, encoding } = encodePayload(bytes);
    const headers = encoding === null ? [] : [[encodingHeader, encoding] as const];
    list.add("response", { request, part: responses.length }, payload, headers);
    responses.push(bytes);
  };
  const open = encodeControl("open", openPayload(tokens.open));
  list.add("open", { request: 0 }, open);
  const digest0 = sha256(open);
  const verdict0 = list.say("verdict", 0, verdictPayload(0, digest0, "allow"));
  list.say("outcome", 0, outcomePayload(0, digest0, verdict0));
  respond(0, "ready");
  list.add("request", { request: 1, more: true }, first);
  list.add("request", { request: 1, part: 1 }, second);
  const digest1 = sha256(first, second);
  const verdict1 = list.say("verdict", 1, verdictPayload(1, digest1, "allow"));
  respond(1, "row one");
  list.say("outcome", 1, outcomePayload(1, digest1, verdict1));
  respond(1, "row two".repeat(1000));
  list.add("request", { request: 2 }, held);
  const digest2 = sha256(held);
  const approval = { id: "ap1", needs, binding };
  list.say("verdict", 2, verdictPayload(2, digest2, "hold", approval));
  list.say("approval", 2, approvalPayload("asked", 2, null));
  list.say("approval", 2, approvalPayload("voted", 2, "grace", tokens));
  list.say("approval", 2, approvalPayload("voted", 2, "edsger", tokens));
  list.say("approval", 2, approvalPayload("granted", 2, "edsger", tokens));
  const verdict2 = list.say("verdict", 2, verdictPayload(2, digest2, "allow", approval));
  list.say("approval", 2, approvalPayload("consumed", 2, null));
  list.say("outcome", 2, outcomePayload(2, digest2, verdict2));
  respond(2, "held row");
  list.add("request", { request: 3 }, denied);
  list.say("verdict", 3, verdictPayload(3, sha256(denied), "deny"));
  respond(2, "not released");
  const released = responses.slice(0, 4);
  list.say("close", 0, {
    version: 1,
    reason: "client",
    requests: 3,
    released: {
      parts: released.length,
      bytes: released.reduce((total, { length }) => total + length, 0),
      sha256: sha256(...released),
    },
    closedAt: new Date(startMs + 60_000).toISOString(),
  });
  return list.frames;
}

/** Checkpoints of these frames at these sizes, in the order given. */
export function checkpointsOf(
  frames: readonly StoredMessage[],
  sizes: readonly number[],
  signer: Signer = testSigner,
): StoredMessage[] {
  return sizes.map((size, index) => {
    let frontier = emptyFrontier;
    for (const frame of frames.slice(0, size)) frontier = append(frontier, frameLeafHash(frame));
    const { headers, payload } = checkpointMessage(frontier, signer);
    return { subject: "checkpoint.test", sequence: index + 1, timeMs: 0, headers, payload };
  });
}

/** A list as the stream the verifier reads. */
export async function* streamOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

export function sha256(...parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function decisionOf(payload: unknown): [string, string][] {
  if (typeof payload !== "object" || payload === null) return [];
  if (!("decision" in payload) || !("approval" in payload)) return [];
  return [[decisionHeader, `${payload.decision}${payload.approval === null ? "" : "+approval"}`]];
}

/** A file over these lines, for as long as they are held. */
export function heldFile(lines: string[]): LineFile {
  return {
    read: () => [...lines],
    append: (line) => void lines.push(line),
    replace: (all) => void lines.splice(0, lines.length, ...all),
  };
}
