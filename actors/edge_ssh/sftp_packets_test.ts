import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { SftpBorders, sftpInput } from "./sftp_packets.ts";

const carriedOut = true;
const limits = { sftpPacketBytesMax: 100, continuationBytesMax: 60 };

function packet(type: number, id: number, bytes = 4): Uint8Array {
  const out = new Uint8Array(9 + bytes);
  const view = new DataView(out.buffer);
  view.setUint32(0, 5 + bytes);
  out[4] = type;
  view.setUint32(5, id);
  return out;
}
function cut(stream: Uint8Array, at: number) {
  const input = sftpInput(limits);
  const found: { bytes: number; ids: readonly number[] }[] = [];
  for (const chunk of [stream.subarray(0, at), stream.subarray(at)]) {
    input.push(chunk);
    for (;;) {
      const next = input.next(carriedOut);
      if ("error" in next) return next.error;
      if (!("messages" in next)) break;
      const [message] = next.messages;
      if (message?.kind !== "data") throw new Error("data was expected");
      found.push({ bytes: message.data.length, ids: next.sftpIds ?? [] });
    }
  }
  return found;
}

Deno.test("operations by path stand alone, those by handle together, wherever the bytes are cut", () => {
  const [init, open, read, stat] = [1, 3, 5, 17];
  const packets = [
    packet(init, 3, 0),
    packet(open, 1),
    packet(read, 2),
    packet(read, 3),
    packet(stat, 4),
  ];
  const stream = Uint8Array.from(packets.flatMap((one) => [...one]));
  const expected = [[], [1], [2, 3], [4]];
  deepStrictEqual(cut(stream, stream.length), [
    { bytes: 9, ids: [] },
    { bytes: 13, ids: [1] },
    { bytes: 26, ids: [2, 3] },
    { bytes: 13, ids: [4] },
  ]);
  for (let at = 0; at < stream.length; at++) {
    const found = cut(stream, at);
    if (typeof found === "string") throw new Error(found);
    deepStrictEqual(found.flatMap(({ ids }) => ids), expected.flat());
    equal(found.reduce((sum, { bytes }) => sum + bytes, 0), stream.length);
    for (const { ids } of found) ok(ids.length < 2 || ids[0] === 2);
  }
});

Deno.test("packets beyond the limit or too short are refused before they are kept", () => {
  const long = packet(6, 1);
  new DataView(long.buffer).setUint32(0, 101);
  equal(typeof cut(long, 9), "string");
  const short = packet(6, 1);
  new DataView(short.buffer).setUint32(0, 4);
  equal(typeof cut(short, 9), "string");
});

Deno.test("any bytes are cut or refused, never lost", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, at) => {
    const found = cut(bytes, at);
    if (typeof found === "string") return;
    const passed = found.reduce((sum, one) => sum + one.bytes, 0);
    ok(passed <= bytes.length);
  }));
});

Deno.test("a border is known wherever packets are cut", () => {
  const stream = Uint8Array.from([...packet(101, 1), ...packet(101, 2, 0)]);
  const at = new Set([13, 22]);
  const borders = new SftpBorders();
  for (let index = 0; index < stream.length; index++) {
    borders.pass(stream.subarray(index, index + 1));
    equal(borders.atBorder(), at.has(index + 1), String(index));
  }
});
