/** The SSH edge's process. @module */
import { leave } from "#actors/_kit/edge/door.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { edgeSshLimits } from "./limits.ts";
import { listen } from "./serve.ts";
import { wireEdge } from "./wiring.ts";

const process = await startActor("edge_ssh");
const { settings } = process;
const { host, port, hostKeyFile } = needed(settings, "edgeSsh");
const edge = await wireEdge(process, settings.name, edgeSshLimits);
const hostKey = Deno.readTextFileSync(hostKeyFile);
const door = await listen({ host, port, hostKey, limits: edgeSshLimits }, edge.accept);
process.ready(() => leave(door, edge));
