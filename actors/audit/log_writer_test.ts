/**
 * The log writer on a bus made for faults: lost acknowledgements, two writers, forged checkpoints,
 * deleted frames. After each, the line of checkpoints is read back and must be one line.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { type Bus, BusError, type StoredMessage, type StreamState } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { settled, testClock } from "#actors/_kit/clock_testing.ts";
import { frontierHeader, readCheckpointMessage } from "#schemas/log/checkpoint_message.ts";
import { parseVerifier, signerOf } from "#schemas/log/key.ts";
import { keptCheckpoint } from "./kept_checkpoint.ts";
import { heldFile } from "./testing.ts";
import { startLogWriter, writerLimits } from "./log_writer.ts";

const { signer } = signerOf("test.example/2026_11", new Uint8Array(32).fill(7));

Deno.test("startLogWriter() signs what is stored, and a second start goes on from there", async () => {
  const world = makeWorld();
  const writer = world.start();
  world.store("a", "b", "c");
  await world.pass(3000);
  deepStrictEqual(world.sizes(), [3]);
  await writer.stop();
  world.store("d");
  const again = world.start();
  await world.pass(3000);
  deepStrictEqual(world.sizes(), [3, 4]);
  strictEqual(world.followedFrom.at(-1), 4, "it does not read again what is signed");
  await again.stop();
});

Deno.test("startLogWriter() survives a checkpoint stored whose acknowledgement was lost", async () => {
  const world = makeWorld();
  world.fault = "ack_lost";
  const writer = world.start();
  world.store("a", "b");
  await world.pass(5000);
  world.fault = null;
  world.store("c");
  await world.pass(5000);
  deepStrictEqual(world.sizes(), [2, 3]);
  await writer.stop();
});

Deno.test("startLogWriter() tries again when the checkpoint was not stored", async () => {
  const world = makeWorld();
  world.fault = "not_stored";
  const writer = world.start();
  world.store("a");
  await world.pass(5000);
  deepStrictEqual(world.sizes(), []);
  world.fault = null;
  await world.pass(5000);
  deepStrictEqual(world.sizes(), [1]);
  await writer.stop();
});

Deno.test("startLogWriter() twice keeps one line of checkpoints", async () => {
  const world = makeWorld();
  const writers = [world.start(), world.start()];
  for (const text of ["a", "b", "c", "d"]) {
    world.store(text);
    await world.pass(4000);
  }
  const sizes = world.sizes();
  deepStrictEqual(sizes, [...new Set(sizes)].sort((left, right) => left - right));
  strictEqual(sizes.at(-1), 4);
  for (const writer of writers) await writer.stop();
});

Deno.test("startLogWriter() reads all again when a checkpoint's frontier is not its root's", async () => {
  const world = makeWorld();
  const writer = world.start();
  world.store("a", "b", "c");
  await world.pass(3000);
  await writer.stop();
  world.editCheckpoint((headers) => headers.set(frontierHeader, new Uint8Array(64).toBase64()));
  world.store("d");
  const again = world.start();
  await world.pass(3000);
  strictEqual(world.followedFrom.at(-1), 1);
  deepStrictEqual(world.sizes(), [3, 4]);
  await again.stop();
  world.editCheckpoint((headers) => headers.delete(frontierHeader));
  world.frames[1] = message("audit.x", 2, "changed");
  world.store("e");
  const third = world.start();
  await world.pass(3000);
  strictEqual(third.status().incident?.code, "history_changed");
  deepStrictEqual(world.sizes(), [3, 4]);
  await third.stop();
});

Deno.test("startLogWriter() signs nothing over a forged checkpoint", async () => {
  const world = makeWorld();
  world.checkpoints.push({ ...message("checkpoint.x", 1, "forged"), headers: new Map() });
  const writer = world.start();
  world.store("a");
  await world.pass(5000);
  strictEqual(writer.status().incident?.code, "checkpoint_unreadable");
  strictEqual(world.checkpoints.length, 1);
  await writer.stop();
});

Deno.test("startLogWriter() finds a frame deleted behind its back", async () => {
  const world = makeWorld();
  const writer = world.start();
  world.store("a", "b", "c");
  await world.pass(3000);
  world.frames.splice(1, 1);
  world.store("d");
  await world.pass(20_000);
  strictEqual(writer.status().incident?.code, "frames_deleted");
  ok(world.reports.includes("audit_incident"));
  await writer.stop();
});

Deno.test("startLogWriter() signs nothing over a log that was taken back to an earlier day", async () => {
  for (const left of [1, 0]) {
    const world = makeWorld();
    const writer = world.start();
    world.store("a", "b");
    await world.pass(3000);
    world.store("c", "d");
    await world.pass(3000);
    deepStrictEqual(world.sizes(), [2, 4]);
    // The server's files are those of a backup.
    world.takeBack({ frames: left * 2, checkpoints: left });
    world.store("v", "w", "x", "y", "z");
    await world.pass(20_000);
    strictEqual(writer.status().incident?.code, "log_rolled_back");
    strictEqual(world.checkpoints.length, left);
    await writer.stop();
    const later = world.start();
    await world.pass(3000);
    strictEqual(later.status().incident?.code, "log_rolled_back", "a new process knows of it, too");
    await later.stop();
  }
});

Deno.test("startLogWriter() does not start over what is kept and not signed", () => {
  const world = makeWorld();
  world.lines.push("sallyport/x", "9", "AAAA", "", "- x y");
  throws(() => world.start(), { name: "StartError" });
});

Deno.test("startLogWriter() goes on behind another writer's checkpoints", async () => {
  const world = makeWorld();
  const first = world.start();
  world.store("a");
  await world.pass(3000);
  const second = world.start();
  world.store("b");
  await world.pass(3000);
  world.store("c");
  await world.pass(5000);
  deepStrictEqual([first.status().incident, second.status().incident], [null, null]);
  strictEqual(world.sizes().at(-1), 3);
  for (const writer of [first, second]) await writer.stop();
});

function makeWorld() {
  const clock = fakeClock();
  const frames: StoredMessage[] = [];
  const checkpoints: StoredMessage[] = [];
  const followers = new Set<(message: StoredMessage) => void>();
  const followedFrom: number[] = [];
  const reports: string[] = [];
  let last = 0;
  const verifier = parseVerifier(signer.vkey);
  ok(verifier !== null);
  const lines: string[] = [];
  const kept = keptCheckpoint(heldFile(lines), "kept", verifier);
  const world = { fault: null as null | "ack_lost" | "not_stored" };
  const bus: Bus = {
    ...deafBus,
    publish(subject, payload, headers, options) {
      if (world.fault === "not_stored") return Promise.reject(new BusError("timeout", "x"));
      const newest = checkpoints.at(-1)?.sequence ?? 0;
      if (newest !== options.expectedLastSubjectSequence) {
        return Promise.reject(new BusError("wrong_sequence", "x"));
      }
      const sequence = newest + 1;
      checkpoints.push({ subject, sequence, timeMs: 0, headers, payload });
      if (world.fault === "ack_lost") return Promise.reject(new BusError("timeout", "x"));
      return Promise.resolve({ sequence, duplicate: false });
    },
    last: () => Promise.resolve(checkpoints.at(-1) ?? null),
    state: () => Promise.resolve(stateOf(frames)),
    follow(_stream, from, handler) {
      followedFrom.push(from);
      for (const frame of frames) if (frame.sequence >= from) handler(frame);
      followers.add(handler);
      return Promise.resolve({
        stop: () => Promise.resolve(void followers.delete(handler)),
      });
    },
  };
  return Object.assign(world, {
    frames,
    checkpoints,
    /** The lines of the checkpoint that is kept apart. */
    lines,
    followedFrom,
    reports,
    start: () =>
      startLogWriter({
        bus,
        clock,
        stream: "AUDIT",
        log: "x",
        signer,
        verifier,
        kept,
        report: (event) => reports.push(event),
        limits: { ...writerLimits, restartMs: 500 },
      }),
    store(...texts: string[]) {
      for (const text of texts) {
        const frame = message("audit.x", ++last, text);
        frames.push(frame);
        for (const follower of [...followers]) follower(frame);
      }
    },
    takeBack(to: { readonly frames: number; readonly checkpoints: number }) {
      frames.splice(to.frames);
      checkpoints.splice(to.checkpoints);
      last = to.frames;
    },
    pass: (ms: number) => clock.pass(ms),
    /** The sizes of all checkpoints, each of which must verify. */
    sizes: () =>
      checkpoints.map((stored) => {
        const read = readCheckpointMessage(stored, verifier);
        ok(read.ok);
        return read.checkpoint.size;
      }),
    editCheckpoint(edit: (headers: Map<string, string>) => void) {
      const newest = checkpoints.pop();
      ok(newest !== undefined);
      const headers = new Map(newest.headers);
      edit(headers);
      checkpoints.push({ ...newest, headers });
    },
  });
}

function fakeClock(): Clock & { pass(ms: number): Promise<void> } {
  const clock = testClock(1_000_000);
  return {
    ...clock,
    async pass(ms) {
      for (let step = 0; step < ms; step += 50) {
        clock.forward(50);
        await settled();
      }
    },
  };
}

function stateOf(frames: readonly StoredMessage[]): StreamState {
  const first = frames[0]?.sequence ?? 0;
  return { first, last: frames.at(-1)?.sequence ?? 0, messages: frames.length, bytes: 0 };
}
function message(subject: string, sequence: number, text: string): StoredMessage {
  const payload = new TextEncoder().encode(text);
  return { subject, sequence, timeMs: 0, headers: new Map(), payload };
}

const refuse = () => {
  throw new Error("The log writer must not use this");
};
const deafBus: Omit<Bus, "publish" | "last" | "state" | "follow"> = {
  send: refuse,
  subscribe: refuse,
  request: refuse,
  respond: refuse,
  consume: refuse,
  read: refuse,
  flush: () => Promise.resolve(),
  connected: () => true,
  close: () => Promise.resolve(),
};
