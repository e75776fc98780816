import { deepStrictEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  ChannelFramer,
  type ChannelMessage,
  decodeChannelMessage,
  encodeChannelMessages,
} from "./channel.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const window = { columns: 80, rows: 24, widthPixels: 640, heightPixels: 480 };
const samples: readonly ChannelMessage[] = [
  { kind: "pty", term: "xterm-256color", modes: Uint8Array.of(0), ...window },
  { kind: "env", name: "LANG", value: "C.UTF-8" },
  { kind: "exec", command: bytes("cat /etc/hostname") },
  { kind: "shell" },
  { kind: "subsystem", name: "sftp" },
  { kind: "window_change", ...window },
  { kind: "signal", name: "INT" },
  {
    kind: "direct_tcpip",
    host: "db.internal",
    port: 5432,
    originatorAddress: "::1",
    originatorPort: 4000,
  },
  { kind: "line", screen: "ls -l", keys: null },
  { kind: "line", screen: null, keys: "" },
  { kind: "hidden_line", characters: 12 },
  { kind: "data", data: Uint8Array.of(0, 255, 10) },
  { kind: "extended_data", type: 1, data: bytes("no") },
  { kind: "eof" },
  { kind: "close" },
  { kind: "open_confirmation" },
  { kind: "open_failure", reason: 2, description: "refused" },
  { kind: "success" },
  { kind: "failure" },
  { kind: "exit_status", code: 255 },
  { kind: "exit_signal", name: "TERM", coreDumped: false, message: "" },
];

function allOf(framer: ChannelFramer): ChannelMessage[] {
  const found: ChannelMessage[] = [];
  for (;;) {
    const next = framer.next();
    if (next.kind === "need" || next.kind === "malformed") return found;
    // Views of the stream's bytes are compared as bytes of their own.
    found.push(next);
  }
}

Deno.test("ChannelFramer gives back every message, whole and byte by byte", () => {
  const stream = encodeChannelMessages(samples);
  const whole = new ChannelFramer({ messageBytesMax: 1024 });
  whole.push(stream);
  deepStrictEqual(allOf(whole), samples);
  const slow = new ChannelFramer({ messageBytesMax: 1024 });
  const found = [...stream].flatMap((byte) => {
    slow.push(Uint8Array.of(byte));
    return allOf(slow);
  });
  deepStrictEqual(found, samples);
});

Deno.test("decodeChannelMessage refuses trailing and missing bytes of every message", () => {
  for (const sample of samples) {
    const payload = encodeChannelMessages([sample]).subarray(4);
    equal(decodeChannelMessage(Uint8Array.of(...payload, 0)).kind, "malformed", sample.kind);
    equal(decodeChannelMessage(payload.subarray(0, -1)).kind, "malformed", sample.kind);
  }
});

Deno.test("ChannelFramer refuses a message over its limit before its body came", () => {
  const framer = new ChannelFramer({ messageBytesMax: 16 });
  framer.push(Uint8Array.of(0, 0, 0, 17));
  const refused = framer.next();
  equal(refused.kind === "malformed" && refused.code, "message_too_large");
  framer.push(encodeChannelMessages([{ kind: "eof" }]));
  equal(framer.next().kind, "malformed");
});

Deno.test("decodeChannelMessage refuses a name that is not UTF-8", () => {
  const payload = encodeChannelMessages([{ kind: "subsystem", name: "sftp" }]).slice(4);
  payload[payload.length - 1] = 0xff;
  const refused = decodeChannelMessage(payload);
  equal(refused.kind === "malformed" && refused.code, "invalid_utf8");
});

Deno.test("decodeChannelMessage never throws, whatever the bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 96 }), (input) => {
    decodeChannelMessage(input);
  }));
});
