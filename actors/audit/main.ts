/** Audit's process: the one writer of the epoch's log. @module */
import { systemClock } from "#actors/_kit/clock.ts";
import { startActor } from "#actors/_kit/start.ts";
import { epochLog, epochSigner } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import { auditStream } from "#schemas/subjects.ts";
import { startLogWriter, writerLimits } from "./log_writer.ts";

const process = await startActor("audit");
const { bus, report, settings } = process;
const { epoch, audit } = settings;
if (audit === undefined) throw new Error("Cannot start: settings lack `audit`");
const signer = epochSigner(Deno.readTextFileSync(audit.signingKeyFile).trim(), epoch);
const verifier = signer === null ? null : parseVerifier(signer.vkey);
if (signer === null || verifier === null) {
  throw new Error("Cannot start: the log's signing key does not parse");
}

startLogWriter({
  bus,
  clock: systemClock,
  stream: auditStream(epoch),
  log: epochLog(audit.logName, epoch),
  signer,
  verifier,
  report,
  limits: writerLimits,
});
process.ready();
