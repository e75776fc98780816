/** A channel's messages: what leaves, when, and what does not. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { StreamPlan } from "#schemas/mask_plan.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import type { Masked, SessionRewriter } from "../session_rewriter.ts";
import { detectors } from "../testing.ts";
import { channelRewriter } from "./channel.ts";

const output: StreamPlan = { content: "output", revealed: [], holdMsMax: null, files: "mask" };
const terminal: StreamPlan = { ...output, content: "terminal", holdMsMax: 20 };

function begun(stream: StreamPlan | undefined): SessionRewriter {
  const rewriter = channelRewriter(detectors);
  const plan = { results: [], errors: "keep" as const };
  rewriter.begin({
    request: 1,
    parsed: null,
    plan: stream === undefined ? plan : { ...plan, stream },
  });
  return rewriter;
}

function data(text: string): ChannelMessage {
  return { kind: "data", data: Buffer.from(text) };
}
function error(text: string): ChannelMessage {
  return { kind: "extended_data", type: 1, data: Buffer.from(text) };
}

/** What leaves, a line a message. */
function lines({ bytes }: Masked): string[] {
  const framer = new ChannelFramer({ messageBytesMax: 1 << 20 });
  framer.push(bytes);
  const all: string[] = [];
  for (;;) {
    const message = framer.next();
    if (message.kind === "need" || message.kind === "malformed") return all;
    const text = "data" in message ? ` ${Buffer.from(message.data).toString()}` : "";
    all.push(message.kind + text);
  }
}

function told(rewriter: SessionRewriter, ...messages: ChannelMessage[]): string[] {
  return lines(rewriter.rewrite(encodeChannelMessages(messages), "more"));
}

Deno.test("a program's output is masked across messages, its two streams apart", () => {
  const rewriter = begun(output);
  deepStrictEqual(told(rewriter, { kind: "success" }, data("ssn 536-22-")), [
    "success",
    "data ssn ",
  ]);
  deepStrictEqual(told(rewriter, error("see 1234, ")), ["extended_data see 1234, "]);
  deepStrictEqual(told(rewriter, data("12")), []);
  deepStrictEqual(told(rewriter, data("34\n"), error("mail jo@b")), [
    "extended_data mail ",
  ]);
  const end = rewriter.rewrite(
    encodeChannelMessages([{ kind: "exit_status", code: 0 }, error(".orgs"), { kind: "close" }]),
    "none",
  );
  deepStrictEqual(lines(end), [
    "exit_status",
    "data [ssn]******\n",
    "extended_data [email]**",
    "close",
  ]);
  deepStrictEqual([...end.masked], [["ssn", 1], ["email", 1]]);
});

Deno.test("without a plan for its stream no data leaves, and the channel ends", () => {
  for (const message of [data("hello"), error("hello")]) {
    const rewriter = begun(undefined);
    const { bytes, failed } = rewriter.rewrite(encodeChannelMessages([message]), "more");
    ok(failed);
    ok(!Buffer.from(bytes).includes("hello"));
  }
  deepStrictEqual(told(begun(undefined), { kind: "success" }), ["success"]);
});

Deno.test("a message that is no target's, or is cut, ends the channel", () => {
  const env = encodeChannelMessages([{ kind: "env", name: "A", value: "b" }]);
  const cut = encodeChannelMessages([data("hello")]).subarray(0, 12);
  for (const part of [env, cut, Uint8Array.of(0, 0, 0, 1, 0xff)]) {
    const { bytes, failed } = begun(output).rewrite(part, "more");
    ok(failed);
    ok(!Buffer.from(bytes).includes("hello"));
  }
});

Deno.test("what may become an identifier waits: a number until it is decided, a word a moment", () => {
  const rewriter = begun(output);
  const number = rewriter.rewrite(encodeChannelMessages([data("id 536-22-")]), "more");
  equal(number.waitMs, null, "a program's number is not given out by time");
  deepStrictEqual(told(rewriter, data("99 login")), ["data 536-22-99 "]);
  deepStrictEqual(lines(rewriter.timePassed()), []);
  deepStrictEqual(lines(rewriter.timePassed()), ["data login"]);
});

Deno.test("a number among bytes that are no text waits a moment: a protocol may wait for it", () => {
  const rewriter = begun(output);
  // The zeros of rsync's version stand before it, and its other side answers what it reads.
  const held = rewriter.rewrite(encodeChannelMessages([data("\x20\0\0\0id 536-22-")]), "more");
  equal(held.waitMs, 10);
  deepStrictEqual(lines(rewriter.timePassed()), []);
  deepStrictEqual(lines(rewriter.timePassed()), ["data 536-22-"]);
});

Deno.test("a number that is whole is masked also among bytes that are no text", () => {
  const rewriter = begun(output);
  const first = rewriter.rewrite(encodeChannelMessages([data("\0 id 536-22-1234")]), "more");
  const left = [first, rewriter.timePassed(), rewriter.timePassed()].flatMap(lines).join("");
  ok(left.includes("[ssn]"), left);
  ok(!left.includes("1234"), left);
});

Deno.test("a person waits at most as long as the plan says", () => {
  const rewriter = begun(terminal);
  const held = rewriter.rewrite(encodeChannelMessages([data("id 536-22-")]), "more");
  deepStrictEqual(lines(held), ["data id "]);
  equal(held.waitMs, 10);
  const first = rewriter.timePassed();
  equal(first.waitMs, 10);
  deepStrictEqual(lines(first), []);
  const second = rewriter.timePassed();
  deepStrictEqual(lines(second), ["data 536-22-"]);
  equal(second.waitMs, null);
  deepStrictEqual(told(rewriter, data("1234 is ")), ["data [ssn] is "]);
});

Deno.test("a value that nothing follows is masked when its time is over", () => {
  const rewriter = begun(terminal);
  deepStrictEqual(told(rewriter, data("ssn: 536-22-1234")), ["data ssn: "]);
  deepStrictEqual(lines(rewriter.timePassed()), []);
  deepStrictEqual(lines(rewriter.timePassed()), ["data [ssn]"]);
});

Deno.test("the echo of a key that no number begins with comes at once", () => {
  const rewriter = begun(terminal);
  for (const key of ["l", "s", " ", "é", "\r\n"]) {
    const { bytes, waitMs } = rewriter.rewrite(encodeChannelMessages([data(key)]), "more");
    deepStrictEqual(lines({ bytes } as Masked), [`data ${key}`]);
    equal(waitMs, null);
  }
});

Deno.test("a tunnel's bytes, and what is revealed, leave as they came", () => {
  const tunnel = begun({ ...output, content: "tunnel" });
  deepStrictEqual(told(tunnel, { kind: "open_confirmation" }, data("536-22-1234")), [
    "open_confirmation",
    "data 536-22-1234",
  ]);
  const revealed = begun({ ...output, revealed: ["ssn"] });
  deepStrictEqual(told(revealed, data("536-22-1234 a@b.org ")), ["data 536-22-1234 [email] "]);
});

Deno.test("words of the server are masked too", () => {
  const rewriter = begun(output);
  const signal = { name: "TERM", coreDumped: false, message: "of 536-22-1234" } as const;
  const { bytes } = rewriter.rewrite(
    encodeChannelMessages([{ kind: "exit_signal", ...signal }]),
    "more",
  );
  ok(Buffer.from(bytes).includes("[ssn]"));
  ok(!Buffer.from(bytes).includes("536-22-1234"));
});

Deno.test("whatever bytes a target sends, nothing is thrown and no value leaves whole", () => {
  const value = "536-22-1234";
  const message = fc.oneof(
    fc.constantFrom<ChannelMessage>(
      data(`: ${value} is`),
      error(`; ssn ${value} is`),
      { kind: "eof" },
      { kind: "success" },
      { kind: "exit_status", code: 3 },
      { kind: "exit_signal", name: value, coreDumped: true, message: value },
      { kind: "open_failure", reason: 1, description: value },
      { kind: "shell" },
      data("\x1b]0;"),
      data("\x1b[3"),
    ),
    fc.uint8Array({ maxLength: 40 }).map((bytes): ChannelMessage => ({
      kind: "data",
      data: bytes,
    })),
  );
  const part = fc.tuple(
    fc.array(message, { maxLength: 5 }),
    fc.nat(400),
    fc.nat(255),
    fc.boolean(),
  );
  const plan = fc.constantFrom<StreamPlan>(output, terminal, { ...output, content: "sftp" });
  fc.assert(
    fc.property(plan, fc.array(part, { maxLength: 6 }), (stream, parts) => {
      const rewriter = begun(stream);
      const out: Uint8Array[] = [];
      for (const [messages, place, byte, isDamaged] of parts) {
        const bytes = encodeChannelMessages(messages);
        if (isDamaged && bytes.length > 0) bytes[place % bytes.length] = byte;
        out.push(rewriter.rewrite(bytes, "more").bytes);
        for (let i = 0; i < place % 3; i++) out.push(rewriter.timePassed().bytes);
      }
      out.push(rewriter.rewrite(encodeChannelMessages([{ kind: "close" }]), "none").bytes);
      ok(!Buffer.concat(out).includes(value));
    }),
    { seed: 20_261_121, numRuns: 2000 },
  );
});

Deno.test("what is cut is whole messages, and all of them", () => {
  const rewriter = begun({ ...output, files: "allow" });
  const data = new Uint8Array(900_000).fill(0x78);
  const part = encodeChannelMessages([{ kind: "data", data }, { kind: "close" }]);
  const { bytes } = rewriter.rewrite(part, "none");
  const pieces = rewriter.cut(bytes, 200_000);
  ok(pieces.length >= 5);
  const found = pieces.flatMap((piece) => {
    ok(piece.length <= 200_000);
    const framer = new ChannelFramer({ messageBytesMax: 1_000_000 });
    framer.push(piece);
    const messages: ChannelMessage[] = [];
    for (let next = framer.next(); next.kind !== "need"; next = framer.next()) {
      ok(next.kind !== "malformed");
      messages.push(next);
    }
    return messages;
  });
  equal(found.at(-1)?.kind, "close");
  const sizes = found.map((message) => message.kind === "data" ? message.data.length : 0);
  equal(sizes.reduce((sum, size) => sum + size, 0), data.length);
});
