/** Requests over SSH in words. @module */
import { deepStrictEqual, equal } from "node:assert/strict";
import { encodeSftpClient } from "#schemas/wire/sftp/client.ts";
import { type ChannelMessage, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
import { lineOf, requestWords } from "./ssh_words.ts";

const utf8 = new TextEncoder();
const wordsOf = (...messages: ChannelMessage[]) => requestWords(encodeChannelMessages(messages));
const data = (...parts: Uint8Array[]): ChannelMessage => {
  return { kind: "data", data: Uint8Array.from(parts.flatMap((part) => [...part])) };
};

Deno.test("a request says all that it asks, without what detectors find", () => {
  const env = { kind: "env", name: "LANG", value: "C" } as const;
  const command = utf8.encode("grep 536-22-1234 /srv/notes\nrm x");
  deepStrictEqual(wordsOf(env, { kind: "exec", command }), [
    "LANG=C",
    "$ grep [ssn] /srv/notes\nrm x",
  ]);
  const from = { originatorAddress: "", originatorPort: 0 };
  deepStrictEqual(wordsOf({ kind: "direct_tcpip", host: "db", port: 5432, ...from }), [
    "forward to db:5432",
  ]);
  const remove = encodeSftpClient({ kind: "remove", id: 1, path: "/srv/a" });
  const rename = encodeSftpClient({ kind: "rename", id: 2, from: "/a", to: "/b" });
  deepStrictEqual(wordsOf(data(remove, rename)), ["remove /srv/a", "rename /a /b"]);
});

Deno.test("a line and its Enter key are the line; what else is typed has no words", () => {
  const line = { kind: "line", screen: "ls", keys: null } as const;
  deepStrictEqual(wordsOf(line, data(utf8.encode("\r"))), ["> ls"]);
  equal(wordsOf(line, data(utf8.encode("x\r"))), null);
  const hidden = { kind: "hidden_line", characters: 7 } as const;
  deepStrictEqual(wordsOf(hidden, data(utf8.encode("\r"))), ["> (7 characters, typed unseen)"]);
  equal(wordsOf(data(utf8.encode("\r"))), null);
});

Deno.test("what cannot be read to its end has no words", () => {
  equal(wordsOf(data(utf8.encode("rm -rf /"))), null);
  const remove = encodeSftpClient({ kind: "remove", id: 1, path: "/srv/a" });
  equal(wordsOf(data(remove.subarray(0, 9))), null);
  equal(requestWords(encodeChannelMessages([{ kind: "shell" }]).subarray(0, 6)), null);
  equal(requestWords(Uint8Array.of(0, 0, 0, 1, 0xff)), null);
});

Deno.test("a line is one line, and no longer than is shown", () => {
  equal(lineOf("a\r\nb\x1b[2Jc\u2028d"), "a b [2Jc d");
  equal(lineOf("x".repeat(500)).length, 200);
});
