/** What target has planned, of which requests, and what it answers. */
import { createDefinitions } from "./definitions.ts";
import { deepStrictEqual } from "node:assert/strict";
import { frameOf } from "#actors/_kit/frame_testing.ts";
import {
  decodeControl,
  encodeControl,
  type Estimate,
  type Explain,
  operationHeader,
} from "#schemas/frames.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { createHash } from "node:crypto";
import { target } from "./actor.ts";
import type { TargetCommand } from "./inputs.ts";
import { targetLimits } from "./limits.ts";

const key = { epoch: "2026_11", shard: 0, edge: "pg1", session: "s" };
const bytes = frontendBytes(
  { kind: "parse", statement: "", text: "select $1", parameterTypes: [23] },
  { kind: "sync" },
);
const digest = createHash("sha256").update(bytes).digest("hex");
const searchPath = ["public"];
const planned = { text: "select $1", parameterTypes: [23], searchPath };
const silent: Estimate = { version: 1, request: 1, digest, explain: 9, rows: [null] };

Deno.test("the text of a request is planned once, and the answer stored", () => {
  const session = serving();
  session.request([bytes.subarray(0, 7), bytes.subarray(7)]);
  const [command, ...others] = session.explain().commands;
  const asked = { request: 1, digest, explain: 9 };
  deepStrictEqual([command, others], [
    { kind: "estimate", connection: "ehr", asked, statements: [planned] },
    [],
  ]);
  const answered = session.take({ kind: "estimated", asked, rows: [12] });
  deepStrictEqual(answered, { commands: [], estimates: [{ ...silent, rows: [12] }] });
  deepStrictEqual(session.explain({}, "again"), { commands: [], estimates: [] });
});

Deno.test("nothing is planned but what the question names, and that is answered at once", () => {
  const other = "0".repeat(64);
  const unanswered: readonly [string, Partial<Explain>, readonly Uint8Array[], string?][] = [
    ["other bytes", { digest: other }, [bytes]],
    ["a request of which a part is missing", {}, [bytes.subarray(0, 7)]],
    ["a message that holds no text", { statements: [{ message: 1, searchPath }] }, [bytes]],
    ["a message that is not there", { statements: [{ message: 2, searchPath }] }, [bytes]],
    ["an operation", {}, [bytes], "cancel:1"],
    ["a request that is not there", { request: 2 }, [bytes]],
  ];
  for (const [name, question, parts, operation] of unanswered) {
    const session = serving();
    session.request(parts, operation);
    const { digest: about = digest, request = 1 } = question;
    const expected = { ...silent, digest: about, request };
    deepStrictEqual(session.explain(question), { commands: [], estimates: [expected] }, name);
  }
});

Deno.test("a session without its upstream plans nothing", () => {
  for (const phase of ["new", "dialling", "lost"] as const) {
    const session = serving(phase);
    session.request([bytes]);
    deepStrictEqual(session.explain(), { commands: [], estimates: [silent] });
  }
});

function serving(phase: "new" | "dialling" | "ready" | "lost" = "ready") {
  const { initial, step } = target(targetLimits, () => 0, createDefinitions({ settledMax: 4 }));
  let state = initial(key);
  state.phase = phase;
  state.connection = "ehr";

  function take(input: Parameters<typeof step>[1]) {
    const [next, effects] = step(state, input);
    state = next;
    const commands: TargetCommand[] = [];
    const estimates: (Estimate | null)[] = [];
    for (const one of effects) {
      if (one.kind === "run") commands.push(one.command);
      if (one.kind === "publish") estimates.push(decodeControl("estimate", one.payload));
    }
    return { commands, estimates };
  }

  return {
    take,
    request(parts: readonly Uint8Array[], operation = "") {
      for (const [part, payload] of parts.entries()) {
        const more = payload.length + (part > 0 ? 7 : 0) < bytes.length;
        const headers = new Map(operation === "" ? [] : [[operationHeader, operation]]);
        const sent = frameOf("request", { key, request: 1, payload, part, more, headers });
        take({ kind: "frame", frame: sent, replayed: false });
      }
    },
    explain(question: Partial<Explain> = {}, how: "first" | "again" = "first") {
      const whole: Explain = {
        version: 1,
        request: 1,
        digest,
        catalogDigest: "c",
        statements: [{ message: 0, searchPath }],
        ...question,
      };
      const payload = encodeControl("explain", whole);
      const asked = frameOf("explain", { key, request: 1, payload, sequence: 9 });
      return take({ kind: "frame", frame: asked, replayed: false, redelivered: how === "again" });
    },
  };
}
