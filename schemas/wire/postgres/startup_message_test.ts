import { deepStrictEqual, equal, fail } from "node:assert/strict";
import fc from "fast-check";
import { Writer } from "../cursor.ts";
import { Framer, parseStartupFrame } from "./frame.ts";
import { encodeStartupPacket, protocolVersion, type StartupPacket } from "./startup_message.ts";
import { concat, eachByte, limits, wire, type WireCase } from "./testing.ts";

const cases: readonly WireCase<StartupPacket>[] = [
  { name: "SSLRequest", bytes: "00000008 04d2162f", message: { kind: "ssl_request" } },
  { name: "GSSENCRequest", bytes: "00000008 04d21630", message: { kind: "gssenc_request" } },
  {
    name: "CancelRequest of protocol 3.0",
    bytes: "00000010 04d2162e 00000539 01020304",
    message: { kind: "cancel_request", processId: 1337, secretKey: Uint8Array.of(1, 2, 3, 4) },
  },
  {
    name: "CancelRequest of protocol 3.2",
    bytes: "00000014 04d2162e ffffffff 0102030405060708",
    message: {
      kind: "cancel_request",
      processId: -1,
      secretKey: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    },
  },
  {
    name: "StartupMessage",
    bytes: "0000001f 00030000 'user' 00 'bot' 00 'database' 00 'ehr' 00 00",
    message: {
      kind: "startup_message",
      minor: 0,
      parameters: new Map([["user", "bot"], ["database", "ehr"]]),
      options: new Map(),
    },
  },
  {
    name: "StartupMessage of an unknown minor version with an option",
    bytes: "00000021 0003270f 'user' 00 'bot' 00 '_pq_.command' 00 '1' 00 00",
    message: {
      kind: "startup_message",
      minor: 9999,
      parameters: new Map([["user", "bot"]]),
      options: new Map([["_pq_.command", "1"]]),
    },
  },
];

for (const { name, bytes, message } of cases) {
  Deno.test(`startup: ${name} plays whole, byte by byte and followed`, () => {
    const input = wire(bytes);
    const expected = { kind: "startup_frame", raw: input, packet: message };
    const whole = parseStartupFrame(input, limits);
    deepStrictEqual(whole, { kind: "message", message: expected, rest: wire("") });
    const tail = wire("'S' 00000004");
    const followed = parseStartupFrame(concat(input, tail), limits);
    deepStrictEqual(followed, { kind: "message", message: expected, rest: tail });
    const framer = new Framer(limits);
    for (const byte of eachByte(input)) {
      equal(framer.nextStartup().kind, "need");
      framer.push(byte);
    }
    deepStrictEqual(framer.nextStartup(), expected);
    deepStrictEqual(encodeStartupPacket(message, new Writer()).bytes(), input);
  });
}

const malformedCases: readonly [string, string, string][] = [
  ["a length below its code", "00000007", "length_below_minimum"],
  ["a TLS ClientHello", "16030100", "message_too_large"],
  ["protocol 2", "00000008 00020000", "unsupported_protocol"],
  ["protocol 4", "00000008 00040000", "unsupported_protocol"],
  ["an unknown special code", "00000008 04d21631", "unsupported_protocol"],
  ["an SSLRequest with a body", "00000009 04d2162f 00", "trailing_bytes"],
  ["a cancel key of three bytes", "0000000f 04d2162e 00000539 010203", "truncated"],
  ["no end of the parameters", "00000008 00030000", "unterminated_string"],
  ["a parameter without value", "0000000d 00030000 'user' 00", "unterminated_string"],
  ["bytes after the end", "0000000a 00030000 00 00", "trailing_bytes"],
  ["two users", "00000011 00030000 'u' 00 'a' 00 'u' 00 'b' 00 00", "duplicate_parameter"],
  ["a user that is not UTF-8", "0000000d 00030000 'u' 00 ff 00 00", "invalid_utf8"],
];

for (const [what, bytes, code] of malformedCases) {
  Deno.test(`parseStartupFrame() refuses ${what}`, () => {
    const parsed = parseStartupFrame(wire(bytes), limits);
    equal(parsed.kind === "malformed" && parsed.reason.code, code);
  });
}

Deno.test("parseStartupFrame() takes a cancel key of 256 bytes and refuses 257", () => {
  for (const [length, kind] of [[256, "message"], [257, "malformed"]] as const) {
    const secretKey = new Uint8Array(length).fill(7);
    const writer = new Writer();
    const packet = { kind: "cancel_request", processId: 1, secretKey } as const;
    equal(parseStartupFrame(encodeStartupPacket(packet, writer).bytes(), limits).kind, kind);
  }
});

Deno.test("protocolVersion() is the number on the wire", () => {
  deepStrictEqual([protocolVersion(0), protocolVersion(2)], [196608, 196610]);
});

Deno.test("parseStartupFrame() gives back what encodeStartupPacket() wrote", () => {
  const name = fc.string({ unit: "binary", minLength: 1 }).map((text) =>
    `n${text.replaceAll("\0", "")}`
  );
  const value = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", ""));
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 5 });
  fc.assert(
    fc.property(fc.nat(0xffff), pairs, pairs, (minor, parameters, options) => {
      const packet: StartupPacket = {
        kind: "startup_message",
        minor,
        parameters: new Map(parameters),
        options: new Map(options.map(([key, text]) => [`_pq_.${key}`, text])),
      };
      const bytes = encodeStartupPacket(packet, new Writer()).bytes();
      const parsed = parseStartupFrame(bytes, limits);
      if (parsed.kind !== "message") return fail(parsed.kind);
      deepStrictEqual(parsed.message.packet, packet);
    }),
    { seed: 6, numRuns: 300 },
  );
});
