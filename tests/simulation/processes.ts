/**
 * Processes of the simulated system: each actor as its `main.ts` wires it, over the bus in memory,
 * with a supervisor that starts it anew when it dies.
 *
 * @module
 */
import type { SessionKey } from "#schemas/subjects.ts";
import type { Bus } from "#actors/_kit/bus.ts";
import { actorHost, type Host } from "#actors/_kit/host.ts";
import { keysOf } from "#deploy/nats/accounts.ts";
import { inboxPrefixOf, permissionsOf } from "#deploy/nats/permissions.ts";
import { config, configDigest } from "./clinic.ts";
import { clockWhile } from "./clock.ts";
import { edges, first, installed, sshEdges, type World } from "./world.ts";

/** What a process is given. */
export type Process = Host & {
  readonly world: World;
  readonly name: string;
  readonly alive: () => boolean;
};

/** What can be seen of a process that runs. */
export type Running = {
  /** Of these sessions, those that it still keeps something of. */
  holds(sessions: readonly SessionKey[]): readonly string[];
  /** The process dies: what of the outside is to notice, notices. */
  died?(): void;
  /** What the process does when it is told to stop. */
  stop?(): Promise<void>;
};
export type Start = (process: Process) => Promise<Running>;

export type Supervised = {
  readonly name: string;
  /** The bus's name of its client: what faults and partitions find it by. */
  running(): Running | null;
  /** Kills the process at this moment; it is started again after a while. */
  kill(downMs: number): void;
  /** Tells the process to stop; when it has, it is started again after a while. */
  stop(downMs: number): void;
};

/** Keeps one process running. */
export function supervise(world: World, key: string, name: string, start: Start): Supervised {
  const { clock } = world;
  let current: { alive: boolean; bus: Bus; running: Running | null } | null = null;
  let starts = 0;
  begin();
  return {
    name,
    running: () => current?.running ?? null,
    kill(downMs) {
      if (current === null) return;
      end();
      clock.after(downMs, begin);
    },
    stop(downMs) {
      const stopping = current;
      void stopping?.running?.stop?.().then(() => {
        if (current !== stopping) return;
        end();
        clock.after(downMs, begin);
      });
    },
  };

  function begin(): void {
    const self = { alive: true, bus: connectAs(world, key, name), running: null };
    const mine: { alive: boolean; bus: Bus; running: Running | null } = self;
    current = mine;
    start(processOf(mine)).then((running) => {
      mine.running = running;
      if (!mine.alive) running.died?.();
    }, () => {
      // It refuses to start, for example because the bus is down: its supervisor tries again.
      if (current !== mine) return;
      end();
      clock.after(1000, begin);
    });
  }

  function end(): void {
    const dying = current;
    current = null;
    if (dying === null) return;
    dying.alive = false;
    void dying.bus.close();
    dying.running?.died?.();
  }

  function processOf(mine: { readonly alive: boolean; readonly bus: Bus }): Process {
    const alive = () => mine.alive;
    const host = actorHost(key, first, {
      config,
      configDigest,
      bus: mine.bus,
      clock: clockWhile(clock, alive),
      random: world.chance.fork(`${name} ${starts++}`).bytes,
      report(event, facts) {
        if (!mine.alive) return;
        const at = clock.nowMs();
        world.log.push(JSON.stringify({ at, actor: name, event, ...facts }));
      },
    });
    return { ...host, world, name, alive };
  }
}

/** A client of the bus with the rights of a key, under a name of its own. */
export function connectAs(world: World, key: string, name: string): Bus {
  const found = keysOf(edges, sshEdges).find((one) => one.name === key);
  if (found === undefined) throw new RangeError(`No key ${key}`);
  return world.bus.connect({
    name,
    inboxPrefix: inboxPrefixOf(found),
    permissions: permissionsOf(found, { epochs: installed, shards: config.shards, replicas: 1 }),
    fault: (error) => {
      world.find(`${name}: a handler threw ${error instanceof Error ? error.stack : "no error"}`);
    },
  });
}
