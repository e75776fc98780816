/**
 * A simulated agent that works over SSH, one connection for each task: it sends input, reads
 * slowly, now and then vanishes, and holds what comes back against what was due.
 *
 * @module
 */
import type {
  AgentChannel,
  AgentConnection,
  ConnectionHandler,
  FromAgent,
  ToAgent,
} from "#actors/edge_ssh/agent_channel.ts";
import type { Agent } from "./agent.ts";
import { planted, sshConnection } from "./clinic.ts";
import type { Chance } from "./clock.ts";
import { organisationToken, type Person } from "./people.ts";
import { drawTask, type Sent, type Task } from "./ssh_tasks.ts";
import type { World } from "./world.ts";

export type SshAgentOptions = {
  readonly name: string;
  readonly who: Person;
  readonly chance: Chance;
  /** How many commands it runs before it is done. */
  readonly moves: number;
  /** Hands the connection to an edge; null when none runs there. */
  readonly dial: (agent: AgentConnection, reset: () => void) => ConnectionHandler | null;
};

type Talk = {
  open: boolean;
  readonly sinceMs: number;
  readonly closed: (() => void)[];
  output: string;
  errors: string;
  status: number | null;
};

/** Starts the agent. */
export function startSshAgent(world: World, options: SshAgentOptions): Agent {
  const { clock } = world;
  const { name, chance } = options;
  const counts: Record<string, number> = {};
  let left = options.moves;
  let talk: Talk | null = null;
  let finished = false;
  clock.after(chance.between(0, 3000), begin);
  return {
    name,
    counts,
    done: () => finished,
    waitedMs: () => talk === null ? null : clock.nowMs() - talk.sinceMs,
  };

  function begin(): void {
    if (left-- <= 0) return void (finished = true);
    const mine: Talk = {
      open: true,
      sinceMs: clock.nowMs(),
      closed: [],
      output: "",
      errors: "",
      status: null,
    };
    talk = mine;
    const connection: AgentConnection = {
      address: "198.51.100.7",
      clientVersion: "simulated",
      cipher: () => "simulated",
      closed: (listener) => void mine.closed.push(listener),
      isOpen: () => mine.open,
      end: () => over(mine, "ended"),
      destroy: () => over(mine, "ended"),
    };
    const handler = options.dial(connection, () => over(mine, "reset"));
    if (handler === null) return over(mine, "no edge");
    const token = organisationToken(options.who);
    const attempt = { user: sshConnection, credential: { kind: "token", token } } as const;
    handler.authenticate(attempt).then((why) => {
      if (!mine.open) return;
      if (why !== null) return over(mine, "refused");
      count("SSH logins");
      run(mine, handler, drawTask(chance));
    }, () => world.find(`${name}: the login threw`));
  }

  function run(mine: Talk, handler: ConnectionHandler, task: Task): void {
    let hear: ((message: FromAgent) => void) | null = null;
    let paused = false;
    let feeding = false;
    let arrivesMs = 0;
    const queue: Sent[] = [...task.input];
    const channel: AgentChannel = {
      purpose: task.purpose,
      hear(listener) {
        hear = listener;
        feed();
      },
      isOpen: () => mine.open,
      send(message, taken) {
        // One behind the other, however long each takes.
        arrivesMs = Math.max(arrivesMs, clock.nowMs() + chance.between(0, 4));
        clock.after(arrivesMs - clock.nowMs(), () => {
          if (!mine.open) return;
          take(mine, task, message);
          if (message.kind === "data") queue.push(...task.react(message.data));
          feed();
          // A slow reader now and then.
          clock.after(chance.of(0.1) ? chance.between(10, 400) : 0, () => taken?.());
        });
      },
      pause: () => void (paused = true),
      resume() {
        paused = false;
        feed();
      },
    };
    if (!handler.channel(channel)) return over(mine, "no channel");
    if (chance.of(0.1)) clock.after(chance.between(0, 150), () => over(mine, "vanished"));

    function feed(): void {
      if (feeding || paused || queue.length === 0 || hear === null || !mine.open) return;
      feeding = true;
      clock.after(chance.between(0, 60), () => {
        feeding = false;
        if (paused || !mine.open) return;
        const next = queue.shift();
        if (next === "eof") return hear?.({ kind: "eof" });
        if (next !== undefined) hear?.({ kind: "data", data: next });
        feed();
      });
    }
  }

  function take(mine: Talk, task: Task, message: ToAgent): void {
    const latin1 = new TextDecoder("latin1");
    if (message.kind === "data") mine.output += latin1.decode(message.data);
    if (message.kind === "extended_data") mine.errors += latin1.decode(message.data);
    if (message.kind === "exit_status") mine.status = message.code;
    if (planted.test(mine.output + mine.errors)) {
      world.find(`${name}: a planted value reached the agent`);
    }
    if (message.kind !== "close") return;
    const outcome = task.outcome(mine.output);
    // A tunnel has no status: what came is all that it says.
    const isOver = task.name === "forward" ? outcome !== "cut short" : mine.status === 0;
    if (isOver && outcome === "wrong") {
      const { length } = mine.output;
      world.find(`${name}: ${task.name} gave ${length} characters, not its own`);
    } else if (isOver && outcome === "due") {
      count("SSH answered");
      count(`SSH ${task.name} answered`);
    } else {
      count(mine.status === 126 ? "SSH denied" : "SSH failed");
      // On a terminal the gateway's words stand among the output.
      const told = mine.errors !== "" || mine.output.includes("sallyport: ");
      if (task.name !== "forward" && mine.status === null && !told) {
        world.find(`${name}: ${task.name} ended without a word`);
      }
    }
    over(mine, "closed");
  }

  function over(mine: Talk, how: string): void {
    if (!mine.open) return;
    mine.open = false;
    count(`SSH ${how}`);
    talk = null;
    for (const listener of mine.closed) listener();
    clock.after(chance.between(50, 2000), begin);
  }

  function count(what: string): void {
    counts[what] = (counts[what] ?? 0) + 1;
  }
}
