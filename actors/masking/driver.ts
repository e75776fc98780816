/**
 * Reads the verdicts of a session that masking was not given: the consumers of both its streams are
 * each worked by one process, and not always by the same.
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
    read(key, command.after).then(
      (frames) => deliver({ kind: "verdicts", frames }),
      // What waits for them is failed in its time.
      (error) =>
        ports.report("verdicts_not_read", { session: key.session, error: errorCode(error) }),
    );
  }

  async function read(key: SessionKey, after: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    const filters = [auditSubject(key, "verdict")];
    const options = { filters, from: after + 1, through: Number.MAX_SAFE_INTEGER };
    for await (const message of ports.bus.read(auditStream(key.epoch), options)) {
      const frame = toFrame(message);
      if (frame !== null) frames.push(frame);
    }
    return frames;
  }
}
