/** Audit's process: the one writer of each month's log. @module */
import { lineFile } from "#actors/_kit/line_file.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { epochSigner } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import { checkpointFileBytesMax, keptCheckpoint } from "./kept_checkpoint.ts";
import { wireAudit } from "./wiring.ts";

const process = await startActor("audit");
const { signingKeyFile, checkpointsDirectory, logName } = needed(process.settings, "audit");
const key = Deno.readTextFileSync(signingKeyFile).trim();

await wireAudit(process, logName, (epoch) => {
  const signer = epochSigner(key, epoch);
  const verifier = signer === null ? null : parseVerifier(signer.vkey);
  if (signer === null || verifier === null) {
    throw new StartError("the log's signing key does not parse", "restore the key file");
  }
  const path = `${checkpointsDirectory}/${epoch}.checkpoint`;
  const file = lineFile(path, { bytesMax: checkpointFileBytesMax });
  return { signer, verifier, kept: keptCheckpoint(file, path, verifier) };
});
process.ready();
