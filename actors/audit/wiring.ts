/**
 * Audit at work: what its process and a simulation of it start alike.
 *
 * @module
 */
import type { Host } from "#actors/_kit/host.ts";
import { epochLog } from "#schemas/log/epoch.ts";
import { auditStream } from "#schemas/subjects.ts";
import { startLogWriter, writerLimits, type WriterPorts } from "./log_writer.ts";

/** Starts a writer for the log of each month; `logOf` gives what is that log's own. */
export function wireAudit(
  host: Host,
  logName: string,
  logOf: (epoch: string) => Pick<WriterPorts, "signer" | "verifier" | "kept">,
): Promise<void> {
  const { bus, clock, report } = host;
  return host.epochs.each(async (epoch) => {
    const own = logOf(epoch);
    const stream = auditStream(epoch);
    // Throws as long as it is not made.
    await bus.state(stream);
    const log = epochLog(logName, epoch);
    startLogWriter({ bus, clock, report, stream, log, ...own, limits: writerLimits });
  });
}
