/**
 * A PostgreSQL server in memory, as target meets it: logins, both query protocols, transactions,
 * cancellation, slow statements, and connections that die at any moment. It keeps its own account
 * of the bytes it was sent, which the checks hold against the record.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import type { DialEvents, Planned, Reach, Upstream } from "#actors/target/reach.ts";
import type { Catalog } from "#schemas/catalog.ts";
import { catalogAfter } from "./clinic.ts";
import type { Chance } from "./clock.ts";
import { type Backend, backend } from "./postgres_backend.ts";
import { simulatedPresences } from "./presences.ts";
import { statementOf } from "./statements.ts";

/** What one login sent, in order, and when. */
export type Account = {
  /** The login's `application_name`, which names the agent's connection. */
  readonly name: string;
  readonly received: { readonly atMs: number; readonly bytes: Uint8Array }[];
  open: boolean;
};

export type SimulatedServer = {
  /** How the process that lives while `alive` reaches it. */
  reach(alive: () => boolean): Reach;
  readonly accounts: readonly Account[];
  /** The texts that its planner was asked about, in order, and when. */
  readonly planned: readonly { readonly atMs: number; readonly text: string }[];
  /** Cuts connections; those that `matches` picks, by the process that dialled. */
  cut(matches: (alive: () => boolean) => boolean): void;
  /** Chance of a login that fails, of a slow statement, of a connection that dies by itself. */
  trouble: Trouble;
};
export type Trouble = { refuses: number; slow: number; dies: number };
export const noTrouble: Trouble = { refuses: 0, slow: 0, dies: 0 };

type Connection = {
  readonly account: Account;
  readonly alive: () => boolean;
  readonly backend: Backend;
  drop(): void;
};

/** What the planner expects of a statement; null for one that it does not know. */
function rowsOf(sql: string): number | null {
  const found = statementOf(sql);
  return found === undefined ? null : found.planned ?? found.answer.rows.length;
}

/** Creates the server. */
export function simulatedServer(clock: Clock, chance: Chance): SimulatedServer {
  const accounts: Account[] = [];
  const connections = new Set<Connection>();
  const presences = simulatedPresences(clock, chance);
  let definitions = 0;
  const planned: { readonly atMs: number; readonly text: string }[] = [];
  const server: SimulatedServer = { reach, accounts, planned, cut, trouble: { ...noTrouble } };
  return server;

  function reach(alive: () => boolean): Reach {
    return {
      dial: (parameters, events) => dial(parameters, events, alive),
      readCatalog: () => later(() => catalogAfter(definitions)),
      estimateRows: (statements) => plan(statements, alive),
      unlocked: () => Promise.resolve(new Set()),
      busy: () => Promise.resolve(new Set()),
      blocked: () => Promise.resolve(new Set()),
      presence: presences.of(alive),
    };
  }

  /** Now and then its planner has no answer, or one that comes when nobody waits any more. */
  function plan(
    statements: readonly Planned[],
    alive: () => boolean,
  ): Promise<(number | null)[]> {
    for (const { text } of statements) planned.push({ atMs: clock.nowMs(), text });
    const knows = !chance.of(0.1);
    const afterMs = chance.of(0.1) ? chance.between(3000, 8000) : chance.between(1, 40);
    return new Promise((resolve) => {
      clock.after(afterMs, () => {
        if (alive()) resolve(statements.map(({ text }) => knows ? rowsOf(text) : null));
      });
    });
  }

  function later(read: () => Catalog): Promise<Catalog> {
    return new Promise((resolve) => clock.after(chance.between(1, 30), () => resolve(read())));
  }

  function cut(matches: (alive: () => boolean) => boolean): void {
    for (const one of [...connections]) if (matches(one.alive)) one.drop();
    presences.cut(matches);
  }

  function dial(
    parameters: Readonly<Record<string, string>>,
    events: DialEvents,
    alive: () => boolean,
  ): { abandon(): void } {
    const fails = chance.of(server.trouble.refuses);
    const account: Account = {
      name: parameters["application_name"] ?? "",
      received: [],
      open: false,
    };
    let abandoned = false;
    let connection: Connection | null = null;
    clock.after(chance.between(1, 40), () => {
      if (abandoned || !alive()) return;
      if (fails) return events.failed("08001", "the server refused");
      connection = accept(account, events, alive);
    });
    return {
      abandon() {
        abandoned = true;
        connection?.backend.leave();
        if (connection !== null) connections.delete(connection);
        account.open = false;
      },
    };
  }

  function accept(account: Account, events: DialEvents, alive: () => boolean): Connection {
    accounts.push(account);
    account.open = true;
    const made: Connection = {
      account,
      alive,
      backend: backend({
        clock,
        chance,
        trouble: () => server.trouble,
        defined: () => void definitions++,
        send: (bytes) => alive() && events.received(bytes),
        died: () => made.drop(),
      }),
      drop() {
        if (!connections.delete(made)) return;
        account.open = false;
        made.backend.leave();
        if (alive()) events.closed();
      },
    };
    connections.add(made);
    events.ready(upstreamOf(made, account), made.backend.greeting());
    return made;
  }

  function upstreamOf(made: Connection, account: Account): Upstream {
    const reachable = () => connections.has(made) && made.alive();
    return {
      write(bytes) {
        if (!reachable()) return;
        account.received.push({ atMs: clock.nowMs(), bytes: bytes.slice() });
        made.backend.receive(bytes.slice());
      },
      whenWritten: (callback) => callback("taken"),
      pause: () => made.backend.pause(),
      resume: () => made.backend.resume(),
      cancel: () =>
        new Promise((over) => {
          clock.after(chance.between(1, 20), () => {
            if (reachable()) made.backend.cancel();
            over();
          });
        }),
      processId: null,
      hangUp: () => made.drop(),
    };
  }
}
