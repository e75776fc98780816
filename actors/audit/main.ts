/** Audit's process: the one writer of each month's log. @module */
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { epochSigner } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import { wireAudit } from "./wiring.ts";

const process = await startActor("audit");
const { signingKeyFile, logName } = needed(process.settings, "audit");
const key = Deno.readTextFileSync(signingKeyFile).trim();

await wireAudit(process, logName, (epoch) => {
  const signer = epochSigner(key, epoch);
  const verifier = signer === null ? null : parseVerifier(signer.vkey);
  if (signer === null || verifier === null) {
    throw new StartError("the log's signing key does not parse", "restore the key file");
  }
  return { signer, verifier };
});
process.ready();
