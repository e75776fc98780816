import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { frameHeader, sessionHeader } from "#schemas/frames.ts";
import { encodePayload, encodingHeader } from "#schemas/payload_coding.ts";
import { toFrame, toRawFrame } from "./frame.ts";

const rows = new TextEncoder().encode("1\tMRN-****0001\n".repeat(1000));

Deno.test("toFrame() gives a response's payload as its agent receives it", () => {
  const { payload, encoding } = encodePayload(rows);
  deepStrictEqual(toFrame(stored("response", payload, encoding ?? ""))?.payload, rows);
});

Deno.test("toFrame() takes no payload that does not decode, and no other kind coded", () => {
  const { payload, encoding } = encodePayload(rows);
  strictEqual(toFrame(stored("response", rows, encoding ?? "")), null);
  strictEqual(toFrame(stored("response", payload, "lz4;16000")), null);
  strictEqual(toFrame(stored("request", payload, encoding ?? "")), null);
});

Deno.test("toRawFrame() gives what came of the upstream, or nothing", () => {
  const { payload, encoding } = encodePayload(rows);
  const raw = (bytes: Uint8Array, coding: string) => {
    const { headers, ...message } = stored("response", bytes, coding);
    const own = new Map([...headers, [sessionHeader, "2026_11.pg1"]]);
    return toRawFrame({ ...message, subject: `raw.3.${"s".repeat(22)}`, headers: own });
  };
  deepStrictEqual(raw(payload, encoding ?? "")?.payload, rows);
  strictEqual(raw(rows, encoding ?? ""), null);
  strictEqual(raw(payload, "zstd;14999"), null);
});

function stored(kind: string, payload: Uint8Array, encoding: string) {
  const headers = new Map([[frameHeader, `1;1;0;0;${"A".repeat(22)}`], [encodingHeader, encoding]]);
  const subject = `audit.2026_11.3.pg1.${"s".repeat(22)}.${kind}`;
  return { subject, headers, payload, sequence: 1, timeMs: 0 };
}
