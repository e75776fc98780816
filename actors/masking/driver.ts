/**
 * Reads what of a session masking was not given: verdicts, for the consumers of both its streams
 * are each worked by one process, and not always by the same; and requests, where the meaning of an
 * answer depends on what was asked.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { errorCode } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import type { Report } from "#actors/_kit/report.ts";
import { auditStream, auditSubject, type SessionKey } from "#schemas/subjects.ts";
import type { MaskingCommand, MaskingInput } from "./inputs.ts";

/** Creates the driver; the worker needs `run`. */
export function maskingDriver(ports: {
  readonly bus: Pick<Bus, "read">;
  readonly report: Report;
}) {
  return { run };

  function run(
    key: SessionKey,
    command: MaskingCommand,
    deliver: (input: MaskingInput) => void,
  ): void {
    const what = command.kind === "read_verdicts" ? "verdict" : "request";
    read(key, what, command.after).then(
      (frames) => deliver({ kind: `${what}s`, frames }),
      // What waits for them is failed in its time.
      (error) =>
        ports.report(`${what}s_not_read`, { session: key.session, error: errorCode(error) }),
    );
  }

  async function read(
    key: SessionKey,
    kind: "verdict" | "request",
    after: number,
  ): Promise<Frame[]> {
    const frames: Frame[] = [];
    const filters = [auditSubject(key, kind)];
    const options = { filters, from: after + 1, through: Number.MAX_SAFE_INTEGER };
    for await (const message of ports.bus.read(auditStream(key.epoch), options)) {
      const frame = toFrame(message);
      if (frame !== null) frames.push(frame);
    }
    return frames;
  }
}
