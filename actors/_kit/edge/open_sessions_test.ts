import { deepStrictEqual } from "node:assert/strict";
import { settled, testClock } from "#actors/_kit/clock_testing.ts";
import { type OpenSession, openSessions } from "./open_sessions.ts";

const limits = { stopGraceMsMax: 5000, stopTellMsMax: 2000 };

/** Sessions that are busy or not, and what they are told. */
function edge() {
  const clock = testClock(0);
  const said: string[] = [];
  const all = openSessions<OpenSession>(clock, limits);
  const pass = async (ms: number) => {
    clock.forward(ms);
    await settled();
  };
  /** Opens one; `told` settles when its end is told. */
  const open = (session: string, isAtRest: () => boolean, told: Promise<unknown>) => {
    const end = (how: string) => {
      said.push(`${session} ${how}`);
      all.remove(one, told);
    };
    const principal = {
      issuer: "https://id.example.org",
      person: "ana",
      name: "Ana",
      actors: [],
      groups: [],
      purpose: "",
    };
    const one: OpenSession = {
      key: { epoch: "2026_11", shard: 0, edge: "edge", session },
      principal,
      tokenId: "t",
      leave: ({ reason }) => isAtRest() && end(`leaves: ${reason}`),
      terminate: ({ reason }) => end(`is broken off: ${reason}`),
    };
    all.add(one);
    return () => end("is done");
  };
  return { all, said, pass, open };
}

const rests = () => true;
const works = () => false;
const told = Promise.resolve();

Deno.test("stop() ends what rests at once, and waits for what works", async () => {
  const { all, said, pass, open } = edge();
  open("a", rests, told);
  const done = open("b", works, told);
  let stopped = 0;
  void all.stop().then(() => stopped++);
  await pass(0);
  deepStrictEqual([said, all.count(), all.isStopping(), stopped], [
    ["a leaves: edge_stopped"],
    1,
    true,
    0,
  ]);
  await pass(limits.stopGraceMsMax - 1);
  done();
  await pass(0);
  deepStrictEqual([said.slice(1), stopped], [["b is done"], 1]);
});

Deno.test("stop() breaks off what takes longer than its grace", async () => {
  const { all, said, pass, open } = edge();
  open("a", works, told);
  let stopped = 0;
  void all.stop().then(() => stopped++);
  await pass(limits.stopGraceMsMax - 1);
  deepStrictEqual([said, stopped], [[], 0]);
  await pass(1);
  deepStrictEqual([said, stopped], [["a is broken off: edge_stopped"], 1]);
});

Deno.test("stop() waits until ends are told, but not for ever", async () => {
  const { all, pass, open } = edge();
  const slow = Promise.withResolvers<void>();
  open("a", rests, slow.promise);
  let stopped = 0;
  void all.stop().then(() => stopped++);
  await pass(limits.stopTellMsMax - 1);
  deepStrictEqual([all.count(), stopped], [0, 0]);
  await pass(1);
  deepStrictEqual(stopped, 1);
});

Deno.test("stop() of an edge without sessions is done", async () => {
  await edge().all.stop();
});
