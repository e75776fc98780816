/** Leaf encoding: pinned bytes, no two frames alike, and what it leaves out. @module */
import { deepStrictEqual, notDeepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { frameLeafHash, leafBytes, type LeafMessage } from "./leaf.ts";
import { leafHash } from "./merkle.ts";

const message: LeafMessage = {
  subject: "a.b",
  sequence: 7,
  timeMs: 258,
  headers: new Map([["N", "v"]]),
  payload: Uint8Array.of(1, 2),
};

Deno.test("leafBytes() has the documented layout", () => {
  const domain = new TextEncoder().encode("sallyport-leaf/2\n").toHex();
  strictEqual(
    leafBytes(message).toHex(),
    domain + "0000000000000007" + "0000000000000102" + "00000003612e62" + "00000001" +
      "000000014e" + "0000000176" +
      "0000000000000002" + "0102",
  );
});

Deno.test("frameLeafHash() is the RFC 6962 hash of leafBytes()", () => {
  fc.assert(fc.property(frames(), (frame) => {
    deepStrictEqual(frameLeafHash(frame), leafHash(leafBytes(frame)));
  }));
});

Deno.test("leafBytes() of different frames differ", () => {
  fc.assert(fc.property(frames(), frames(), (left, right) => {
    const same = JSON.stringify(plain(left)) === JSON.stringify(plain(right));
    strictEqual(leafBytes(left).toHex() === leafBytes(right).toHex(), same);
  }));
});

Deno.test("leafBytes() tells bytes moved between neighbouring fields apart", () => {
  const base = leafBytes(message);
  const moved: LeafMessage[] = [
    { ...message, headers: new Map([["Nv", ""]]) },
    { ...message, headers: new Map([["", "Nv"]]) },
    { ...message, headers: new Map([["v", "N"]]) },
    { ...message, headers: new Map() },
    { ...message, subject: "a.bN" },
    { ...message, sequence: 8 },
    { ...message, timeMs: 259 },
    { ...message, sequence: 258, timeMs: 7 },
    { ...message, payload: Uint8Array.of(1) },
    { ...message, headers: new Map([["N", "v"], ["M", ""]]) },
  ];
  for (const other of moved) notDeepStrictEqual(leafBytes(other), base);
});

Deno.test("leafBytes() covers the order of headers, and leaves out Nats- headers alone", () => {
  const two = new Map([["A", "1"], ["B", "2"]]);
  const swapped = new Map([["B", "2"], ["A", "1"]]);
  notDeepStrictEqual(
    leafBytes({ ...message, headers: two }),
    leafBytes({ ...message, headers: swapped }),
  );
  const delivered = new Map([["Nats-Stream", "x"], ["N", "v"], ["Nats-Sequence", "7"]]);
  deepStrictEqual(leafBytes({ ...message, headers: delivered }), leafBytes(message));
  const near = new Map([["N", "v"], ["nats-stream", "x"]]);
  notDeepStrictEqual(leafBytes({ ...message, headers: near }), leafBytes(message));
});

function frames(): fc.Arbitrary<LeafMessage> {
  const text = fc.string({ maxLength: 3 });
  return fc.record({
    subject: text,
    sequence: fc.integer({ min: 1, max: 3 }),
    timeMs: fc.integer({ min: 0, max: 2 }),
    headers: fc.array(fc.tuple(text, text), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    payload: fc.uint8Array({ maxLength: 3 }),
  });
}
function plain(frame: LeafMessage): unknown {
  return [frame.subject, frame.sequence, frame.timeMs, [...frame.headers], [...frame.payload]];
}
