/**
 * The log on a real server, each actor with its own key: frames stored by those who may, followed
 * and signed by audit, read back and verified by the auditor.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Bus, StoredMessage } from "#actors/_kit/bus.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import { lineFile } from "#actors/_kit/line_file.ts";
import { auditLimits } from "#actors/audit/actor.ts";
import { checkpointFileBytesMax, keptCheckpoint } from "#actors/audit/kept_checkpoint.ts";
import { type LogWriter, startLogWriter, writerLimits } from "#actors/audit/log_writer.ts";
import { honestFrames, testSigner } from "#actors/audit/testing.ts";
import { verifyLog } from "#actors/audit/verify/verify.ts";
import { decodeControl, encodeControl } from "#schemas/frames.ts";
import { epochLog } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import {
  auditStream,
  checkpointStream,
  checkpointSubject,
  type FrameKind,
  parseAuditSubject,
} from "#schemas/subjects.ts";
import { startHarness } from "#tests/conformance/nats_harness.ts";
import { epoch } from "#tests/conformance/rig.ts";

/** Who may store each kind. */
const publishers: Partial<Record<FrameKind, string>> = {
  open: "pg1",
  request: "pg1",
  close: "pg1",
  explain: "authz",
  estimate: "target",
  verdict: "authz",
  approval: "approval",
  outcome: "target",
  response: "masking",
};
const stream = auditStream(epoch);
const log = epochLog("test", epoch);

Deno.test("audit signs what a real server stores, and the auditor verifies it", async () => {
  await using harness = await startHarness();
  const buses = new Map<string, Bus>();
  const busOf = async (name: string) => {
    const bus = buses.get(name) ?? await harness.connect(name);
    buses.set(name, bus);
    return bus;
  };
  const audit = await busOf("audit");
  const auditor = await busOf("auditor");
  const frames = honestFrames().map(inTime);
  const half = Math.floor(frames.length / 2);
  const incidents: string[] = [];
  const path = await Deno.makeTempFile();

  const first = start(audit, incidents, path);
  await store(frames.slice(0, half), busOf);
  await signed(first, half);
  deepStrictEqual(await verified(auditor), [true, half, half]);
  await first.stop();

  const second = start(audit, incidents, path);
  await store(frames.slice(half), busOf);
  await signed(second, frames.length);
  deepStrictEqual(await verified(auditor), [true, frames.length, frames.length]);
  await second.stop();
  deepStrictEqual(incidents, []);

  // What the next start holds the store against.
  const kept = await Deno.readTextFile(path);
  strictEqual(kept.split("\n")[1], String(frames.length));
  await Deno.remove(path);
});

const expiresAt = new Date(Date.now() + 900_000).toISOString();
/** The server stores them now, so now is before an approval's end. */
function inTime(frame: StoredMessage): StoredMessage {
  if (parseAuditSubject(frame.subject)?.kind !== "approval") return frame;
  const approval = decodeControl("approval", frame.payload);
  ok(approval !== null);
  return { ...frame, payload: encodeControl("approval", { ...approval, expiresAt }) };
}

function start(bus: Bus, incidents: string[], path: string): LogWriter {
  const verifier = parseVerifier(testSigner.vkey);
  ok(verifier !== null);
  return startLogWriter({
    bus,
    clock: systemClock,
    stream,
    log,
    signer: testSigner,
    verifier,
    kept: keptCheckpoint(lineFile(path, { bytesMax: checkpointFileBytesMax }), path, verifier),
    report: (event) => event === "audit_incident" && incidents.push(event),
    limits: { ...writerLimits, ...auditLimits, checkpointMs: 20, tickMs: 20 },
  });
}

async function store(
  frames: ReturnType<typeof honestFrames>,
  busOf: (name: string) => Promise<Bus>,
): Promise<void> {
  for (const { subject, payload, headers, sequence } of frames) {
    const kind = parseAuditSubject(subject)?.kind;
    const name = kind === undefined ? undefined : publishers[kind];
    ok(name !== undefined);
    const stored = await (await busOf(name)).publish(subject, payload, headers, { stream });
    strictEqual(stored.sequence, sequence);
  }
}

async function signed(writer: LogWriter, size: number): Promise<void> {
  const until = Date.now() + 20_000;
  while (writer.status().signedSize < size) {
    ok(Date.now() < until, `signed ${writer.status().signedSize} of ${size}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether it verifies, how many frames there are, and how many of them are signed. */
async function verified(bus: Bus): Promise<[boolean, number, number]> {
  const { last } = await bus.state(stream);
  const frames = bus.read(stream, { filters: [`audit.${epoch}.>`], from: 1, through: last });
  const { last: newest } = await bus.state(checkpointStream);
  const checkpoints = bus.read(checkpointStream, {
    filters: [checkpointSubject(log)],
    from: 1,
    through: newest,
  });
  const result = await verifyLog(frames, checkpoints, testSigner.vkey);
  ok(result.ok, JSON.stringify(result));
  return [result.ok, result.frames, result.signed];
}
