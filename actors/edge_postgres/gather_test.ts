import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Gathered, Gatherer } from "./gather.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";

const query = (text: string): FrontendMessage => ({ kind: "query", text });
const parse: FrontendMessage = {
  kind: "parse",
  statement: "",
  text: "select 1",
  parameterTypes: [],
};
const sync: FrontendMessage = { kind: "sync" };
const flush: FrontendMessage = { kind: "flush" };
const data = (bytes: number): FrontendMessage => ({
  kind: "copy_data",
  data: new Uint8Array(bytes),
});

function ends(messages: readonly FrontendMessage[], chunk = 1 << 20): string[] {
  return gather(frontendBytes(...messages), chunk).map((one) => {
    return one.kind === "request" ? one.end : one.kind;
  });
}

function gather(bytes: Uint8Array, chunk: number, bytesMax = 1 << 20): Gathered[] {
  const gatherer = new Gatherer(bytesMax);
  const all: Gathered[] = [];
  for (let at = 0; at < bytes.length; at += chunk) {
    all.push(...gatherer.receive(bytes.subarray(at, at + chunk)));
  }
  return all;
}

Deno.test("a simple query is a request by itself, extended messages up to Sync or Flush are one", () => {
  deepStrictEqual(ends([query("select 1"), query("select 2")]), ["query", "query"]);
  deepStrictEqual(ends([parse, sync]), ["sync"]);
  deepStrictEqual(ends([parse, flush, parse, sync]), ["flush", "sync"]);
  // A simple query ends a batch that had no Sync.
  deepStrictEqual(ends([parse, query("select 1")]), ["query"]);
});

Deno.test("COPY data is cut as it comes, and CopyDone goes with it", () => {
  deepStrictEqual(ends([data(10), data(10), { kind: "copy_done" }]), ["copy"]);
  deepStrictEqual(ends([data(200_000), data(10)]), ["copy", "copy"]);
  deepStrictEqual(ends([data(10), { kind: "copy_done" }, sync]), ["copy", "sync"]);
  deepStrictEqual(ends([parse, data(10)]), ["flush", "copy"]);
  // The server answers the end of an extended COPY at Sync, and so it must go there with it.
  const done: FrontendMessage = { kind: "copy_done" };
  deepStrictEqual(ends([parse, sync, data(10), done, sync]), ["sync", "copy", "sync"]);
  deepStrictEqual(ends([parse, sync, data(10), done, sync, query("copy"), data(1), done]), [
    ...["sync", "copy", "sync"],
    ...["query", "copy"],
  ]);
});

Deno.test("a request over the limit is refused at its header, before it is kept", () => {
  const gatherer = new Gatherer(1024);
  const header = Uint8Array.of(0x51, 0x7f, 0xff, 0xff, 0xff);
  const [refused] = gatherer.receive(header);
  equal(refused?.kind, "too_large");
  deepStrictEqual(gatherer.receive(frontendBytes(query("select 1"))), []);
});

Deno.test("many small messages without Sync are refused at the limit", () => {
  const bytes = frontendBytes(...Array.from({ length: 100 }, () => parse));
  equal(gather(bytes, 64, 512).at(-1)?.kind, "too_large");
});

Deno.test("a request of a million messages takes as much memory as its bytes", () => {
  const gatherer = new Gatherer(1 << 24);
  const describe = { kind: "describe", target: "statement", name: "" } as const;
  const chunk = frontendBytes(...Array.from({ length: 5000 }, () => describe));
  for (let sent = 0; sent < 200; sent++) deepStrictEqual(gatherer.receive(chunk), []);
  equal(gatherer.waiting, 200 * chunk.length);
  ok(gatherer.reserved <= 2 * gatherer.waiting, `${gatherer.reserved} bytes`);
  gatherer.receive(frontendBytes(sync));
  ok(gatherer.reserved < 65_536, "nothing is kept of it");
});

Deno.test("a long batch is cut behind an Execute, by a Flush of our own", () => {
  const bind: FrontendMessage = {
    kind: "bind",
    portal: "",
    statement: "",
    parameterFormats: [],
    parameters: [],
    resultFormats: [],
  };
  const execute: FrontendMessage = { kind: "execute", portal: "", rowsMax: 0 };
  const cut = frontendBytes(flush);
  for (const [rows, parameter, parts] of [[5000, 0, 3], [100, 100_000, 3], [1300, 0, 1]] as const) {
    const row = [{ ...bind, parameters: [new Uint8Array(parameter)] }, execute];
    const bytes = frontendBytes(parse, ...Array.from({ length: rows }, () => row).flat(), sync);
    for (const chunk of [1 << 20, 1000]) {
      const requests = gather(bytes, chunk, 1 << 24).flatMap((one) => {
        return one.kind === "request" ? [one] : [];
      });
      deepStrictEqual(requests.map(({ end }) => end), [
        ...Array.from({ length: parts - 1 }, () => "flush"),
        "sync",
      ]);
      const sent = requests.map(({ end, bytes }) => {
        if (end !== "flush") return bytes;
        deepStrictEqual(bytes.subarray(-cut.length), cut);
        return bytes.subarray(0, -cut.length);
      });
      ok(joinBytes(sent).every((byte, at) => byte === bytes[at]));
      equal(joinBytes(sent).length, bytes.length);
    }
  }
});

Deno.test("Terminate ends it, and an unknown message is a protocol error", () => {
  deepStrictEqual(ends([{ kind: "terminate" }, query("select 1")]), ["terminate"]);
  equal(gather(Uint8Array.of(0x7a, 0, 0, 0, 4), 100)[0]?.kind, "protocol_error");
});

Deno.test("the requests, joined, are the bytes that came, however they were cut", () => {
  const message = fc.oneof(
    fc.string({ maxLength: 40 }).map((text) => query(text.replaceAll("\0", ""))),
    fc.constant(parse),
    fc.constant(sync),
    fc.constant(flush),
    fc.integer({ min: 0, max: 300 }).map(data),
  );
  const property = fc.property(
    fc.array(message, { maxLength: 20 }),
    fc.integer({ min: 1, max: 64 }),
    (messages, chunk) => {
      // A last Sync sends on what waits.
      const bytes = frontendBytes(...messages, sync);
      const parts = gather(bytes, chunk).map((one) => one.kind === "request" ? one.bytes : null);
      ok(parts.every((part) => part !== null));
      deepStrictEqual(new Uint8Array(parts.flatMap((part) => [...part ?? []])), bytes);
    },
  );
  fc.assert(property, { numRuns: 200 });
});
