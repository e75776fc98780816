/**
 * The edges of a simulation: what their processes run, with small limits, over connections in
 * memory.
 *
 * @module
 */
import type { Hearing } from "#actors/_kit/edge/hear.ts";
import type { AgentConnection } from "#actors/edge_postgres/agent_connection.ts";
import { edgeLimits } from "#actors/edge_postgres/limits.ts";
import { wireEdge } from "#actors/edge_postgres/wiring.ts";
import type {
  AgentConnection as SshConnection,
  ConnectionHandler,
} from "#actors/edge_ssh/agent_channel.ts";
import { edgeSshLimits } from "#actors/edge_ssh/limits.ts";
import { wireEdge as wireSshEdge } from "#actors/edge_ssh/wiring.ts";
import type { Running, Start } from "./processes.ts";

const limits = { ...edgeLimits, partBytes: 1024, creditEveryBytes: 2048 };
const sshLimits = {
  ...edgeSshLimits,
  partBytes: 512,
  continuationBytesMax: 1024,
  creditEveryBytes: 2048,
};

/** An edge that accepts agents. */
type Accepting<Agent, Accepted> = Running & {
  /** Takes a connection; `reset` is called when the process dies. */
  accept(agent: Agent, reset: () => void): Accepted;
};
export type EdgeRunning = Accepting<AgentConnection, void>;
export type SshEdgeRunning = Accepting<SshConnection, ConnectionHandler>;

/** `running` is told who accepts agents now. */
export function startEdge(running: (edge: EdgeRunning | null) => void): Start {
  return async (process) => accepting(await wireEdge(process, process.name, limits), running);
}

export function startSshEdge(running: (edge: SshEdgeRunning | null) => void): Start {
  return async (process) => accepting(await wireSshEdge(process, process.name, sshLimits), running);
}

function accepting<Agent extends { closed(listener: () => void): void }, Accepted>(
  gate: Hearing & { accept(agent: Agent): Accepted; stop(): Promise<void> },
  running: (edge: Accepting<Agent, Accepted> | null) => void,
): Accepting<Agent, Accepted> {
  const agents = new Set<() => void>();
  const self: Accepting<Agent, Accepted> = {
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
    async stop() {
      // Its door is shut.
      running(null);
      await gate.stop();
      const left = self.holds([]).length;
      if (left > 0) throw new Error(`${left} sessions are left of an edge that has stopped`);
    },
    died() {
      running(null);
      for (const reset of agents) reset();
    },
  };
  running(self);
  return self;
}
