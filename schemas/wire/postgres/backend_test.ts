import { deepStrictEqual, equal, notDeepStrictEqual } from "node:assert/strict";
import { backendBytes, type BackendMessage, decodeBackend } from "./backend.ts";
import { damaged, frameOf, playThreeWays, tagged, wire, type WireCase } from "./testing.ts";

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const cases: readonly WireCase<BackendMessage>[] = [
  {
    name: "AuthenticationOk",
    bytes: "'R' 00000008 00000000",
    message: { kind: "authentication_ok" },
  },
  {
    name: "AuthenticationCleartextPassword",
    bytes: "'R' 00000008 00000003",
    message: { kind: "authentication_cleartext_password" },
  },
  {
    name: "AuthenticationMD5Password",
    bytes: "'R' 0000000c 00000005 01020304",
    message: { kind: "authentication_md5_password", salt: Uint8Array.of(1, 2, 3, 4) },
  },
  {
    name: "AuthenticationSASL",
    bytes: "'R' 0000002a 0000000a 'SCRAM-SHA-256-PLUS' 00 'SCRAM-SHA-256' 00 00",
    message: {
      kind: "authentication_sasl",
      mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
    },
  },
  {
    name: "AuthenticationSASLContinue",
    bytes: "'R' 0000000b 0000000b 'r=x'",
    message: { kind: "authentication_sasl_continue", data: new TextEncoder().encode("r=x") },
  },
  {
    name: "AuthenticationSASLFinal",
    bytes: "'R' 0000000b 0000000c 'v=y'",
    message: { kind: "authentication_sasl_final", data: new TextEncoder().encode("v=y") },
  },
  {
    name: "BackendKeyData",
    bytes: "'K' 0000000c 00000539 01020304",
    message: { kind: "backend_key_data", processId: 1337, secretKey: Uint8Array.of(1, 2, 3, 4) },
  },
  { name: "BindComplete", bytes: "'2' 00000004", message: { kind: "bind_complete" } },
  { name: "CloseComplete", bytes: "'3' 00000004", message: { kind: "close_complete" } },
  { name: "ParseComplete", bytes: "'1' 00000004", message: { kind: "parse_complete" } },
  { name: "PortalSuspended", bytes: "'s' 00000004", message: { kind: "portal_suspended" } },
  { name: "NoData", bytes: "'n' 00000004", message: { kind: "no_data" } },
  { name: "EmptyQueryResponse", bytes: "'I' 00000004", message: { kind: "empty_query_response" } },
  { name: "CopyDone", bytes: "'c' 00000004", message: { kind: "copy_done" } },
  {
    name: "CommandComplete",
    bytes: "'C' 0000000d 'SELECT 1' 00",
    message: { kind: "command_complete", tag: "SELECT 1" },
  },
  {
    name: "CopyInResponse",
    bytes: "'G' 0000000b 00 0002 0000 0000",
    message: { kind: "copy_in_response", format: 0, columnFormats: [0, 0] },
  },
  {
    name: "CopyOutResponse",
    bytes: "'H' 00000009 01 0001 0001",
    message: { kind: "copy_out_response", format: 1, columnFormats: [1] },
  },
  {
    name: "CopyBothResponse",
    bytes: "'W' 00000007 00 0000",
    message: { kind: "copy_both_response", format: 0, columnFormats: [] },
  },
  {
    name: "CopyData",
    bytes: "'d' 00000006 'a' 0a",
    message: { kind: "copy_data", data: Uint8Array.of(0x61, 10) },
  },
  {
    name: "DataRow",
    bytes: "'D' 00000014 0003 00000002 '42' ffffffff 00000000",
    message: { kind: "data_row", values: [Uint8Array.of(0x34, 0x32), null, new Uint8Array(0)] },
  },
  {
    name: "ErrorResponse with a field of an unknown code",
    bytes: "'E' 00000018 'S' 'ERROR' 00 'C' '42601' 00 '%' '!' 00 'M' 00 00",
    message: {
      kind: "error_response",
      fields: [
        { code: "S", value: "ERROR" },
        { code: "C", value: "42601" },
        { code: "%", value: "!" },
        { code: "M", value: "" },
      ],
    },
  },
  {
    name: "NoticeResponse",
    bytes: "'N' 00000009 'M' 'hi' 00 00",
    message: { kind: "notice_response", fields: [{ code: "M", value: "hi" }] },
  },
  {
    name: "FunctionCallResponse",
    bytes: "'V' 0000000a 00000002 'ok'",
    message: { kind: "function_call_response", value: new TextEncoder().encode("ok") },
  },
  {
    name: "FunctionCallResponse of null",
    bytes: "'V' 00000008 ffffffff",
    message: { kind: "function_call_response", value: null },
  },
  {
    name: "NegotiateProtocolVersion",
    bytes: "'v' 00000013 00030002 00000001 '_pq_.x' 00",
    message: {
      kind: "negotiate_protocol_version",
      version: 196610,
      unknownOptions: ["_pq_.x"],
    },
  },
  {
    name: "NotificationResponse",
    bytes: "'A' 0000000f 00000539 'ch' 00 'abc' 00",
    message: { kind: "notification_response", processId: 1337, channel: "ch", payload: "abc" },
  },
  {
    name: "ParameterDescription",
    bytes: "'t' 0000000e 0002 00000017 ffffffff",
    message: { kind: "parameter_description", types: [23, 0xffffffff] },
  },
  {
    name: "ParameterStatus",
    bytes: "'S' 00000019 'client_encoding' 00 'UTF8' 00",
    message: { kind: "parameter_status", name: "client_encoding", value: "UTF8" },
  },
  {
    name: "ReadyForQuery",
    bytes: "'Z' 00000005 'T'",
    message: { kind: "ready_for_query", status: "in_transaction" },
  },
  {
    name: "RowDescription",
    bytes: "'T' 0000001b 0001 'id' 00 00004001 0001 00000017 0004 ffffffff 0001",
    message: {
      kind: "row_description",
      fields: [{
        name: "id",
        tableOid: 16385,
        attribute: 1,
        typeOid: 23,
        typeSize: 4,
        typeModifier: -1,
        format: 1,
      }],
    },
  },
];

const openEnded: ReadonlySet<string> = new Set([
  "copy_data",
  "authentication_sasl_continue",
  "authentication_sasl_final",
  "backend_key_data",
]);

for (const { name, bytes, message } of cases) {
  Deno.test(`backend: ${name} plays whole, byte by byte and followed`, () => {
    const frame = playThreeWays(wire(bytes));
    deepStrictEqual(decodeBackend(frame), message);
    deepStrictEqual(backendBytes(message), wire(bytes));
  });

  Deno.test(`backend: ${name} cut or lengthened is malformed`, () => {
    for (const frame of damaged(wire(bytes))) {
      const decoded = decodeBackend(frame);
      notDeepStrictEqual(decoded, message);
      if (!openEnded.has(message.kind)) {
        equal(decoded.kind, "malformed", `body of ${frame.raw.length - 5} bytes`);
      }
    }
  });
}

const malformedCases: readonly [string, string, string][] = [
  ["an unknown tag", "'?' 00000004", "unknown_tag"],
  ["a frontend's tag", "'Q' 00000005 00", "unknown_tag"],
  ["authentication by GSSAPI", "'R' 00000008 00000007", "unsupported_authentication"],
  ["a salt of three bytes", "'R' 0000000b 00000005 010203", "truncated"],
  ["a key of three bytes", "'K' 0000000b 00000539 010203", "truncated"],
  ["a value of length -2", "'D' 0000000a 0001 fffffffe", "negative_length"],
  ["a value of length -2147483648", "'D' 0000000a 0001 80000000", "negative_length"],
  ["a value of length 2147483647", "'D' 0000000a 0001 7fffffff", "truncated"],
  ["more values than are there", "'D' 0000000a ffff ffffffff", "truncated"],
  ["a value beyond the count", "'D' 0000000e 0001 ffffffff ffffffff", "trailing_bytes"],
  ["a status that does not exist", "'Z' 00000005 'X'", "invalid_value"],
  [
    "a column format of 2",
    "'T' 00000019 0001 00 00000000 0000 00000000 0000 00000000 0002",
    "invalid_value",
  ],
  [
    "a column name that is not UTF-8",
    "'T' 0000001a 0001 ff 00 00000000 0000 00000000 0000 00000000 0000",
    "invalid_utf8",
  ],
  ["binary columns in a text COPY", "'H' 00000009 00 0001 0001", "invalid_value"],
  ["an option count of -1", "'v' 0000000c 00030000 ffffffff", "negative_length"],
  ["an error without its end", "'E' 00000007 'M' 'x' 00", "truncated"],
  ["an error with bytes behind its end", "'E' 00000006 00 00", "trailing_bytes"],
];

for (const [what, bytes, code] of malformedCases) {
  Deno.test(`decodeBackend() refuses ${what}`, () => {
    const decoded = decodeBackend(frameOf(wire(bytes)));
    equal(decoded.kind === "malformed" && decoded.code, code);
  });
}

Deno.test("decodeBackend() takes a key of 256 bytes and refuses 257", () => {
  for (const [length, kind] of [[256, "backend_key_data"], [257, "malformed"]] as const) {
    const frame = frameOf(tagged("K", new Uint8Array(4 + length)));
    equal(decodeBackend(frame).kind, kind);
  }
});

Deno.test("decodeBackend() reads an error that is not UTF-8, and the frame keeps its bytes", () => {
  const bytes = wire("'E' 00000008 'M' e9 00 00");
  const frame = frameOf(bytes);
  const fields = [{ code: "M", value: "\uFFFD" }];
  deepStrictEqual(decodeBackend(frame), { kind: "error_response", fields });
  deepStrictEqual(frame.raw, bytes);
});
