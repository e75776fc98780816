/** The SSH edge's process. @module */
import { admission } from "#actors/_kit/edge/admission.ts";
import { hear } from "#actors/_kit/edge/hear.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { aliveSubject } from "#schemas/subjects.ts";
import { gateway } from "./gateway.ts";
import { edgeSshLimits } from "./limits.ts";
import { listen } from "./serve.ts";

const process = await startActor("edge_ssh");
const { bus, config, configDigest, settings } = process;
const { name } = settings;
const { host, port, hostKeyFile } = needed(settings, "edgeSsh");

const edge = gateway({
  ...process.ports,
  epoch: process.epochs.open,
  config,
  configDigest,
  edge: name,
  limits: edgeSshLimits,
  admission: admission(bus, edgeSshLimits.exchangeMsMax),
});

await closeOrphans({ ...process.ports, epochs: process.epochs, edge: name });
hear(bus, name, edge, ["response", "verdict", "approval", "outcome"]);
setInterval(() => bus.send(aliveSubject(name), new Uint8Array(0)), edgeSshLimits.aliveEveryMs);
bus.send(aliveSubject(name), new Uint8Array(0));
const hostKey = Deno.readTextFileSync(hostKeyFile);
await listen({ host, port, hostKey, limits: edgeSshLimits }, edge.accept);
process.ready();
