/**
 * Carries out the target's commands: which session has which upstream, catalog reading, and letting
 * go of the sessions of an edge that is silent.
 *
 * @module
 */
import type { Report } from "#actors/_kit/report.ts";
import { publishCatalog } from "#actors/_kit/catalog_channel.ts";
import type { Bus } from "#actors/_kit/bus.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { type SessionKey, sessionName } from "#schemas/subjects.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Definitions } from "./definitions.ts";
import type { TargetCommand, TargetInput } from "./inputs.ts";
import { QueryError } from "./postgres/query_connection.ts";
import type { Presence, Reach, Upstream } from "./reach.ts";

export type DriverLimits = {
  /** An edge that said nothing for so long is lost. */
  readonly edgeSilenceMsMax: number;
  /** How long a change of the catalog that nobody waits for may lie before it is read. */
  readonly catalogDelayMsMax: number;
  /** How often it is seen whether the server is done for a session that is gone. */
  readonly busyEveryMs: number;
};

/** Readings of one catalog: the one under way, the one behind it, and how long the last took. */
type Reading = {
  under: Promise<string | null> | null;
  next: Promise<string | null> | null;
  tookMs: number;
};

type Held = {
  readonly key: SessionKey;
  readonly connection: string;
  readonly deliver: (input: TargetInput) => void;
  upstream: Upstream | null;
  abandon: () => void;
  /** Other processes are told that it is served. */
  isTold: boolean;
};

/** Creates the driver over the connections of the configuration. */
export function targetDriver(ports: {
  readonly connections: ReadonlyMap<string, Reach>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly report: Report;
  readonly limits: DriverLimits;
  /** Of each connection, shared with the actor. */
  readonly definitionsOf: (connection: string) => Definitions;
}) {
  const { connections, bus, clock, report, limits, definitionsOf } = ports;
  const held = new Map<string, Held>();
  const heard = new Map<string, number>();
  const digests = new Map<string, string>();
  const reading = new Map<string, Reading>();
  /** Connections whose catalog will be read in a while. */
  const awaiting = new Set<string>();
  /** The reading of catalogs with which the presence in a database began. */
  const beginning = new Map<Presence, Promise<unknown>>();
  for (const [connection, { presence }] of connections) {
    presence?.whenLost(() => presenceLost(connection));
  }

  return { run, dropped, credit, alive, checkEdges, refreshCatalog };

  function run(
    key: SessionKey,
    command: TargetCommand,
    deliver: (input: TargetInput) => void,
  ): void {
    const session = heldBy(key);
    switch (command.kind) {
      case "dial":
        return open(key, command.connection, command.parameters, deliver);
      case "write":
        return session?.upstream?.write(command.bytes);
      case "confirm": {
        const { request } = command;
        return session?.upstream?.whenWritten((fate) => {
          deliver({ kind: fate === "taken" ? "written" : "refused", request });
        });
      }
      case "cancel":
        Promise.resolve(session?.upstream?.cancel()).then(() => deliver({ kind: "cancel_over" }));
        return;
      case "pause":
        return session?.upstream?.pause();
      case "resume":
        return session?.upstream?.resume();
      case "read_catalog":
        refreshCatalog(command.connection).then((digest) => {
          deliver({ kind: "catalog_read", digest });
        });
        return changedBeside(command.connection);
      case "catalog_changed":
        return changed(command.connection);
      case "estimate": {
        const { asked, statements } = command;
        const estimate = connections.get(command.connection)?.estimateRows;
        const none = Promise.resolve(statements.map(() => null));
        (estimate?.(statements) ?? none).then((rows) =>
          deliver({ kind: "estimated", asked, rows })
        );
        return;
      }
      case "await_turn": {
        const { connection, moves } = command;
        const tell = () => deliver({ kind: "turn" });
        definitionsOf(connection).whenMoved(key.session, moves, tell);
        return void claim(connection);
      }
      case "clear_way":
        return void clearWay(key.session, command.connection);
      case "hang_up":
        return dropped(key);
      default:
        return unreachable(command);
    }
  }

  /**
   * Of the requests that a session waits for, those end that may yet look a name up, and
   * definitions that for their part wait for a lock of this session's transaction.
   */
  async function clearWay(session: string, connection: string): Promise<void> {
    const definitions = definitionsOf(connection);
    void endBlocked(session, connection);
    const blocking = definitions.blocking(session);
    const ids = blocking.filter(({ single }) => single).flatMap((one) => idOf(one.session) ?? []);
    const unlocked = await connections.get(connection)?.unlocked?.(ids) ?? new Set();
    for (const running of blocking.filter(definitions.runs)) {
      const id = idOf(running.session);
      if (running.single && id !== null && unlocked.has(id)) definitions.passOver(running);
      else held.get(running.session)?.deliver({ kind: "give_way" });
    }
  }

  /** Who waits to define goes when no other process serves the database. */
  async function claim(connection: string): Promise<void> {
    const reach = connections.get(connection);
    const { presence } = definitionsOf(connection);
    if (presence.asked()) presence.answered(await reach?.presence?.claim() ?? "shared");
  }

  /** Others may have defined anything until now: the catalogs are read first. */
  function begin(presence: Presence, connection: string): void {
    const definitions = definitionsOf(connection);
    definitions.presence.began();
    beginning.set(presence, Promise.all(definitions.unread.map(refreshCatalog)));
  }

  function presenceLost(connection: string): void {
    report("presence_lost", { connection });
    for (const session of [...held.values()]) {
      if (session.connection !== connection) continue;
      session.abandon();
      letGo(session);
      session.deliver({ kind: "upstream_closed" });
    }
  }

  /** The server's number of a session. */
  function idOf(session: string): number | null {
    return held.get(session)?.upstream?.processId ?? null;
  }

  async function endBlocked(session: string, connection: string): Promise<void> {
    const own = idOf(session);
    const awaited = definitionsOf(connection).awaited(session).flatMap((other) => {
      const id = idOf(other);
      return id === null ? [] : [{ other, id }];
    });
    if (own === null || awaited.length === 0) return;
    const blocked = connections.get(connection)?.blocked;
    const found = await blocked?.(own, awaited.map(({ id }) => id)) ?? new Set();
    for (const { other, id } of awaited) {
      if (found.has(id)) held.get(other)?.deliver({ kind: "give_way" });
    }
  }

  function open(
    key: SessionKey,
    connection: string,
    parameters: Readonly<Record<string, string>>,
    deliver: (input: TargetInput) => void,
  ): void {
    const reach = connections.get(connection);
    if (reach === undefined) {
      const reason = "this connection is not configured at the target";
      return deliver({ kind: "dial_failed", code: "not_configured", reason });
    }
    const other = held.get(key.session);
    if (other !== undefined && other !== heldBy(key)) {
      // Ids are random: an edge that comes to one of another's has taken it.
      const reason = "the session's id is another's";
      return deliver({ kind: "dial_failed", code: "session_taken", reason });
    }
    const session: Held = {
      key,
      connection,
      deliver,
      upstream: null,
      abandon: () => {},
      isTold: false,
    };
    held.set(key.session, session);
    heard.set(key.edge, clock.nowMs());
    const { dial: dialUpstream, presence } = reach;
    if (presence === null) return dial();
    presence.enter().then(async (since) => {
      session.isTold = true;
      if (since === "began") begin(presence, connection);
      // Nobody has asked yet who would be judged by an older catalog.
      await beginning.get(presence);
      if (held.get(key.session) === session) dial();
      else untell(session);
    }, (error) => {
      const { code, reason } = unservedBy(error);
      failed(code, reason);
    });

    function dial(): void {
      const dialled = dialUpstream(parameters, {
        ready(upstream, bytes) {
          session.upstream = upstream;
          deliver({ kind: "dialled", bytes });
        },
        failed(code, reason) {
          untell(session);
          failed(code, reason);
        },
        received: (bytes) => deliver({ kind: "received", bytes }),
        closed() {
          letGo(session);
          deliver({ kind: "upstream_closed" });
        },
      });
      session.abandon = dialled.abandon;
    }

    function failed(code: string, reason: string): void {
      held.delete(key.session);
      report("dial_failed", { session: key.session, connection, code });
      deliver({ kind: "dial_failed", code, reason });
    }
  }

  /** What is held for exactly this session: an edge may say the id of another's. */
  function heldBy(key: SessionKey): Held | undefined {
    const session = held.get(key.session);
    return session !== undefined && sessionName(session.key) === sessionName(key)
      ? session
      : undefined;
  }

  function dropped(key: SessionKey): void {
    const session = heldBy(key);
    if (session === undefined) return;
    session.abandon();
    letGo(session);
  }

  function untell(session: Held): void {
    if (session.isTold) connections.get(session.connection)?.presence?.leave();
    session.isTold = false;
  }

  /** Whatever the server may still commit for it is ended, and awaited. */
  function letGo(session: Held): void {
    const { key: { session: name }, connection, upstream } = session;
    held.delete(name);
    const definitions = definitionsOf(connection);
    definitions.drop(name);
    if (!definitions.lingers(name)) {
      untell(session);
      for (const unread of definitions.unread) readSoon(unread);
      return;
    }
    const id = upstream?.processId ?? null;
    void Promise.resolve(upstream?.cancel()).then(look);

    async function look(): Promise<void> {
      const busy = id === null ? undefined : await connections.get(connection)?.busy?.([id]);
      if (id !== null && busy?.has(id)) return void clock.after(limits.busyEveryMs, look);
      definitions.goes(name);
      untell(session);
      changed(connection);
    }
  }

  function credit(session: string, bytes: number): void {
    held.get(session)?.deliver({ kind: "credit", bytes });
  }

  function alive(edge: string): void {
    heard.set(edge, clock.nowMs());
  }

  /** Called from time to time: sessions of an edge that went silent are let go. */
  function checkEdges(): void {
    const before = clock.nowMs() - limits.edgeSilenceMsMax;
    for (const session of [...held.values()]) {
      if ((heard.get(session.key.edge) ?? 0) < before) session.deliver({ kind: "edge_lost" });
    }
  }

  /** Reads and publishes a connection's catalog when it changed; its digest, null on failure. */
  function refreshCatalog(connection: string): Promise<string | null> {
    const known = reading.get(connection) ?? { under: null, next: null, tookMs: 0 };
    reading.set(connection, known);
    // A change may have come after the read that is under way began: once more behind it, for all
    // who ask until then.
    known.next ??= (known.under ?? Promise.resolve(null)).then(async () => {
      const startedMs = clock.nowMs();
      known.under = known.next;
      known.next = null;
      const digest = await readOnce(connection);
      known.tookMs = clock.nowMs() - startedMs;
      return digest;
    });
    return known.next;
  }

  function changed(connection: string): void {
    readSoon(connection);
    changedBeside(connection);
  }

  /** What others have defined is to be seen by all connections to their database. */
  function changedBeside(connection: string): void {
    for (const other of definitionsOf(connection).unread) {
      if (other !== connection) readSoon(other);
    }
  }

  /** Changes that nobody waits for are read together: half of the time at most is spent on it. */
  function readSoon(connection: string): void {
    if (awaiting.has(connection)) return;
    awaiting.add(connection);
    const afterMs = Math.min(reading.get(connection)?.tookMs ?? 0, limits.catalogDelayMsMax);
    clock.after(afterMs, () => {
      awaiting.delete(connection);
      void refreshCatalog(connection);
    });
  }

  async function readOnce(connection: string): Promise<string | null> {
    const reach = connections.get(connection);
    const read = reach?.readCatalog ?? null;
    if (read === null) return null;
    const definitions = definitionsOf(connection);
    definitions.readBegins();
    const known = digests.get(connection) ?? null;
    try {
      const catalog = await read(known);
      const digest = catalog?.digest ?? known;
      if (catalog !== null && digest !== null && digest !== known) {
        await publishCatalog(bus, catalog);
        digests.set(connection, digest);
        report("catalog_published", { connection, relations: catalog.relations.length });
      }
      definitions.readEnds(digest);
      if (definitions.presence.mayShare()) reach?.presence?.share();
      return digest;
    } catch (error) {
      definitions.readEnds(null);
      report("catalog_failed", { connection, error: codeOf(error) });
      return null;
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof QueryError) return error.code;
  return error instanceof Error ? error.name : "unknown";
}

/** Why a session is not served of which other processes cannot be told, and a SQLSTATE for it. */
function unservedBy(error: unknown): { readonly code: string; readonly reason: string } {
  const unknown = { code: "08006", reason: "the server does not say who else serves the database" };
  if (!(error instanceof QueryError)) return unknown;
  const { code, reason } = error;
  if (code === "timeout") {
    return { code: "55P03", reason: "another process defines something in the database" };
  }
  return {
    code: /^[0-9A-Z]{5}$/.test(code) ? code : unknown.code,
    reason: reason ?? unknown.reason,
  };
}
