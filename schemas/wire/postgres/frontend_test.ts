import { deepStrictEqual, equal, notDeepStrictEqual } from "node:assert/strict";
import { decodeFrontend, frontendBytes, type FrontendMessage } from "./frontend.ts";
import type { State } from "./states.ts";
import { damaged, frameOf, playThreeWays, wire, type WireCase } from "./testing.ts";

type Case = WireCase<FrontendMessage> & { readonly state: State };

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const cases: readonly Case[] = [
  {
    name: "Query",
    state: "ready",
    bytes: "'Q' 0000000d 'select 1' 00",
    message: { kind: "query", text: "select 1" },
  },
  {
    name: "Query that begins with a byte order mark",
    state: "ready",
    bytes: "'Q' 00000009 efbbbf 78 00",
    message: { kind: "query", text: "\uFEFFx" },
  },
  {
    name: "Parse",
    state: "ready",
    bytes: "'P' 0000001b 's1' 00 'select $1' 00 0002 00000017 fffffffe",
    message: {
      kind: "parse",
      statement: "s1",
      text: "select $1",
      parameterTypes: [23, 0xfffffffe],
    },
  },
  {
    name: "Bind with one format for all",
    state: "extended",
    bytes: "'B' 0000001f 'p' 00 's1' 00 0001 0001 0002 00000004 0000002a ffffffff 0001 0000",
    message: {
      kind: "bind",
      portal: "p",
      statement: "s1",
      parameterFormats: [1],
      parameters: [Uint8Array.of(0, 0, 0, 42), null],
      resultFormats: [0],
    },
  },
  {
    name: "Bind of nothing",
    state: "ready",
    bytes: "'B' 0000000c 00 00 0000 0000 0000",
    message: {
      kind: "bind",
      portal: "",
      statement: "",
      parameterFormats: [],
      parameters: [],
      resultFormats: [],
    },
  },
  {
    name: "Describe a statement",
    state: "extended",
    bytes: "'D' 00000008 'S' 's1' 00",
    message: { kind: "describe", target: "statement", name: "s1" },
  },
  {
    name: "Describe a portal",
    state: "extended",
    bytes: "'D' 00000006 'P' 00",
    message: { kind: "describe", target: "portal", name: "" },
  },
  {
    name: "Close",
    state: "extended",
    bytes: "'C' 00000008 'S' 's1' 00",
    message: { kind: "close", target: "statement", name: "s1" },
  },
  {
    name: "Execute",
    state: "extended",
    bytes: "'E' 0000000a 'p' 00 00000064",
    message: { kind: "execute", portal: "p", rowsMax: 100 },
  },
  { name: "Sync", state: "extended", bytes: "'S' 00000004", message: { kind: "sync" } },
  { name: "Flush", state: "extended", bytes: "'H' 00000004", message: { kind: "flush" } },
  { name: "Terminate", state: "ready", bytes: "'X' 00000004", message: { kind: "terminate" } },
  { name: "CopyDone", state: "copy_in", bytes: "'c' 00000004", message: { kind: "copy_done" } },
  {
    name: "CopyData",
    state: "copy_in",
    bytes: "'d' 00000008 '1' 09 '2' 0a",
    message: { kind: "copy_data", data: Uint8Array.of(0x31, 9, 0x32, 10) },
  },
  {
    name: "CopyFail",
    state: "copy_in",
    bytes: "'f' 00000007 'no' 00",
    message: { kind: "copy_fail", reason: "no" },
  },
  {
    name: "FunctionCall",
    state: "ready",
    bytes: "'F' 00000018 00000501 0001 0001 0001 00000004 0000002a 0000",
    message: {
      kind: "function_call",
      functionOid: 1281,
      argumentFormats: [1],
      arguments: [Uint8Array.of(0, 0, 0, 42)],
      resultFormat: 0,
    },
  },
  {
    name: "PasswordMessage",
    state: "password",
    bytes: "'p' 0000000b 'secret' 00",
    message: { kind: "password", password: "secret" },
  },
  {
    name: "SASLInitialResponse",
    state: "sasl_initial",
    bytes: "'p' 00000019 'SCRAM-SHA-1' 00 00000005 'n,,n='",
    message: {
      kind: "sasl_initial_response",
      mechanism: "SCRAM-SHA-1",
      data: new TextEncoder().encode("n,,n="),
    },
  },
  {
    name: "SASLInitialResponse without data",
    state: "sasl_initial",
    bytes: "'p' 00000014 'OAUTHBEARER' 00 ffffffff",
    message: { kind: "sasl_initial_response", mechanism: "OAUTHBEARER", data: null },
  },
  {
    name: "SASLResponse",
    state: "sasl",
    bytes: "'p' 00000007 'c=b'",
    message: { kind: "sasl_response", data: new TextEncoder().encode("c=b") },
  },
];

for (const { name, state, bytes, message } of cases) {
  Deno.test(`frontend: ${name} plays whole, byte by byte and followed`, () => {
    const frame = playThreeWays(wire(bytes));
    deepStrictEqual(decodeFrontend(frame, state), message);
    deepStrictEqual(frontendBytes(message), wire(bytes));
  });

  Deno.test(`frontend: ${name} cut or lengthened is malformed`, () => {
    const openEnded = message.kind === "copy_data" || message.kind === "sasl_response";
    for (const frame of damaged(wire(bytes))) {
      const decoded = decodeFrontend(frame, state);
      notDeepStrictEqual(decoded, message);
      if (!openEnded) equal(decoded.kind, "malformed", `body of ${frame.raw.length - 5} bytes`);
    }
  });
}

const malformedCases: readonly [string, State, string, string][] = [
  ["an unknown tag", "ready", "'z' 00000004", "unknown_tag"],
  ["a backend's tag", "ready", "'T' 00000006 0000", "unknown_tag"],
  ["a password in a session", "ready", "'p' 00000005 00", "unexpected_message"],
  ["a query before authentication", "password", "'Q' 00000005 00", "unexpected_message"],
  ["a query before Sync", "extended", "'Q' 00000005 00", "unexpected_message"],
  ["anything after Terminate", "closed", "'S' 00000004", "unexpected_message"],
  ["a statement that is not UTF-8", "ready", "'Q' 00000006 ff 00", "invalid_utf8"],
  ["an overlong zero", "ready", "'Q' 00000007 c080 00", "invalid_utf8"],
  ["a name that is not UTF-8", "ready", "'P' 00000009 c3 00 00 0000", "invalid_utf8"],
  ["two strings in a Query", "ready", "'Q' 00000008 '1' 00 '2' 00", "trailing_bytes"],
  ["a Query without its zero", "ready", "'Q' 00000005 '1'", "unterminated_string"],
  ["a Sync with a body", "ready", "'S' 00000005 00", "trailing_bytes"],
  [
    "a parameter of length -2",
    "ready",
    "'B' 00000010 00 00 0000 0001 fffffffe 0000",
    "negative_length",
  ],
  [
    "a parameter that is too long",
    "ready",
    "'B' 00000010 00 00 0000 0001 7fffffff 0000",
    "truncated",
  ],
  [
    "65535 parameters that are not there",
    "ready",
    "'B' 0000000c 00 00 0000 ffff 0000",
    "truncated",
  ],
  ["format 2", "ready", "'B' 0000000e 00 00 0001 0002 0000 0000", "invalid_value"],
  [
    "two formats for one",
    "ready",
    "'B' 00000014 00 00 0002 0000 0000 0001 ffffffff 0000",
    "count_mismatch",
  ],
  [
    "a call's two formats for one argument",
    "ready",
    "'F' 00000016 00000501 0002 0000 0000 0001 ffffffff 0000",
    "count_mismatch",
  ],
  ["a Describe of neither", "ready", "'D' 00000006 'X' 00", "invalid_value"],
  ["SASL data of length -2", "sasl_initial", "'p' 0000000a 'A' 00 fffffffe", "negative_length"],
];

for (const [what, state, bytes, code] of malformedCases) {
  Deno.test(`decodeFrontend() refuses ${what}`, () => {
    const decoded = decodeFrontend(frameOf(wire(bytes)), state);
    equal(decoded.kind === "malformed" && decoded.code, code);
  });
}
