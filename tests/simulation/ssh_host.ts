/**
 * An SSH host in memory, as target meets it: logins that fail, programs that are slow, connections
 * that die at any moment. It keeps its own account of what it was sent, as the database does.
 * What runs there is in `ssh_programs.ts`.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import type { DialEvents, Reach, Upstream } from "#actors/target/reach.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import type { Chance } from "./clock.ts";
import { type Account, noTrouble, type Trouble } from "./postgres.ts";
import { type Program, startProgram } from "./ssh_programs.ts";

export type SimulatedHost = {
  /** How the process that lives while `alive` reaches it. */
  reach(alive: () => boolean): Reach;
  /** By the agent's connection that each login was for. */
  readonly accounts: readonly Account[];
  /** Cuts connections; those that `matches` picks, by the process that dialled. */
  cut(matches: (alive: () => boolean) => boolean): void;
  trouble: Trouble;
};

type Connection = { readonly alive: () => boolean; drop(): void };

/** Creates the host. */
export function simulatedHost(clock: Clock, chance: Chance): SimulatedHost {
  const accounts: Account[] = [];
  const connections = new Set<Connection>();
  const host: SimulatedHost = { reach, accounts, cut, trouble: { ...noTrouble } };
  return host;

  function reach(alive: () => boolean): Reach {
    return {
      dial: (parameters, events) => dial(parameters["ssh_connection"] ?? "", events, alive),
      readCatalog: null,
      estimateRows: null,
      unlocked: null,
      busy: null,
      blocked: null,
      presence: null,
    };
  }

  function cut(matches: (alive: () => boolean) => boolean): void {
    for (const one of [...connections]) if (matches(one.alive)) one.drop();
  }

  function dial(name: string, events: DialEvents, alive: () => boolean): { abandon(): void } {
    let abandoned = false;
    let hangUp = () => {};
    const fails = chance.of(host.trouble.refuses);
    clock.after(chance.between(1, 40), () => {
      if (abandoned || !alive()) return;
      if (fails) return events.failed("connection_refused", "the host refused the connection");
      hangUp = accept(name, events, alive);
    });
    return {
      abandon() {
        abandoned = true;
        hangUp();
      },
    };
  }

  function accept(name: string, events: DialEvents, alive: () => boolean): () => void {
    const account: Account = { name, received: [], open: true };
    accounts.push(account);
    const isOpen = () => connections.has(connection) && alive();
    const program = programOf(
      (...messages) => {
        if (isOpen()) events.received(encodeChannelMessages(messages));
      },
      isOpen,
      () => connection.drop(),
    );
    const connection: Connection = {
      alive,
      drop() {
        if (!connections.delete(connection)) return;
        account.open = false;
        if (alive()) events.closed();
      },
    };
    connections.add(connection);
    const upstream: Upstream = {
      write(bytes) {
        if (!isOpen()) return;
        account.received.push({ atMs: clock.nowMs(), bytes: bytes.slice() });
        program.receive(bytes.slice());
      },
      whenWritten(callback) {
        clock.after(chance.between(0, 5), () => isOpen() && callback("taken"));
      },
      pause: () => program.pace("pause"),
      resume: () => program.pace("resume"),
      cancel: () => program.cancel(),
      processId: null,
      hangUp: () => connection.drop(),
    };
    events.ready(upstream, new Uint8Array(0));
    return () => {
      connections.delete(connection);
      account.open = false;
    };
  }

  function programOf(
    say: (...messages: readonly ChannelMessage[]) => void,
    isOpen: () => boolean,
    dies: () => void,
  ) {
    const framer = new ChannelFramer({ messageBytesMax: 1 << 20 });
    let waiting: Uint8Array[] = [];
    let end: readonly ChannelMessage[] | null = null;
    let program: Program | null = null;
    let paused = false;
    let busy = false;
    return {
      receive(bytes: Uint8Array) {
        framer.push(bytes);
        for (;;) {
          const message = framer.next();
          if (message.kind === "need" || message.kind === "malformed") return;
          hear(message);
        }
      },
      pace(how: "pause" | "resume") {
        paused = how === "pause";
        run();
      },
      cancel() {
        waiting = [];
        ends({ kind: "exit_signal", name: "TERM", coreDumped: false, message: "" });
      },
    };

    function hear(message: ChannelMessage): void {
      switch (message.kind) {
        case "pty":
        case "env":
          return;
        case "data":
          return program?.data(message.data);
        case "eof":
          return program?.eof();
        case "close":
          return ends({ kind: "exit_status", code: 1 });
        default:
          if (program !== null) return;
          say({ kind: message.kind === "direct_tcpip" ? "open_confirmation" : "success" });
          program = startProgram(message, { prints, ends });
      }
    }

    /** Cut anywhere, as a pipe is. */
    function prints(bytes: Uint8Array): void {
      for (let at = 0; at < bytes.length;) {
        const piece = bytes.slice(at, at + 1 + chance.below(chance.of(0.5) ? 30 : 900));
        waiting.push(piece);
        at += piece.length;
      }
      run();
    }

    function ends(exit: ChannelMessage | null): void {
      if (end !== null) return;
      end = [{ kind: "eof" }, ...(exit === null ? [] : [exit]), { kind: "close" }];
      run();
    }

    function run(): void {
      if (busy || paused || waiting.length === 0 && end === null || !isOpen()) return;
      const slow = chance.of(host.trouble.slow) && chance.of(0.1);
      if (chance.of(host.trouble.dies) && chance.of(0.2)) return dies();
      busy = true;
      clock.after(slow ? chance.between(500, 5000) : chance.between(0, 3), () => {
        busy = false;
        if (paused || !isOpen()) return;
        const data = waiting.shift();
        if (data !== undefined) say({ kind: "data", data });
        else if (end !== null) return say(...end);
        run();
      });
    }
  }
}
