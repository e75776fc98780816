/**
 * The SSH edge at work, but for its sockets: what its process and a simulation of it start alike.
 *
 * @module
 */
import { edgePorts, stayAlive } from "#actors/_kit/edge/edge_ports.ts";
import { hear } from "#actors/_kit/edge/hear.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import type { Host } from "#actors/_kit/host.ts";
import { type Gateway, gateway } from "./gateway.ts";
import type { EdgeSshLimits } from "./limits.ts";

/** Starts the edge of this name; agents are given to the gateway from then on. */
export async function wireEdge(host: Host, name: string, limits: EdgeSshLimits): Promise<Gateway> {
  const edge = gateway(edgePorts(host, name, limits));
  await closeOrphans({ ...host.ports, epochs: host.epochs, edge: name });
  hear(host.bus, name, edge, ["response", "verdict", "approval", "outcome"]);
  stayAlive(host, name, limits.aliveEveryMs);
  return edge;
}
