/** The catalog that target published last, as the auditor may read it. @module */
import { type Bus, BusError } from "#actors/_kit/bus.ts";
import { followCatalogs } from "#actors/_kit/catalog_channel.ts";
import type { Catalog } from "#schemas/catalog.ts";
import { CommandError } from "./failure.ts";

/** Of a connection. @throws CommandError when there is none. */
export async function newestCatalog(bus: Bus, connection: string): Promise<Catalog> {
  let found: Catalog | null = null;
  const take = (catalog: Catalog) => found = catalog.connection === connection ? catalog : found;
  // Only what is there now is asked for.
  const reading: Bus = { ...bus, follow: () => Promise.resolve({ stop: () => Promise.resolve() }) };
  try {
    await followCatalogs(reading, [connection], take, () => found = null);
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    throw new CommandError(
      `the catalog cannot be read (${error.code})`,
      "the auditor's key must be allowed to read the stream CATALOG",
    );
  }
  if (found !== null) return found;
  throw new CommandError(
    `target has published no catalog of ${connection}`,
    "look whether target runs and reaches the database",
  );
}
