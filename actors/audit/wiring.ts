/**
 * Audit at work: what its process and a simulation of it start alike.
 *
 * @module
 */
import type { Host } from "#actors/_kit/host.ts";
import { epochLog } from "#schemas/log/epoch.ts";
import type { Signer, Verifier } from "#schemas/log/key.ts";
import { auditStream } from "#schemas/subjects.ts";
import { startLogWriter, writerLimits } from "./log_writer.ts";

/** Starts a writer for the log of each month; `keysOf` gives what that log is signed with. */
export function wireAudit(
  host: Host,
  logName: string,
  keysOf: (epoch: string) => { readonly signer: Signer; readonly verifier: Verifier },
): Promise<void> {
  const { bus, clock, report } = host;
  return host.epochs.each(async (epoch) => {
    const keys = keysOf(epoch);
    const stream = auditStream(epoch);
    // Throws as long as it is not made.
    await bus.state(stream);
    const log = epochLog(logName, epoch);
    startLogWriter({ bus, clock, report, stream, log, ...keys, limits: writerLimits });
  });
}
