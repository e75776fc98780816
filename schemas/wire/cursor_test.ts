import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { describeMalformed, malformed, Reader, Writer } from "./cursor.ts";

Deno.test("Reader keeps its first failure, and reads nothing after it", () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3, 4, 5));
  equal(reader.int32("first"), 0x01020304);
  equal(reader.int16("second"), 0);
  equal(reader.uint8("third"), 0);
  deepStrictEqual(reader.end("message"), malformed("truncated", "second", 4));
});

Deno.test("Reader reads signed and unsigned numbers", () => {
  const ones = new Uint8Array(20).fill(0xff);
  const reader = new Reader(ones);
  deepStrictEqual(
    [reader.uint8(""), reader.int16(""), reader.uint16(""), reader.int32(""), reader.uint32("")],
    [255, -1, 65535, -1, 0xffffffff],
  );
});

Deno.test("Reader.list() checks the count before it reads one item", () => {
  let reads = 0;
  const reader = new Reader(new Uint8Array(7));
  reader.list(2, 4, "items", () => reads++);
  equal(reads, 0);
  deepStrictEqual(reader.end(null), malformed("truncated", "items", 0));
});

Deno.test("Reader.list() stops at the first item that fails", () => {
  let reads = 0;
  const reader = new Reader(new Uint8Array(8));
  reader.list(8, 1, "items", () => {
    reads++;
    return reader.int32("item");
  });
  equal(reads, 3);
});

Deno.test("Reader.bytes() refuses a negative length", () => {
  const reader = new Reader(new Uint8Array(8), 4);
  equal(reader.bytes(-4, "value").length, 0);
  deepStrictEqual(reader.end(null), malformed("negative_length", "value", 4));
});

Deno.test("Reader starts behind its end without reading before it", () => {
  const reader = new Reader(new Uint8Array(3), 5);
  equal(reader.uint8("tag"), 0);
  ok(reader.failed);
});

Deno.test("Writer.cstring() never ends a string early", () => {
  deepStrictEqual(
    new Writer().cstring("a\0b").bytes(),
    Uint8Array.of(0x61, 0xef, 0xbf, 0xbd, 0x62, 0),
  );
});

Deno.test("Writer grows past its first buffer and keeps what was written", () => {
  const writer = new Writer(16);
  const expected: number[] = [];
  for (let i = 0; i < 300; i++) {
    writer.uint8(i & 0xff).int16(i).cstring("é");
    expected.push(i & 0xff, i >> 8, i & 0xff, 0xc3, 0xa9, 0);
  }
  deepStrictEqual(writer.bytes(), Uint8Array.from(expected));
});

Deno.test("Writer.copy() copies short and long ranges alike", () => {
  const source = new Uint8Array(200).map((_, index) => index);
  for (const length of [0, 1, 47, 48, 49, 150]) {
    const copied = new Writer().uint8(9).copy(source, 20, length).bytes();
    deepStrictEqual(copied, Uint8Array.of(9, ...source.subarray(20, 20 + length)));
  }
});

Deno.test("Writer.message() writes the length behind the tag, and truncate() takes it back", () => {
  const writer = new Writer().message("Q", (inner) => inner.cstring("1"));
  const whole = Uint8Array.of(0x51, 0, 0, 0, 6, 0x31, 0);
  deepStrictEqual(writer.bytes(), whole);
  const before = writer.length;
  writer.begin("D");
  deepStrictEqual(writer.truncate(before).view(), whole);
  equal(writer.clear().length, 0);
});

Deno.test("describeMalformed() names code, field and offset", () => {
  equal(
    describeMalformed(malformed("negative_length", "parameter", 17)),
    "negative length: parameter at byte 17",
  );
});
