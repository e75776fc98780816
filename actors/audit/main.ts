/** Audit's process: the one writer of each month's log. @module */
import { systemClock } from "#actors/_kit/clock.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { epochLog, epochSigner } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import { auditStream } from "#schemas/subjects.ts";
import { startLogWriter, writerLimits } from "./log_writer.ts";

const process = await startActor("audit");
const { bus, report, settings } = process;
const audit = needed(settings, "audit");
const key = Deno.readTextFileSync(audit.signingKeyFile).trim();

await process.epochs.each(async (epoch) => {
  const signer = epochSigner(key, epoch);
  const verifier = signer === null ? null : parseVerifier(signer.vkey);
  if (signer === null || verifier === null) {
    throw new StartError("the log's signing key does not parse", "restore the key file");
  }
  const stream = auditStream(epoch);
  // Throws as long as it is not made.
  await bus.state(stream);
  const log = epochLog(audit.logName, epoch);
  const limits = writerLimits;
  startLogWriter({ bus, clock: systemClock, stream, log, signer, verifier, report, limits });
});
process.ready();
