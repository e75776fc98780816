/** What masking stores of a stream, part by part, and what a restart makes of it. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Effect, KitInput, PublishEffect } from "#actors/_kit/actor.ts";
import type { Frame, RawFrame } from "#actors/_kit/frame.ts";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import {
  encodeControl,
  endedHeader,
  firstHeader,
  maskedHeader,
  rawBytesHeader,
  rawPartsHeader,
  type Verdict,
} from "#schemas/frames.ts";
import { openOf, verdictOf } from "#schemas/frames_testing.ts";
import type { StreamPlan } from "#schemas/mask_plan.ts";
import { encodeSftpClient } from "#schemas/wire/sftp/client.ts";
import { encodeSftpServer } from "#schemas/wire/sftp/server.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import { masking } from "./actor.ts";
import type { MaskingCommand, MaskingInput } from "./inputs.ts";
import { maskingLimits } from "./limits.ts";
import { detectors, noCatalog, options } from "./testing.ts";

const key = { epoch: "2026_11", shard: 0, edge: "ssh1", session: "s1" };
const output: StreamPlan = { content: "output", revealed: [], holdMsMax: null, files: "mask" };
const terminal: StreamPlan = { ...output, content: "terminal", holdMsMax: 20 };

function stored(kind: Frame["kind"], sequence: number, more: Partial<Frame>): KitInput {
  return { kind: "frame", replayed: false, frame: frameOf(kind, { key, sequence, ...more }) };
}

const open = openOf({ connection: "lab", protocol: "ssh" });

function verdictOn(request: number, stream?: StreamPlan): Verdict {
  const streamed = stream === undefined ? {} : { stream };
  return verdictOf({ request, plan: { results: [], errors: "keep", ...streamed } });
}

/** A session whose channel was allowed, and what masking makes of what comes. */
function session(stream: StreamPlan, before: readonly KitInput[] = []) {
  const actor = masking({ ...options, detectors }, () => noCatalog, maskingLimits);
  let state = actor.initial(key);
  const give = (input: KitInput | MaskingInput): readonly Effect<MaskingCommand>[] => {
    const [next, effects] = actor.step(state, input);
    state = next;
    return effects;
  };
  give(stored("open", 1, { payload: encodeControl("open", open) }));
  const payload = encodeControl("verdict", verdictOn(1, stream));
  give(stored("verdict", 2, { request: 1, payload }));
  for (const input of before) give(input);
  let bytes = 0;
  const raw = (part: number, ...messages: ChannelMessage[]) => {
    const frame = encodeChannelMessages(messages);
    bytes += frame.length;
    const headers = new Map([[rawBytesHeader, String(bytes)]]);
    if (part === 0) headers.set(firstHeader, "1");
    const last = messages.at(-1)?.kind === "close";
    const place = { request: 1, part, more: !last, sequence: part + 1 };
    return give({ kind: "raw", frame: { key, headers, payload: frame, ...place } as RawFrame });
  };
  return { give, raw };
}

function data(text: string): ChannelMessage {
  return { kind: "data", data: Buffer.from(text) };
}
function published(effects: readonly Effect<MaskingCommand>[]): PublishEffect[] {
  return effects.filter((effect) => effect.kind === "publish");
}
/** `part/raw parts: text`; what has no header of its own has as many raw parts as parts. */
function told(effects: readonly Effect<MaskingCommand>[]): string[] {
  return published(effects).map(({ place, headers, payload }) => {
    const framer = new ChannelFramer({ messageBytesMax: 1 << 20 });
    framer.push(payload);
    let text = "";
    for (let next = framer.next(); next.kind !== "need"; next = framer.next()) {
      if (next.kind === "malformed") return "malformed";
      text += "data" in next ? Buffer.from(next.data).toString("latin1") : "";
    }
    return `${place.part}/${headers?.get(rawPartsHeader) ?? place.part + 1}: ${text}`;
  });
}

Deno.test("what is held back leaves in a part of its own, and parts stay without a gap", () => {
  const { give, raw } = session(terminal);
  const held = raw(0, data("id 536-22-"));
  deepStrictEqual(told(held), ["0/1: id "]);
  deepStrictEqual(held.filter(({ kind }) => kind === "wake"), [
    { kind: "wake", name: "held", afterMs: 10 },
  ]);
  deepStrictEqual(told(give({ kind: "wake", name: "held" })), []);
  const left = give({ kind: "wake", name: "held" });
  deepStrictEqual(told(left), ["1/1: 536-22-"]);
  const next = raw(1, data("1234 is it"));
  deepStrictEqual(told(next), ["2/2: [ssn] is "]);
  equal(published(next)[0]?.headers?.get(maskedHeader), "ssn=1");
});

Deno.test("after a restart a raw part that was masked is not masked again, and no middle leaves", () => {
  const headers = new Map([[rawPartsHeader, "1"]]);
  const own = stored("response", 5, { request: 1, part: 1, more: true, headers });
  const { raw } = session(terminal, [own]);
  deepStrictEqual(told(raw(0, data("id 536-22-"))), []);
  const lost = raw(1, data("1234 secret"));
  equal(published(lost)[0]?.place.part, 2);
  ok(published(lost)[0]?.headers?.has(endedHeader));
  ok(!told(lost).join("").includes("secret"));
});

Deno.test("a value that is split over a kill, anywhere, does not come out on the other side", () => {
  const text = "of 536-22-1234 is known";
  const streams: StreamPlan[] = [terminal, output, { ...output, content: "sftp" }];
  for (const stream of streams) {
    const isSftp = stream.content === "sftp";
    const answer = encodeSftpServer({ kind: "data", id: 7, data: Buffer.from(text) });
    const all = isSftp ? answer : new TextEncoder().encode(text);
    for (let at = 1; at < all.length; at++) {
      for (const waits of [0, 2]) {
        const first = session(stream);
        const effects = [...first.raw(0, { kind: "data", data: all.subarray(0, at) })];
        for (let wait = 0; wait < waits; wait++) {
          effects.push(...first.give({ kind: "wake", name: "held" }));
        }
        const last = published(effects).at(-1);
        ok(last !== undefined);
        const { place, payload, headers = new Map() } = last;
        const own = stored("response", 5, { ...place, payload, headers });
        const second = session(stream, [own]);
        const after = second.raw(1, { kind: "data", data: all.subarray(at) });
        ok(published(after).at(-1)?.headers?.has(endedHeader), "it ends");
        const before = told(effects).join("");
        ok(!(before + told(after).join("")).includes("1234"), `${stream.content} ${at}`);
        deepStrictEqual(told(second.raw(2, data("more"))).filter((one) => one.includes("mo")), []);
      }
    }
  }
});

Deno.test("verdicts on input are many, and do not take the plan of what it is input for", () => {
  const { give, raw } = session(output);
  for (let request = 2; request < 2000; request++) {
    const payload = encodeControl("verdict", verdictOn(request));
    give(stored("verdict", request + 1, { request, payload }));
  }
  deepStrictEqual(told(raw(0, data("ssn 536-22-1234 is"))), ["0/1: ssn [ssn]****** "]);
});

Deno.test("an answer whose request is not known yet waits until requests were read", () => {
  const { give, raw } = session({ ...output, content: "sftp" });
  const handle = Buffer.from("h");
  const answer = encodeSftpServer({ kind: "data", id: 7, data: Buffer.from("536-22-1234 is;") });
  const asked = raw(0, { kind: "success" }, { kind: "data", data: answer });
  deepStrictEqual(asked.filter(({ kind }) => kind === "run"), [
    { kind: "run", command: { kind: "read_requests", after: 0 } },
  ]);
  const read = encodeSftpClient({ kind: "read", id: 7, handle, offset: 0n, length: 99 });
  const payload = encodeChannelMessages([{ kind: "data", data: read }]);
  const request = stored("request", 9, { request: 2, payload });
  if (request.kind !== "frame") throw new Error("a stored frame is one");
  const answered = give({ kind: "requests", frames: [request.frame] });
  ok(told(answered).join("").includes("[ssn]****** is;"));
  equal(published(answered)[0]?.place.part, 1);
});
