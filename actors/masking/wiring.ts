/**
 * Masking at work: what its process and a simulation of it start alike.
 *
 * @module
 */
import { followCatalogs } from "#actors/_kit/catalog_channel.ts";
import type { Host } from "#actors/_kit/host.ts";
import { type SessionWorker, sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { listingOf } from "#schemas/classification.ts";
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import { parseAuditSubject } from "#schemas/subjects.ts";
import { masking } from "./actor.ts";
import { catalogView, unknownCatalog } from "./catalog_view.ts";
import { maskingDriver } from "./driver.ts";
import type { MaskingInput } from "./inputs.ts";
import type { MaskingKey } from "./key.ts";
import { maskingLimits, rewriterLimits } from "./limits.ts";
import type { CatalogView } from "./rewriter.ts";

/** Starts it. */
export async function wireMasking(
  host: Host,
  key: MaskingKey,
): Promise<SessionWorker<MaskingInput>> {
  const { bus, config, report } = host;
  const views = new Map<string, CatalogView>();
  await followCatalogs(bus, Object.keys(config.connections), (catalog) => {
    views.set(catalog.connection, catalogView(catalog, listingOf(config, catalog.connection)));
  }, (connection) => {
    views.delete(connection);
    report("catalog_not_understood", { connection });
  });
  const detectors: DetectorClasses = Object.fromEntries(
    Object.entries(config.classes).flatMap(([name, dataClass]) => {
      return dataClass.detectors.map((detector) => [detector, name] as const);
    }),
  );
  const worker = sessionWorker({
    actor: masking(
      { key, detectors, limits: rewriterLimits },
      (connection) => views.get(connection) ?? unknownCatalog,
      maskingLimits,
    ),
    ...host.ports,
    recovers: ["open", "verdict", "close"],
    publishes: ["response"],
    regained: "kept",
    run: maskingDriver({ bus, report }).run,
    limits: workerLimits,
  });
  await host.consume((delivery) => {
    const frame = parseAuditSubject(delivery.subject);
    // Of a session whose end it has seen in its responses, nothing is left to be let go of.
    if (frame?.kind === "close" && !worker.holds(frame)) delivery.ack();
    else worker.onDelivery(delivery);
  });
  await host.consumeRaw(worker.onRaw);
  return worker;
}
