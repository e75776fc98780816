/**
 * The PostgreSQL edge at work, but for its sockets: what its process and a simulation of it start
 * alike.
 *
 * @module
 */
import { edgePorts, stayAlive } from "#actors/_kit/edge/edge_ports.ts";
import { hear, takeNotice } from "#actors/_kit/edge/hear.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import type { Host } from "#actors/_kit/host.ts";
import { type Gateway, gateway } from "./gateway.ts";
import type { EdgeLimits } from "./limits.ts";

/** Starts the edge of this name; agents are given to the gateway from then on. */
export async function wireEdge(host: Host, name: string, limits: EdgeLimits): Promise<Gateway> {
  const edge = gateway(edgePorts(host, name, limits));
  await closeOrphans({ ...host.ports, epochs: host.epochs, edge: name });
  hear(host.bus, name, edge, ["approval", "response"]);
  takeNotice(host.bus, name, edge, ["verdict", "outcome"]);
  stayAlive(host, name, limits.aliveEveryMs);
  return edge;
}
