/** The SSH edge in a simulation: what its `main.ts` does, over connections in memory. @module */
import { admission } from "#actors/_kit/edge/admission.ts";
import { hear } from "#actors/_kit/edge/hear.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import type { AgentConnection, ConnectionHandler } from "#actors/edge_ssh/agent_channel.ts";
import { gateway } from "#actors/edge_ssh/gateway.ts";
import { edgeSshLimits as realLimits } from "#actors/edge_ssh/limits.ts";
import { aliveSubject } from "#schemas/subjects.ts";
import { config, configDigest } from "./clinic.ts";
import type { Running, Start } from "./processes.ts";

const limits = {
  ...realLimits,
  partBytes: 512,
  continuationBytesMax: 1024,
  creditEveryBytes: 2048,
};

/** An edge that accepts agents. */
export type SshEdgeRunning = Running & {
  /** Takes a connection; `reset` is called when the process dies. */
  accept(agent: AgentConnection, reset: () => void): ConnectionHandler;
};

export function startSshEdge(
  edge: string,
  running: (edge: SshEdgeRunning | null) => void,
): Start {
  return async (host) => {
    const { bus, random, report, clock } = host;
    const agents = new Set<() => void>();
    const ports = { bus, clock, random, report, edge };
    const gate = gateway({
      ...ports,
      epoch: host.epochs.open,
      config,
      configDigest,
      limits,
      admission: admission(bus, limits.exchangeMsMax),
    });
    await closeOrphans({ ...ports, epochs: host.epochs });
    hear(bus, edge, gate, ["response", "verdict", "approval", "outcome"]);
    host.every(limits.aliveEveryMs, () => bus.send(aliveSubject(edge), new Uint8Array(0)));
    bus.send(aliveSubject(edge), new Uint8Array(0));
    const self: SshEdgeRunning = {
      accept(agent, reset) {
        agents.add(reset);
        agent.closed(() => agents.delete(reset));
        return gate.accept(agent);
      },
      holds() {
        const held: string[] = [];
        gate.terminate(({ key }) => {
          held.push(key.session);
          return false;
        }, { reason: "none", message: "" });
        return held;
      },
      died() {
        running(null);
        for (const reset of agents) reset();
      },
    };
    running(self);
    return self;
  };
}
