/** The PostgreSQL edge's process. @module */
import { leave } from "#actors/_kit/edge/door.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { edgeLimits } from "./limits.ts";
import { listen } from "./serve.ts";
import { wireEdge } from "./wiring.ts";

const process = await startActor("edge");
const { settings } = process;
const { host, port, certificateFile, keyFile } = needed(settings, "edge");
const tls = {
  cert: Deno.readTextFileSync(certificateFile),
  key: Deno.readTextFileSync(keyFile),
};
const edge = await wireEdge(process, settings.name, edgeLimits);
const door = await listen(host, port, tls, edge.accept);
process.ready(() => leave(door, edge));
