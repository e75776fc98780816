/** @module */
import { deepStrictEqual } from "node:assert/strict";
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { throughHeader } from "#schemas/log/checkpoint_message.ts";
import { waitForSignature } from "./signed.ts";

const terminal = { print: () => {}, write: () => {}, say: () => {}, progress: () => {} };

function checkpoint(sequence: number, frames: number): StoredMessage {
  const headers = new Map([[throughHeader, String(frames)]]);
  return { subject: "checkpoint.audit", sequence, timeMs: 0, headers, payload: new Uint8Array(0) };
}

Deno.test("what is signed is told with the checkpoint that signs it, though audit goes on", async () => {
  const newest = [checkpoint(7, 40), checkpoint(8, 53), checkpoint(9, 60)];
  const bus = { ...unused, last: () => Promise.resolve(newest.shift() ?? null) };
  const signature = await waitForSignature(bus, "audit", 50, terminal);
  deepStrictEqual(signature, { frames: 53, checkpoint: 8 });
});

const unused = {
  read: () => {
    throw new Error("nothing is read");
  },
  state: () => Promise.reject(new Error("no state is asked for")),
  connected: () => true,
};
