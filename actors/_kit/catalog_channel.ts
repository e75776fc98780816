/**
 * Catalogs on the bus: gzip of JSON, the newest for each connection kept by the stream.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { Catalog } from "#schemas/catalog.ts";
import { catalogStream, catalogSubject } from "#schemas/subjects.ts";
import { gunzipSync, gzipSync } from "node:zlib";

/** A catalog's JSON, unpacked. */
const catalogBytesMax = 64 * 1024 * 1024;

/** Publishes a catalog. @throws BusError `too_large` when it does not fit one message. */
export async function publishCatalog(bus: Bus, catalog: Catalog): Promise<void> {
  const payload = gzipSync(new TextEncoder().encode(JSON.stringify(catalog)));
  const subject = catalogSubject(catalog.connection);
  await bus.publish(subject, Uint8Array.from(payload), new Map(), { stream: catalogStream });
}

/** Follows all catalogs: first the newest of each, then every change. */
export async function followCatalogs(
  bus: Bus,
  connections: readonly string[],
  onCatalog: (catalog: Catalog) => void,
  onBroken: (connection: string) => void,
): Promise<void> {
  let from = 1;
  for (const connection of connections) {
    const last = await bus.last(catalogStream, catalogSubject(connection));
    if (last === null) continue;
    take(last.payload, connection);
    from = Math.max(from, last.sequence + 1);
  }
  await bus.follow(catalogStream, from, (message) => {
    take(message.payload, message.subject.slice(message.subject.indexOf(".") + 1));
  });

  function take(payload: Uint8Array, connection: string): void {
    const catalog = decodeCatalog(payload);
    // A catalog that is not understood must not leave an older one in force.
    if (catalog === null || catalog.connection !== connection) onBroken(connection);
    else onCatalog(catalog);
  }
}

function decodeCatalog(payload: Uint8Array): Catalog | null {
  try {
    const text = gunzipSync(payload, { maxOutputLength: catalogBytesMax }).toString("utf8");
    const parsed = Catalog.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
