/**
 * The PostgreSQL edge at work, but for its sockets: what its process and a simulation of it start
 * alike.
 *
 * @module
 */
import { admission } from "#actors/_kit/edge/admission.ts";
import { hear, takeNotice } from "#actors/_kit/edge/hear.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import type { Host } from "#actors/_kit/host.ts";
import { aliveSubject } from "#schemas/subjects.ts";
import { type Gateway, gateway } from "./gateway.ts";
import type { EdgeLimits } from "./limits.ts";

/** Starts the edge of this name; agents are given to the gateway from then on. */
export async function wireEdge(host: Host, name: string, limits: EdgeLimits): Promise<Gateway> {
  const { bus, config, configDigest, epochs, ports } = host;
  const edge = gateway({
    ...ports,
    epoch: epochs.open,
    config,
    configDigest,
    edge: name,
    limits,
    admission: admission(bus, limits.exchangeMsMax),
  });
  await closeOrphans({ ...ports, epochs, edge: name });
  hear(bus, name, edge, ["approval", "response"]);
  takeNotice(bus, name, edge, ["verdict", "outcome"]);
  host.every(limits.aliveEveryMs, () => bus.send(aliveSubject(name), new Uint8Array(0)));
  bus.send(aliveSubject(name), new Uint8Array(0));
  return edge;
}
