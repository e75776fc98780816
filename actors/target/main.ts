/** Target's process: the only one that reads credentials and dials upstreams. @module */
import { startActor } from "#actors/_kit/start.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import { sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import type { Connection } from "#schemas/config.ts";
import { aliveSubject, creditSubject } from "#schemas/subjects.ts";
import { target } from "./actor.ts";
import { catalogReader } from "./catalog_reader.ts";
import { dial } from "./dial.ts";
import { targetDriver } from "./driver.ts";
import { plannerLimits, targetLimits } from "./limits.ts";
import { planner } from "./postgres/planner.ts";
import { queryConnection } from "./postgres/query_connection.ts";
import type { DialEvents, Reach } from "./reach.ts";
import { sshConnections } from "./ssh/connections.ts";

const process = await startActor("target");
const { bus, config, report, settings } = process;
const secrets = settings.target?.secretsDirectory ?? "";
const connections = new Map(
  Object.entries(config.connections).map(([name, connection]) => {
    return [name, reachOf(name, connection, secrets)];
  }),
);
const catalogued = [...connections].flatMap(([name, { readCatalog }]) => {
  return readCatalog === null ? [] : [name];
});
const driver = targetDriver({ connections, bus, clock: systemClock, report, limits: targetLimits });

for (const connection of catalogued) await driver.refreshCatalog(connection);
setInterval(() => {
  for (const connection of catalogued) void driver.refreshCatalog(connection);
}, targetLimits.catalogEveryMs);
setInterval(() => driver.checkEdges(), 1000);

const worker = sessionWorker({
  actor: target(targetLimits, systemClock.nowMs),
  ...process.ports,
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
await process.consume(worker.onDelivery);
process.ready();

function reachOf(name: string, connection: Connection, secrets: string): Reach {
  const secret = (file: string | undefined) => {
    return file === undefined ? undefined : Deno.readTextFileSync(`${secrets}/${file}`);
  };
  const { host, port, user } = connection;
  const password = secret(connection.password_file)?.trim();
  if (connection.protocol === "ssh") {
    const privateKey = secret(connection.private_key_file);
    const { host_keys: hostKeys, host_ca_keys: hostAuthorities } = connection;
    const endpoint = { host, port, user, password, privateKey, hostKeys, hostAuthorities };
    const dialled = sshConnections(endpoint, targetLimits, systemClock);
    return { ...dialled, readCatalog: null, estimateRows: null };
  }
  const { database, tls } = connection;
  const secure = tls.mode === "disable"
    ? null
    : { ca: secret(tls.ca_file), serverName: tls.server_name ?? host };
  const endpoint = { host, port, database, user, password: password ?? "", tls: secure };
  const own = (events: DialEvents) =>
    dial(endpoint, { application_name: "sallyport" }, targetLimits, events);
  const catalogued = queryConnection(own, systemClock, targetLimits);
  const planned = queryConnection(own, systemClock, plannerLimits);
  return {
    dial: (parameters, events) => dial(endpoint, parameters, targetLimits, events),
    readCatalog: catalogReader(name, database, catalogued, targetLimits),
    estimateRows: planner(planned, systemClock, plannerLimits),
  };
}
