/**
 * One thing done to a list of frames, for tests of the verifier. Frames are named by their kind and
 * their position among those of that kind, from 0.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { startMs } from "#actors/audit/testing.ts";
import {
  type ControlKind,
  decisionHeader,
  decodeControl,
  encodeControl,
  formatFrame,
  frameHeader,
  parseFrame,
} from "#schemas/frames.ts";
import { parseAuditSubject } from "#schemas/subjects.ts";
import { match, ok } from "node:assert/strict";
import { verifyFrames, type VerifyOptions } from "./verify.ts";

export type Frames = StoredMessage[];
export type Case = readonly [name: string, damage: (frames: Frames) => Frames, expected: RegExp];

/** A test for each case: the damage must be named, by its guarantee and in its words. */
export function testCases(
  cases: readonly Case[],
  honest: () => Frames,
  options: VerifyOptions = {},
): void {
  for (const [name, damage, expected] of cases) {
    Deno.test(`verifyFrames() names ${name}`, async () => {
      const result = await verifyFrames(damage(honest()), options);
      ok(!result.ok, "it must not pass");
      const lines = result.findings.map(({ guarantee, message }) => `${guarantee} ${message}`);
      ok(lines.some((line) => expected.test(line)), `found only: ${lines.join(" | ")}`);
      match(result.first.message, /frame \d+/);
    });
  }
}

export function kindOf(frame: StoredMessage): string | undefined {
  return parseAuditSubject(frame.subject)?.kind;
}
/** The position of the nth frame of a kind, from 0. */
export function indexOf(frames: Frames, kind: string, nth: number): number {
  const positions = [...frames.keys()].filter((index) => {
    const frame = frames[index];
    return frame !== undefined && kindOf(frame) === kind;
  });
  const index = positions[nth];
  ok(index !== undefined, `there is a ${kind} ${nth}`);
  return index;
}
export function pick(frames: Frames, kind: string, nth: number): StoredMessage {
  const frame = frames[indexOf(frames, kind, nth)];
  ok(frame !== undefined);
  return frame;
}
export function change(
  kind: string,
  nth: number,
  make: (frame: StoredMessage) => StoredMessage,
): (frames: Frames) => Frames {
  return (frames) => {
    const at = indexOf(frames, kind, nth);
    return frames.map((frame, index) => index === at ? make(frame) : frame);
  };
}
export function drop(kind: string, nth: number): (frames: Frames) => Frames {
  return (frames) => {
    const at = indexOf(frames, kind, nth);
    return frames.filter((_, index) => index !== at);
  };
}
export function insert(frames: Frames, at: number, frame: StoredMessage): Frames {
  return [...frames.slice(0, at), frame, ...frames.slice(at)];
}
export function twice(kind: string, nth: number): (frames: Frames) => Frames {
  return (frames) => insert(frames, indexOf(frames, kind, nth) + 1, pick(frames, kind, nth));
}
export function swap(kind: string, nth: number, other: string, otherNth: number) {
  return (frames: Frames): Frames => {
    const [first, second] = [indexOf(frames, kind, nth), indexOf(frames, other, otherNth)];
    const moved = pick(frames, kind, nth);
    return insert(frames, second + 1, moved).filter((_, index) => index !== first);
  };
}
export function changePayload(kind: string, nth: number) {
  return change(kind, nth, (frame) => ({ ...frame, payload: Uint8Array.of(7, ...frame.payload) }));
}
export function headers(kind: string, nth: number, more: [string, string][]) {
  return change(
    kind,
    nth,
    (frame) => ({ ...frame, headers: new Map([...frame.headers, ...more]) }),
  );
}
export function resubject(kind: string, nth: number, from: string, to: string) {
  return change(kind, nth, (frame) => ({ ...frame, subject: frame.subject.replace(from, to) }));
}
export function place(
  kind: string,
  nth: number,
  more: { request?: number; part?: number; more?: boolean },
) {
  return change(kind, nth, (frame) => {
    const before = parseFrame(frame.headers.get(frameHeader));
    ok(before !== null);
    const text = formatFrame({ ...before, ...more });
    return { ...frame, headers: new Map([...frame.headers, [frameHeader, text]]) };
  });
}
/** A control frame's payload with other fields; a function stands for a value made late. */
export function edit(kind: ControlKind, nth: number, fields: Record<string, unknown>) {
  return change(kind, nth, (frame) => {
    const values = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "function" ? value() : value,
    ]);
    const payload = JSON.parse(new TextDecoder().decode(frame.payload));
    const text = JSON.stringify({ ...payload, ...Object.fromEntries(values) });
    return { ...frame, payload: new TextEncoder().encode(text) };
  });
}
export function editBy(kind: "approval", nth: number, fields: Record<string, unknown>) {
  return (frames: Frames): Frames => {
    const approval = decodeControl("approval", pick(frames, kind, nth).payload);
    return edit(kind, nth, { by: { ...approval?.by, ...fields } })(frames);
  };
}
export function editClose(fields: { parts?: number; bytes?: number; sha256?: string }) {
  return change("close", 0, (frame) => {
    const close = decodeControl("close", frame.payload);
    ok(close?.released !== null && close !== null);
    const released = { ...close.released, ...fields };
    return { ...frame, payload: encodeControl("close", { ...close, released }) };
  });
}
export function editBinding(frames: Frames): Frames {
  return change("verdict", 3, (frame) => {
    const verdict = decodeControl("verdict", frame.payload);
    ok(verdict !== null && verdict.approval !== null);
    const approval = { ...verdict.approval, binding: zeros() };
    return { ...frame, payload: encodeControl("verdict", { ...verdict, approval }) };
  })(frames);
}
export function editHold(approval: null) {
  return (frames: Frames): Frames =>
    headers("verdict", 2, [[decisionHeader, "hold"]])(edit("verdict", 2, { approval })(frames));
}
/** A fourth request, never held, that is allowed by the approval of the second. */
export function useTwice(frames: Frames): Frames {
  const request = moved(pick(frames, "request", 2), 4, null);
  const verdict = moved(pick(frames, "verdict", 3), 4, "verdict");
  const close = indexOf(frames, "close", 0);
  return insert(insert(frames, close, request), close + 1, verdict);
}
/** A fourth request, held for the approval of the second and allowed by it. */
export function holdTwice(frames: Frames): Frames {
  const hold = moved(pick(frames, "verdict", 2), 4, "verdict");
  const used = useTwice(frames);
  return insert(used, indexOf(used, "request", 4) + 1, hold);
}
/** A copy of a frame for another request. */
export function moved(
  frame: StoredMessage,
  request: number,
  kind: ControlKind | null,
): StoredMessage {
  const kindName = kindOf(frame) ?? "";
  const [copy] = place(kindName, 0, { request })([frame]);
  ok(copy !== undefined);
  if (kind === null) return copy;
  const [edited] = edit(kind, 0, { request })([copy]);
  ok(edited !== undefined);
  return edited;
}
export function zeros(): string {
  return "0".repeat(64);
}
export function late(): string {
  return new Date(startMs + 2_000_000).toISOString();
}
/** The held request needs a second group, in which the same two people stand. */
export function twoNeeds(frames: Frames): Frames {
  const needs = ["compliance", "privacy"].map((group) => {
    return { group, quorum: 2, expiresMs: 900_000, policies: ["bulk"] };
  });
  const id = "ap1";
  const { binding } = decodeControl("approval", pick(frames, "approval", 0).payload) ?? {};
  const groups = ["compliance", "privacy"];
  const edits = [
    edit("verdict", 2, { approval: { id, needs, binding } }),
    edit("approval", 0, { needs }),
    editBy("approval", 1, { groups }),
    editBy("approval", 2, { groups }),
    edit("verdict", 3, { approval: { id, needs, binding } }),
  ];
  return edits.reduce((damaged, next) => next(damaged), frames);
}
