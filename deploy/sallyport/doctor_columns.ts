/**
 * Doctor on columns: how many of each database nobody has listed, and what becomes of them. That is
 * the operator's choice, so it is told and never wrong.
 *
 * @module
 */
import { listingOf } from "#schemas/classification.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { pressing, unlisted } from "./discover.ts";
import type { Check } from "./doctor_check.ts";
import { CommandError } from "./failure.ts";
import { newestCatalog } from "./newest_catalog.ts";
import type { Auditor } from "./place.ts";

export async function checkColumns({ bus, settings }: Auditor): Promise<Check[]> {
  const parsed = parseConfig(await Deno.readTextFile(settings.configFile).catch(() => ""));
  // The check of the files says so already.
  if (!parsed.ok) return [];
  const { config } = parsed;
  const checks: Check[] = [];
  for (const [connection, { protocol }] of Object.entries(config.connections)) {
    if (protocol !== "postgres") continue;
    const what = `columns of ${connection}`;
    try {
      const listing = listingOf(config, connection);
      const { length } = pressing(unlisted(await newestCatalog(bus, connection), listing));
      const fate = listing.unlisted === "mask" ? "masked" : "shown to whoever may read";
      const said = length === 0
        ? "all are listed, or plain"
        : `${length} are listed nowhere, so ${fate}: sallyport discover names them`;
      checks.push({ what, good: true, said, hint: null });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      checks.push({ what, good: false, said: error.message, hint: error.hint });
    }
  }
  return checks;
}
