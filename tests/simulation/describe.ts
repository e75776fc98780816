/**
 * What the stream holds of one session, in lines for people who look for a fault.
 *
 * @module
 */
import { toFrame } from "#actors/_kit/frame.ts";
import { decodeControl, endedHeader, operationHeader } from "#schemas/frames.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { auditStream } from "#schemas/subjects.ts";
import { installed, type World } from "./world.ts";

/** Lines of the session that opened under this name, or has this id. */
export function describeSession(world: World, name: string): string[] {
  const stored = installed.flatMap((epoch) => world.bus.stored(auditStream(epoch)));
  const frames = stored.flatMap((message) => toFrame(message) ?? []);
  const opened = frames.find((frame) => {
    if (frame.kind !== "open") return false;
    if (frame.key.session === name) return true;
    return decodeControl("open", frame.payload)?.parameters["application_name"] === name;
  });
  if (opened === undefined) return [`${name} has no open frame`];
  const { session } = opened.key;
  return [
    `${name} is session ${session}`,
    ...frames.filter(({ key }) => key.session === session).map((frame) => {
      const { sequence, timeMs, kind, request, part, more } = frame;
      const at = ((timeMs - opened.timeMs) / 1000).toFixed(3);
      const place = `${request}/${part}${more ? "+" : ""}`;
      return `${sequence} +${at} s ${kind} ${place} ${detailOf(frame)}`;
    }),
    ...world.log.filter((line) => line.includes(session)),
  ];
}

function detailOf(frame: Frame): string {
  const { kind, payload, headers } = frame;
  switch (kind) {
    case "request":
      return `${payload.length} bytes ${headers.get(operationHeader) ?? ""}`;
    case "verdict": {
      const verdict = decodeControl("verdict", payload);
      return `${verdict?.decision} ${verdict?.reasons.map(({ code }) => code).join(" ")}`;
    }
    case "estimate":
      return `${decodeControl("estimate", payload)?.rows.join(" ")} rows`;
    case "outcome": {
      const outcome = decodeControl("outcome", payload);
      const { status, bytes, transaction, alive } = outcome ?? {};
      return `${status} ${bytes} bytes ${transaction}${alive === true ? "" : " upstream lost"}`;
    }
    case "response":
      return `${payload.length} bytes${headers.has(endedHeader) ? " ended" : ""}`;
    case "approval":
      return decodeControl("approval", payload)?.state ?? "";
    case "close":
      return decodeControl("close", payload)?.reason ?? "";
    default:
      return "";
  }
}
