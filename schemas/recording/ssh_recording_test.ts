/** Stored frames of a channel as a terminal that was recorded. @module */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { maskedHeader } from "#schemas/frames.ts";
import { encodeSftpClient, type SftpClientPacket, sftpOpen } from "#schemas/wire/sftp/client.ts";
import { encodeSftpServer, type SftpServerPacket } from "#schemas/wire/sftp/server.ts";
import { type ChannelMessage, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { castHeader, castLines } from "./asciicast.ts";
import { type RecordedFrame, SshRecording } from "./ssh_recording.ts";

const utf8 = new TextEncoder();
const pty = {
  kind: "pty",
  term: "xterm-256color",
  modes: new Uint8Array(0),
  columns: 100,
  rows: 30,
  widthPixels: 0,
  heightPixels: 0,
} as const;

/** Counts bytes where SHA-256 is not needed. */
function counting() {
  let bytes = 0;
  return {
    update: (more: Uint8Array) => bytes += more.length,
    digest: () => `of ${bytes}`,
  };
}

function session() {
  const recording = new SshRecording("s1", counting);
  let timeMs = 1_000_000;
  let part = 0;
  const take = (more: Partial<RecordedFrame>) => {
    timeMs += 500;
    const frame = { kind: "", request: 1, part: 0, more: false, headers: new Map(), timeMs };
    const events = recording.take({ ...frame, payload: new Uint8Array(0), ...more });
    return events.map(({ code, data }) => `${code} ${data}`);
  };
  return {
    recording,
    asks: (request: number, ...messages: ChannelMessage[]) =>
      take({ kind: "request", request, payload: encodeChannelMessages(messages) }),
    judges: (request: number, decision: "allow" | "deny" | "hold", policy = "p1") => {
      const reason = { code: "c", policy, message: "", detail: "", hint: "", sqlstate: "42501" };
      const verdict = {
        version: 1,
        request,
        digest: "0".repeat(64),
        decision,
        policies: [],
        policyVersion: "",
        catalogDigest: null,
        reasons: decision === "allow" ? [] : [reason],
        statements: [],
        plan: { results: [], errors: "keep" },
        parsed: null,
        durationMsMax: 1,
        approval: null,
        cancels: null,
      };
      return take({ kind: "verdict", request, payload: utf8.encode(JSON.stringify(verdict)) });
    },
    shows: (headers: ReadonlyMap<string, string>, ...messages: ChannelMessage[]) =>
      take({ kind: "response", part: part++, headers, payload: encodeChannelMessages(messages) }),
  };
}
const none = new Map<string, string>();
const data = (text: string): ChannelMessage => ({ kind: "data", data: utf8.encode(text) });

Deno.test("a shell is recorded: its size, what it showed, what was typed and judged", () => {
  const { recording, asks, judges, shows } = session();
  asks(1, pty, { kind: "shell" });
  deepStrictEqual(judges(1, "allow"), ["m shell"]);
  deepStrictEqual(recording.header(), {
    columns: 100,
    rows: 30,
    terminal: "xterm-256color",
    startedAtMs: 1_000_500,
    title: "s1",
  });
  deepStrictEqual(shows(none, data("$ \x1b]52;c;eA==\x07")), ["o $ "]);
  asks(2, { kind: "line", screen: "ls 536-22-1234", keys: null }, data("\r"));
  deepStrictEqual(judges(2, "allow"), ["m > ls [ssn]"]);
  asks(3, { kind: "line", screen: "rm -rf /\x1b[2J", keys: null }, data("\r"));
  deepStrictEqual(judges(3, "deny"), ["m denied (p1): > rm -rf / [2J"]);
  asks(4, { ...pty, kind: "window_change", columns: 5000, rows: 40 });
  deepStrictEqual(judges(4, "allow"), ["r 80x40"]);
  deepStrictEqual(shows(none, { kind: "exit_status", code: 3 }, { kind: "close" }), ["x 3"]);
});

Deno.test("a character that is cut in two is shown once whole, and no part twice", () => {
  const { recording, asks, judges, shows } = session();
  asks(1, { kind: "exec", command: utf8.encode("cat x") });
  judges(1, "allow");
  const bytes = utf8.encode("é\n");
  deepStrictEqual(shows(none, { kind: "data", data: bytes.slice(0, 1) }), []);
  deepStrictEqual(shows(none, { kind: "data", data: bytes.slice(1) }), ["o é\r\n"]);
  const again = { kind: "response", request: 1, part: 1, more: true, timeMs: 0, headers: none };
  deepStrictEqual(recording.take({ ...again, payload: encodeChannelMessages([data("x")]) }), []);
});

Deno.test("sftp is recorded by its operations, and files by their size and hash", () => {
  const { asks, judges, shows } = session();
  const packets = (...all: SftpClientPacket[]): ChannelMessage => ({
    kind: "data",
    data: Uint8Array.from(all.flatMap((packet) => [...encodeSftpClient(packet)])),
  });
  const answers = (...all: SftpServerPacket[]): ChannelMessage => ({
    kind: "data",
    data: Uint8Array.from(all.flatMap((packet) => [...encodeSftpServer(packet)])),
  });
  asks(1, { kind: "subsystem", name: "sftp" });
  deepStrictEqual(judges(1, "allow"), ["m sftp"]);
  const handle = utf8.encode("h");
  asks(2, packets({ kind: "open", id: 1, path: "/srv/a", flags: sftpOpen.read, attributes: {} }));
  deepStrictEqual(judges(2, "allow"), ["o open /srv/a to read\r\n"]);
  shows(none, answers({ kind: "handle", id: 1, handle }));
  asks(3, packets({ kind: "read", id: 2, handle, offset: 0n, length: 9 }));
  judges(3, "allow");
  const masked = new Map([[maskedHeader, "ssn=1"]]);
  deepStrictEqual(shows(masked, answers({ kind: "data", id: 2, data: utf8.encode("[ssn]") })), []);
  asks(4, packets({ kind: "close", id: 3, handle }));
  judges(4, "allow");
  const ok0 = { kind: "status", id: 3, code: 0, message: new Uint8Array(0) } as const;
  deepStrictEqual(shows(none, answers(ok0)), [
    "o read /srv/a: 5 bytes, sha256 of 5, masked ssn 1\r\n",
  ]);
  asks(5, packets({ kind: "remove", id: 4, path: "/srv/536-22-1234" }));
  deepStrictEqual(judges(5, "deny"), ["o denied: remove /srv/[ssn]\r\n"]);
  asks(6, packets({ kind: "mkdir", id: 5, path: "/srv/b", attributes: {} }));
  judges(6, "allow");
  deepStrictEqual(shows(none, answers({ ...ok0, id: 5, code: 3 })), [
    "o mkdir /srv/b: permission denied\r\n",
  ]);
});

Deno.test("an asciicast is a header and events, a JSON document a line", () => {
  const header = { columns: 80, rows: 24, terminal: null, startedAtMs: 5500, title: "t" };
  deepStrictEqual(JSON.parse(castHeader(header)), {
    version: 3,
    term: { cols: 80, rows: 24 },
    timestamp: 5,
    title: "t",
  });
  const line = castLines(5500);
  equal(line({ atMs: 6000, code: "o", data: "a\n" }), '[0.5,"o","a\\n"]\n');
  equal(line({ atMs: 5000, code: "m", data: "back" }), '[0,"m","back"]\n');
  ok(line({ atMs: 7000, code: "x", data: "0" }).startsWith("[1,"));
});
