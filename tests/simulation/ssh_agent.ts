/**
 * A simulated agent that runs commands over SSH, one connection for each: it sends input, reads
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
import { countCommand, rowsCommand } from "./ssh_host.ts";
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

/** One command, and what it prints when it runs to its end. */
type Task = {
  readonly command: string;
  readonly input: readonly Uint8Array[];
  readonly isDue: (output: string) => boolean;
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
    handler.authenticate(attempt).then((ok) => {
      if (!mine.open) return;
      if (!ok) return over(mine, "refused");
      count("SSH logins");
      run(mine, handler, taskOf());
    }, () => world.find(`${name}: the login threw`));
  }

  function run(mine: Talk, handler: ConnectionHandler, task: Task): void {
    let hear: (message: FromAgent) => void = () => {};
    let paused = false;
    let arrivesMs = 0;
    const channel: AgentChannel = {
      purpose: [{ kind: "exec", command: new TextEncoder().encode(task.command) }],
      hear(listener) {
        hear = listener;
        feed([...task.input]);
      },
      isOpen: () => mine.open,
      send(message, taken) {
        // One behind the other, however long each takes.
        arrivesMs = Math.max(arrivesMs, clock.nowMs() + chance.between(0, 4));
        clock.after(arrivesMs - clock.nowMs(), () => {
          if (!mine.open) return;
          take(mine, task, message);
          // A slow reader now and then.
          clock.after(chance.of(0.1) ? chance.between(10, 400) : 0, () => taken?.());
        });
      },
      pause: () => void (paused = true),
      resume: () => void (paused = false),
    };
    if (!handler.channel(channel)) return over(mine, "no channel");
    if (chance.of(0.1)) clock.after(chance.between(0, 150), () => over(mine, "vanished"));

    function feed(input: Uint8Array[]): void {
      clock.after(chance.between(0, 60), () => {
        if (!mine.open) return;
        if (paused) return feed(input);
        const data = input.shift();
        if (data === undefined) return hear({ kind: "eof" });
        hear({ kind: "data", data });
        feed(input);
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
    if (mine.status === 0) {
      count("SSH answered");
      if (!task.isDue(mine.output)) {
        world.find(
          `${name}: ${task.command} printed ${mine.output.length} characters, not its own`,
        );
      }
    } else {
      count(mine.status === 126 ? "SSH denied" : "SSH failed");
      if (mine.status === null && mine.errors === "") {
        world.find(`${name}: ${task.command} ended without a word`);
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

  function taskOf(): Task {
    const drawn = chance();
    if (drawn < 0.15) return { command: "sudo id", input: [], isDue: () => false };
    if (drawn < 0.55) {
      const rows = 1 + chance.below(chance.of(0.2) ? 600 : 20);
      return {
        command: rowsCommand(rows),
        input: [],
        isDue: (output) => output.split("\n").length === rows + 1,
      };
    }
    const input = Array.from(
      { length: chance.below(6) },
      () => chance.bytes(1 + chance.below(1500)),
    );
    const bytes = input.reduce((sum, piece) => sum + piece.length, 0);
    return { command: countCommand, input, isDue: (output) => output === `${bytes}\n` };
  }

  function count(what: string): void {
    counts[what] = (counts[what] ?? 0) + 1;
  }
}
