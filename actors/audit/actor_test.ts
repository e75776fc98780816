/** Audit: signs what extends, and nothing past a gap or a changed history. @module */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { frameLeafHash, type LeafMessage } from "#schemas/log/leaf.ts";
import { append, emptyFrontier, type Frontier, root } from "#schemas/log/merkle.ts";
import {
  type AuditEffect,
  type AuditInput,
  auditLimits,
  type AuditState,
  startAudit,
  stepAudit,
} from "./actor.ts";

Deno.test("audit signs once a second while there is traffic, and once more when it is quiet", () => {
  const run = runner();
  strictEqual(run.feed({ kind: "tick", nowMs: 5000 }).length, 0, "nothing to sign");
  run.feed(stored(1));
  strictEqual(run.feed({ kind: "tick", nowMs: 999 }).length, 0, "too soon");
  const [first] = run.feed({ kind: "tick", nowMs: 1000 });
  deepStrictEqual(first, { kind: "checkpoint", frontier: treeOf(1) });
  run.feed(stored(2));
  strictEqual(run.feed({ kind: "tick", nowMs: 2000 }).length, 0, "one in flight");
  run.feed({ kind: "signed", size: 1, nowMs: 2000 });
  strictEqual(run.feed({ kind: "tick", nowMs: 2999 }).length, 0);
  deepStrictEqual(run.feed({ kind: "tick", nowMs: 3000 }), [
    { kind: "checkpoint", frontier: treeOf(2) },
  ]);
  run.feed({ kind: "signed", size: 2, nowMs: 3000 });
  strictEqual(run.feed({ kind: "tick", nowMs: 9000 }).length, 0, "quiet");
});

Deno.test("audit signs at once when too many frames are unsigned", () => {
  const run = runner(3);
  deepStrictEqual([1, 2].flatMap((at) => run.feed(stored(at))), []);
  deepStrictEqual(run.feed(stored(3)), [{ kind: "checkpoint", frontier: treeOf(3) }]);
});

Deno.test("audit tries a checkpoint again that was not stored", () => {
  const run = runner();
  run.feed(stored(1));
  strictEqual(run.feed({ kind: "tick", nowMs: 1000 }).length, 1);
  run.feed({ kind: "not_signed" });
  strictEqual(run.feed({ kind: "tick", nowMs: 2000 }).length, 1);
});

Deno.test("audit names a gap and signs nothing after it", () => {
  const run = runner(1);
  run.feed(stored(1));
  run.feed({ kind: "signed", size: 1, nowMs: 0 });
  const [effect, ...rest] = run.feed(stored(4));
  strictEqual(rest.length, 0);
  ok(effect?.kind === "incident");
  strictEqual(effect.incident.code, "missing_frame");
  strictEqual(effect.incident.message, "sequence 2 to 3 are missing");
  deepStrictEqual(run.feed(stored(2)), [], "no smoothing over");
  deepStrictEqual(run.feed({ kind: "tick", nowMs: 99_000 }), []);
  strictEqual(run.state().frontier.size, 1);
});

Deno.test("audit does not sign what came before a gap either", () => {
  const run = runner();
  for (const at of [1, 2, 5]) run.feed(stored(at));
  deepStrictEqual(run.feed({ kind: "tick", nowMs: 99_000 }), []);
});

Deno.test("audit ignores what is delivered twice", () => {
  const run = runner();
  for (const at of [1, 2, 2, 1, 3]) deepStrictEqual(run.feed(stored(at)), []);
  deepStrictEqual(run.state().frontier, treeOf(3));
});

Deno.test("audit rebuilt from the start must pass through what was signed", () => {
  const anchor = { size: 3, root: root(treeOf(3)) };
  const honest = runner(1, startAudit({ kind: "anchor", anchor }, 0));
  deepStrictEqual([1, 2, 3].flatMap((at) => honest.feed(stored(at))), [], "signed before");
  strictEqual(honest.feed(stored(4))[0]?.kind, "checkpoint");
  const changed = runner(1, startAudit({ kind: "anchor", anchor }, 0));
  changed.feed(stored(1));
  changed.feed(stored(2, "changed"));
  const [effect] = changed.feed(stored(3));
  ok(effect?.kind === "incident" && effect.incident.code === "history_changed");
  deepStrictEqual(changed.feed(stored(4)), []);
});

Deno.test("audit does not sign before it has passed through what was signed", () => {
  const anchor = { size: 9, root: new Uint8Array(32) };
  const run = runner(1, startAudit({ kind: "anchor", anchor }, 0));
  run.feed(stored(1));
  deepStrictEqual(run.feed({ kind: "tick", nowMs: 99_000 }), []);
});

Deno.test("audit goes on behind a verified frontier", () => {
  const run = runner(1, startAudit({ kind: "frontier", frontier: treeOf(5) }, 0));
  deepStrictEqual(run.feed(stored(5)), []);
  deepStrictEqual(run.feed(stored(6)), [{ kind: "checkpoint", frontier: treeOf(6) }]);
});

Deno.test("audit signs nothing when the newest checkpoint does not verify", () => {
  const run = runner(1, startAudit({ kind: "unreadable", fault: "bad_signature" }, 0));
  strictEqual(run.state().incident?.code, "checkpoint_unreadable");
  deepStrictEqual(run.feed(stored(1)), []);
});

Deno.test("audit finds deletion and truncation from the server's own account", () => {
  const cases = [
    [{ first: 1, last: 4, messages: 4 }, "stream_truncated"],
    [{ first: 2, last: 5, messages: 4 }, "frames_deleted"],
    [{ first: 1, last: 6, messages: 5 }, "frames_deleted"],
    [{ first: 0, last: 0, messages: 0 }, "stream_truncated"],
    [{ first: 1, last: 5, messages: 5 }, undefined],
    [{ first: 1, last: 8, messages: 8 }, undefined],
  ] as const;
  for (const [state, code] of cases) {
    const run = runner(100, startAudit({ kind: "frontier", frontier: treeOf(5) }, 0));
    run.feed({ kind: "stream", state: { ...state, bytes: 0 }, asked: 5 });
    strictEqual(run.state().incident?.code, code);
  }
  const late = runner(100, startAudit({ kind: "frontier", frontier: treeOf(5) }, 0));
  late.feed({ kind: "stream", state: { first: 1, last: 4, messages: 4, bytes: 0 }, asked: 4 });
  strictEqual(late.state().incident, null, "frames arrived while the answer was on its way");
});

function runner(unsignedMax = 1000, start = startAudit({ kind: "empty" }, 0)) {
  let state: AuditState = start;
  return {
    feed(input: AuditInput): readonly AuditEffect[] {
      const [next, effects] = stepAudit(state, input, { ...auditLimits, unsignedMax });
      state = next;
      return effects;
    },
    state: () => state,
  };
}
function stored(sequence: number, text = "frame"): AuditInput {
  return { kind: "stored", message: message(sequence, text) };
}
function message(sequence: number, text = "frame"): LeafMessage {
  const payload = new TextEncoder().encode(text);
  return { subject: "audit.x", sequence, timeMs: sequence, headers: new Map(), payload };
}
function treeOf(size: number): Frontier {
  let frontier = emptyFrontier;
  for (let at = 1; at <= size; at++) frontier = append(frontier, frameLeafHash(message(at)));
  return frontier;
}
