/** The PostgreSQL edge's process. @module */
import { admission } from "#actors/_kit/edge/admission.ts";
import { hear, takeNotice } from "#actors/_kit/edge/hear.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { aliveSubject } from "#schemas/subjects.ts";
import { gateway } from "./gateway.ts";
import { edgeLimits } from "./limits.ts";
import { listen } from "./serve.ts";

const process = await startActor("edge");
const { bus, config, configDigest, settings } = process;
const { name } = settings;
const { host, port, certificateFile, keyFile } = needed(settings, "edge");

const tls = {
  cert: Deno.readTextFileSync(certificateFile),
  key: Deno.readTextFileSync(keyFile),
};
const edge = gateway({
  ...process.ports,
  epoch: process.epochs.open,
  config,
  configDigest,
  edge: name,
  limits: edgeLimits,
  admission: admission(bus, edgeLimits.exchangeMsMax),
});

await closeOrphans({ ...process.ports, epochs: process.epochs, edge: name });
hear(bus, name, edge, ["approval", "response"]);
takeNotice(bus, name, edge, ["verdict", "outcome"]);
setInterval(() => bus.send(aliveSubject(name), new Uint8Array(0)), edgeLimits.aliveEveryMs);
bus.send(aliveSubject(name), new Uint8Array(0));
await listen(host, port, tls, edge.accept);
process.ready();
