/**
 * Target at work: what its process and a simulation of it start alike.
 *
 * @module
 */
import type { Host } from "#actors/_kit/host.ts";
import { type SessionWorker, sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { aliveSubject, creditSubject } from "#schemas/subjects.ts";
import { target } from "./actor.ts";
import { createDefinitions } from "./definitions.ts";
import { type DriverLimits, targetDriver } from "./driver.ts";
import type { TargetInput } from "./inputs.ts";
import { definitionsSettledMax } from "./limits.ts";
import type { Reach } from "./reach.ts";
import type { TargetLimits } from "./state.ts";

/** How often it is looked for edges that are silent. */
const edgesEveryMs = 1000;

/** Starts it over the connections of the configuration, by their names. */
export async function wireTarget(
  host: Host,
  connections: ReadonlyMap<string, Reach>,
  limits: TargetLimits & DriverLimits & { readonly catalogEveryMs: number },
): Promise<SessionWorker<TargetInput>> {
  const { bus, clock, report } = host;
  const definitionsOf = createDefinitions({ settledMax: definitionsSettledMax, databaseOf });
  const driver = targetDriver({ connections, bus, clock, report, limits, definitionsOf });
  const catalogued = [...connections].flatMap(([name, { readCatalog }]) => {
    return readCatalog === null ? [] : [name];
  });
  for (const connection of catalogued) await driver.refreshCatalog(connection);
  host.every(limits.catalogEveryMs, () => {
    for (const connection of catalogued) void driver.refreshCatalog(connection);
  });
  host.every(edgesEveryMs, driver.checkEdges);
  const worker = sessionWorker({
    actor: target(limits, clock.nowMs, definitionsOf),
    ...host.ports,
    recovers: ["open", "request", "verdict", "outcome", "close"],
    publishes: ["estimate", "outcome"],
    regained: "kept",
    run: driver.run,
    dropped: driver.dropped,
    limits: workerLimits,
  });
  bus.subscribe(creditSubject("*", "*"), ({ subject, payload }) => {
    const bytes = Number(new TextDecoder().decode(payload));
    if (Number.isSafeInteger(bytes)) driver.credit(subject.split(".")[2] ?? "", bytes);
  });
  bus.subscribe(aliveSubject("*"), ({ subject }) => driver.alive(subject.split(".")[1] ?? ""));
  await host.consume(worker.onDelivery);
  return worker;

  /** Connections to one database share what they say of their presence there. */
  function databaseOf(connection: string): { name: string; shared: boolean } {
    const presence = connections.get(connection)?.presence ?? null;
    if (presence === null) return { name: connection, shared: false };
    const [first] = [...connections].find(([, reach]) => reach.presence === presence) ?? [];
    return { name: first ?? connection, shared: true };
  }
}
