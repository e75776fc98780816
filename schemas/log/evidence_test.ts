/** @module */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  decodeEvidenceHead,
  decodeEvidenceMessage,
  encodeEvidenceHead,
  encodeEvidenceMessage,
  type EvidenceHead,
  type EvidenceMessage,
} from "./evidence.ts";
import { frameLeafHash } from "./leaf.ts";

const head: EvidenceHead = {
  evidence: "sallyport",
  version: 1,
  log: "audit",
  epoch: "2026_11",
  organisation: "Example Clinic",
  exportedAt: "2026-11-21T09:00:00.000Z",
  frames: 3,
  checkpoints: 1,
  logKey: "example.org/log+00000000+AA==",
  identityKeys: { keys: [] },
};
const message: EvidenceMessage = {
  subject: "audit.2026_11.0.pg1.s1.request",
  sequence: 7,
  timeMs: 1_795_250_000_000,
  headers: new Map([["Sallyport-Frame", "1;1;0;0;n"], ["10", "b"], ["__proto__", "c"], ["9", "a"]]),
  payload: Uint8Array.of(0, 255, 10),
};

Deno.test("evidence: a message read again is the same leaf, its headers in the order stored", () => {
  const line = encodeEvidenceMessage(message);
  strictEqual(line.indexOf("\n"), line.length - 1);
  const read = decodeEvidenceMessage(line.slice(0, -1));
  deepStrictEqual(read, message);
  deepStrictEqual([...read?.headers.keys() ?? []], [...message.headers.keys()]);
  deepStrictEqual(frameLeafHash(read ?? message), frameLeafHash(message));
});

Deno.test("evidence: any payload comes back", () => {
  fc.assert(fc.property(fc.uint8Array(), (payload) => {
    const read = decodeEvidenceMessage(encodeEvidenceMessage({ ...message, payload }).trimEnd());
    deepStrictEqual(read?.payload, Uint8Array.from(payload));
  }));
});

Deno.test("evidence: the head comes back, and nothing else is taken for one", () => {
  const line = encodeEvidenceHead(head).trimEnd();
  deepStrictEqual(decodeEvidenceHead(line), head);
  for (const wrong of ["", "{}", "[]", line.slice(1), line.replace('"version":1', '"version":2')]) {
    strictEqual(decodeEvidenceHead(wrong), null, wrong);
  }
});

Deno.test("evidence: a line that was not written so is refused", () => {
  const line = encodeEvidenceMessage(message).trimEnd();
  const wrong = [
    "",
    "null",
    line.slice(0, -1),
    line.replace('"sequence":7', '"sequence":0'),
    line.replace('"payload":"AP8K"', '"payload":"AP8K "'),
    line.replace('"payload":"AP8K"', '"payload":"AP8"'),
    line.replace('{"subject"', '{"more":1,"subject"'),
    line.replace('{"subject"', '{"subject":"x","subject"'),
    line.replace('["9","a"]', '["9","a"],["9","b"]'),
    line.replace('"sequence":7', '"sequence": 7'),
    line.replace('"timeMs":1795250000000', '"timeMs":1795250000000.5'),
    line.replace('"timeMs":1795250000000', '"timeMs":8640000000000001'),
  ];
  for (const text of wrong) strictEqual(decodeEvidenceMessage(text), null, text);
});
