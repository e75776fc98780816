/** Masking's process: the only one but target that sees unmasked bytes, in memory alone. @module */
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { followCatalogs } from "#actors/_kit/catalog_channel.ts";
import { sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { parseAuditSubject } from "#schemas/subjects.ts";
import { masking } from "./actor.ts";
import { catalogView, unknownCatalog } from "./catalog_view.ts";
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import { maskingDriver } from "./driver.ts";
import { maskingKey } from "./key.ts";
import { maskingLimits, rewriterLimits } from "./limits.ts";
import type { CatalogView } from "./rewriter.ts";

const process = await startActor("masking");
const { bus, config, report, settings } = process;
const { keyFile } = needed(settings, "masking");
const secret = Uint8Array.fromBase64(Deno.readTextFileSync(keyFile).trim());
const key = maskingKey(secret, new Date().getUTCFullYear());

const views = new Map<string, CatalogView>();
await followCatalogs(bus, Object.keys(config.connections), (catalog) => {
  views.set(catalog.connection, catalogView(catalog, config.classes));
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
  ...process.ports,
  recovers: ["open", "verdict", "close"],
  publishes: ["response"],
  regained: "kept",
  run: maskingDriver({ bus, report }).run,
  limits: workerLimits,
});
await process.consume((delivery) => {
  const frame = parseAuditSubject(delivery.subject);
  // Of a session whose end it has seen in its responses, nothing is left to be let go of.
  if (frame?.kind === "close" && !worker.holds(frame.session)) delivery.ack();
  else worker.onDelivery(delivery);
});
await process.consumeRaw(worker.onRaw);
process.ready();
