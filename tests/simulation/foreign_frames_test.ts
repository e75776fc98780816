/** A stolen key of one edge, used on the sessions of another. @module */
import { deepStrictEqual } from "node:assert/strict";
import { frameHeaders, toFrame } from "#actors/_kit/frame.ts";
import { auditStream, auditSubject, type FrameKind } from "#schemas/subjects.ts";
import { startAuthz } from "./actors.ts";
import { connectAs, supervise } from "./processes.ts";
import { createWorld, first } from "./world.ts";

const session = "foreign00000000000000";
const own = { epoch: first, shard: 0, edge: "pg1", session };
const other = "ssh1";
const query = Uint8Array.of(0x51, 0, 0, 0, 6, 0x3b, 0);

Deno.test("what another edge, shard or month says of a session is not of that session", async () => {
  const world = createWorld(1);
  const { bus, clock } = world;
  const edges = new Map(["pg1", other].map((name) => [name, connectAs(world, name, name)]));
  supervise(world, "authz", "authz_a", startAuthz);
  await pass(1_000);
  await publish(own, "open", 0, new Uint8Array(1));
  deepStrictEqual(judged(), [0]);
  await publish({ ...own, edge: other }, "request", 1, query);
  await publish({ ...own, shard: 1 }, "request", 1, query);
  deepStrictEqual(judged(), [0], "nobody of this session asked");
  await publish({ ...own, edge: other }, "close", 0, new Uint8Array(1));
  await publish(own, "request", 1, query);
  deepStrictEqual(judged(), [0, 1], "and it goes on");
  deepStrictEqual(world.findings, []);

  async function publish(
    key: typeof own,
    kind: FrameKind,
    request: number,
    payload: Uint8Array,
  ): Promise<void> {
    const headers = frameHeaders({ request, part: 0, more: false }, "a".repeat(22), undefined);
    const stream = auditStream(first);
    const stored = edges.get(key.edge)?.publish(auditSubject(key, kind), payload, headers, {
      stream,
    });
    await pass(500);
    await stored;
  }

  function pass(ms: number): Promise<void> {
    return clock.run(clock.nowMs() + ms);
  }

  /** What authz judged in this session, whoever it was said to. */
  function judged(): (number | undefined)[] {
    return bus.stored(auditStream(first)).flatMap((message) => {
      const frame = toFrame(message);
      return frame?.kind === "verdict" ? [frame.request] : [];
    });
  }
});
