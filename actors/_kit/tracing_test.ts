import { deepStrictEqual, equal } from "node:assert/strict";
import { trace } from "@opentelemetry/api";
import { parentOf, traced } from "#actors/_kit/tracing.ts";

Deno.test("parentOf() reads a traceparent, and takes nothing else for one", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  const parent = trace.getSpanContext(parentOf(`00-${traceId}-${spanId}-01`));
  deepStrictEqual(parent, { traceId, spanId, traceFlags: 1, isRemote: true });
  for (const text of [undefined, "", "01-x", `00-${traceId}-${spanId}`, `00-${spanId}-01`]) {
    equal(trace.getSpanContext(parentOf(text)), undefined);
  }
});

Deno.test("traced() leaves the handler alone when nobody records", () => {
  const handler = () => {};
  equal(traced("authz", handler), handler);
});
