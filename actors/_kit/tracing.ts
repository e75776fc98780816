/**
 * OpenTelemetry spans around the handling of a stored frame, from its delivery until it is
 * acknowledged, as children of the trace that the frame carries (W3C Trace Context).
 *
 * Runs under `OTEL_DENO=true`; without it no span is made and nothing is wrapped.
 *
 * **Invariant:** attributes are names of streams, kinds and sequences; no session's content.
 *
 * @module
 */
import { type Context, context, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import type { Delivery } from "#actors/_kit/bus.ts";
import { traceHeader } from "#schemas/frames.ts";
import { parseAuditSubject } from "#schemas/subjects.ts";

/** Wraps a stage's handler; gives it back as it is when nobody records. */
export function traced(
  actor: string,
  handler: (delivery: Delivery) => void,
): (delivery: Delivery) => void {
  const tracer = trace.getTracer("sallyport");
  const probe = tracer.startSpan(`${actor} starts`);
  const recording = probe.isRecording();
  probe.end();
  if (!recording) return handler;
  return (delivery) => {
    const kind = parseAuditSubject(delivery.subject)?.kind ?? "raw";
    const attributes = {
      "messaging.system": "nats",
      "messaging.operation.type": "process",
      "sallyport.kind": kind,
      "sallyport.sequence": delivery.sequence,
    };
    const parent = parentOf(delivery.headers.get(traceHeader));
    const span = tracer.startSpan(
      `${actor} ${kind}`,
      { kind: SpanKind.CONSUMER, attributes },
      parent,
    );
    handler({
      ...delivery,
      ack() {
        delivery.ack();
        span.end();
      },
      retry(delayMs) {
        delivery.retry(delayMs);
        span.end();
      },
      working: () => delivery.working(),
    });
  };
}

/** The context of a `traceparent` (W3C Trace Context level 1); the root when it is none. */
export function parentOf(traceparent: string | undefined): Context {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? "");
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined) return context.active();
  const sampled = (Number.parseInt(flags ?? "0", 16) & TraceFlags.SAMPLED) !== 0;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true });
}
