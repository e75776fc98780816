/**
 * What the behaviours of `bus_conformance.ts` are said with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Bus, BusError, type StoredMessage } from "#actors/_kit/bus.ts";
import { auditStream, auditSubject, type FrameKind } from "#schemas/subjects.ts";
import { epoch, type Rig } from "./rig.ts";

export type Behaviour = { readonly name: string; run(rig: Rig): Promise<void> };

export const stream = auditStream(epoch);
export const none: ReadonlyMap<string, string> = new Map();
export const headers = new Map([["Sallyport-Frame", "1;1;0;0;AAAAAAAAAAAAAAAAAAAAAA"], [
  "trace",
  "",
]]);
export const everything = Number.MAX_SAFE_INTEGER;

export function subjectOf(kind: FrameKind, session = "s1", edge = "pg1", shard = 0): string {
  return auditSubject({ epoch, shard, edge, session }, kind);
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
export function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

export function put(bus: Bus, kind: FrameKind, payload = "x", session = "s1") {
  return bus.publish(subjectOf(kind, session), bytes(payload), headers, { stream });
}

export async function collect(messages: AsyncIterable<StoredMessage>): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

export async function until(rig: Rig, what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 20_000, `never came: ${what}`);
    await rig.sleep(20);
  }
}

export function isCode(code: string) {
  return (error: unknown) => {
    assert.ok(error instanceof BusError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}
