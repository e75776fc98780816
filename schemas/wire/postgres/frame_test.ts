import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Framer, parseFrame, parseStartupFrame } from "./frame.ts";
import { concat, eachByte, framesOf, limits, tagged, wire } from "./testing.ts";

function malformedCode(result: ReturnType<typeof parseFrame>): string {
  return result.kind === "malformed" ? result.reason.code : result.kind;
}

Deno.test("parseFrame() refuses hostile lengths from the header alone", () => {
  const max = { messageBytesMax: 1024 };
  equal(malformedCode(parseFrame(wire("'Q' 00000000"), max)), "length_below_minimum");
  equal(malformedCode(parseFrame(wire("'Q' 00000003"), max)), "length_below_minimum");
  equal(malformedCode(parseFrame(wire("'Q' ffffffff"), max)), "negative_length");
  equal(malformedCode(parseFrame(wire("'Q' 80000000"), max)), "negative_length");
  equal(malformedCode(parseFrame(wire("'Q' 7fffffff"), max)), "message_too_large");
});

Deno.test("parseFrame() counts tag, length and body against the limit", () => {
  deepStrictEqual(parseFrame(wire("'Q' 000003ff"), { messageBytesMax: 1024 }), {
    kind: "need",
    bytes: 1019,
  });
  equal(
    malformedCode(parseFrame(wire("'Q' 00000400"), { messageBytesMax: 1024 })),
    "message_too_large",
  );
});

Deno.test("parseFrame() says how many bytes it needs", () => {
  deepStrictEqual(parseFrame(wire(""), limits), { kind: "need", bytes: 5 });
  deepStrictEqual(parseFrame(wire("'Q' 0000"), limits), { kind: "need", bytes: 2 });
  deepStrictEqual(parseFrame(wire("'Q' 00000006 '1'"), limits), { kind: "need", bytes: 1 });
});

Deno.test("Framer names an oversized message at its header, and stays malformed", () => {
  const framer = new Framer({ messageBytesMax: 100 });
  framer.push(wire("'B' 000f42"));
  equal(framer.next().kind, "need");
  equal(framer.header, null);
  framer.push(wire("40"));
  const refused = framer.next();
  equal(refused.kind === "malformed" && refused.code, "message_too_large");
  deepStrictEqual(framer.header, { tag: "B", messageBytes: 1_000_001 });
  framer.push(wire("'S' 00000004"));
  equal(framer.next(), refused);
});

Deno.test("Framer tells tag and size of what is still coming, and the limit can be raised", () => {
  const framer = new Framer({ messageBytesMax: 10 });
  framer.push(wire("'S' 00000004 'Q' 00000008 '12'"));
  equal(framer.next().kind, "frame");
  deepStrictEqual(framer.next(), { kind: "need", bytes: 2 });
  deepStrictEqual(framer.header, { tag: "Q", messageBytes: 9 });
  equal(framer.buffered, 7);
  framer.push(wire("'3' 00"));
  equal(framer.next().kind, "frame");
  equal(framer.header, null);
  framer.setLimits({ messageBytesMax: 1000 });
  framer.push(wire("'Q' 000000ff"));
  deepStrictEqual(framer.next(), { kind: "need", bytes: 251 });
});

Deno.test("Framer keeps memory in proportion to what came, not to what was announced", () => {
  const framer = new Framer({ messageBytesMax: 1 << 30 });
  framer.push(wire("'d' 3fffffff"));
  equal(framer.next().kind, "need");
  framer.push(new Uint8Array(1000));
  equal(framer.next().kind, "need");
  equal(framer.buffered, 1005);
  ok(framer.reserved <= 2 * 1005, `${framer.reserved} bytes reserved`);
  equal(framer.takeRest().length, 1005);
  equal(framer.buffered, 0);
});

Deno.test("Framer copies a large message that comes in many chunks a few times at most", () => {
  const body = new Uint8Array(4_000_000).map((_, index) => index % 251);
  const message = tagged("d", body);
  let written = 0;
  const original = Uint8Array.prototype.set;
  const counted: typeof original = function (this: Uint8Array, source, offset) {
    written += source.length;
    return original.call(this, source, offset);
  };
  const framer = new Framer({ messageBytesMax: 5_000_000 });
  Uint8Array.prototype.set = counted;
  try {
    for (let offset = 0; offset < message.length; offset += 100) {
      framer.push(message.subarray(offset, offset + 100));
      const next = framer.next();
      if (next.kind === "frame") deepStrictEqual(next.raw.length, message.length);
      else equal(next.kind, "need");
    }
  } finally {
    Uint8Array.prototype.set = original;
  }
  equal(framer.buffered, 0);
  ok(written >= message.length && written < 4 * message.length, `${written} bytes copied`);
});

Deno.test("Framer takes a chunk pushed before the last one was used up", () => {
  const framer = new Framer(limits);
  framer.push(wire("'S' 00000004 'H' 000000"));
  framer.push(wire("04 'X'"));
  framer.push(wire("00000004"));
  const tags = [framer.next(), framer.next(), framer.next()]
    .map((next) => next.kind === "frame" ? next.tag : next.kind);
  deepStrictEqual(tags, ["S", "H", "X"]);
});

Deno.test("Framer changes from untagged to tagged within one chunk", () => {
  const framer = new Framer(limits);
  framer.push(wire("00000008 04d2162f 00000008 00030000 'Q' 00000004"));
  const first = framer.nextStartup();
  equal(first.kind === "startup_frame" && first.packet.kind, "ssl_request");
  equal(framer.buffered, 13, "what follows an SSLRequest in the clear is seen");
  framer.takeRest();
  framer.push(wire("00000009 00030000 00 'S' 00000004"));
  const second = framer.nextStartup();
  equal(second.kind === "startup_frame" && second.packet.kind, "startup_message");
  equal(framer.next().kind, "frame");
});

Deno.test("Framer.nextStartup() is bounded whatever the limit, and sticks when malformed", () => {
  const framer = new Framer({ messageBytesMax: 1 << 30 });
  framer.push(wire("00002711"));
  const refused = framer.nextStartup();
  equal(refused.kind === "malformed" && refused.code, "message_too_large");
  const broken = new Framer(limits);
  broken.push(wire("00000008 00020000 'S' 00000004"));
  const reason = broken.nextStartup();
  equal(reason.kind === "malformed" && reason.code, "unsupported_protocol");
  equal(broken.next(), reason);
});

const message = fc.tuple(fc.constantFrom(..."QPBDECdcf"), fc.uint8Array({ maxLength: 300 }))
  .map(([tag, body]) => tagged(tag, body));
const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 });

function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

Deno.test("Framer gives the same frames for any chunking; with the rest they are the input", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), cuts, fc.nat(400), (messages, sizes, cut) => {
      const whole = concat(...messages);
      const input = whole.subarray(0, Math.max(0, whole.length - cut));
      const framer = new Framer(limits);
      const frames = framesOf(chunksOf(input, sizes), framer);
      deepStrictEqual(frames, framesOf([input]));
      deepStrictEqual(concat(...frames.map((frame) => frame.raw), framer.takeRest()), input);
    }),
    { seed: 3, numRuns: 500 },
  );
});

Deno.test("parseFrame() and Framer agree on hostile bytes, and neither throws", () => {
  const hostile = fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 4, 8, 127, 255), fc.nat(255)), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(hostile, (input) => {
      const bytes = Uint8Array.from(input);
      let rest: Uint8Array = bytes;
      const framer = new Framer({ messageBytesMax: 64 });
      framer.push(bytes);
      for (;;) {
        const parsed = parseFrame(rest, { messageBytesMax: 64 });
        const next = framer.next();
        if (parsed.kind !== "message") {
          deepStrictEqual(next, parsed.kind === "need" ? parsed : parsed.reason);
          return;
        }
        deepStrictEqual(next, parsed.message);
        rest = parsed.rest;
      }
    }),
    { seed: 4, numRuns: 2000 },
  );
});

Deno.test("parseStartupFrame() and nextStartup() never throw, and agree byte by byte", () => {
  const head = fc.constantFrom("00000008", "0000000c", "00000010", "00000004", "7fffffff");
  const code = fc.constantFrom("04d2162f", "04d21630", "04d2162e", "00030000", "0003270f");
  fc.assert(
    fc.property(head, code, fc.uint8Array({ maxLength: 20 }), (length, number, body) => {
      const bytes = concat(wire(length), wire(number), body);
      const parsed = parseStartupFrame(bytes, limits);
      const framer = new Framer(limits);
      let next = framer.nextStartup();
      for (const byte of eachByte(bytes)) {
        if (next.kind !== "need") break;
        framer.push(byte);
        next = framer.nextStartup();
      }
      if (parsed.kind === "message") deepStrictEqual(next, parsed.message);
      else deepStrictEqual(next, parsed.kind === "need" ? parsed : parsed.reason);
    }),
    { seed: 5, numRuns: 2000 },
  );
});
