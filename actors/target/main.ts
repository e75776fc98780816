/** Target's process: the only one that reads credentials and dials upstreams. @module */
import { startActor } from "#actors/_kit/start.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import { sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import type { Config } from "#schemas/config.ts";
import { aliveSubject, creditSubject } from "#schemas/subjects.ts";
import { target } from "./actor.ts";
import { readCatalog } from "./catalog_reader.ts";
import { dial, type Endpoint } from "./dial.ts";
import { type Reach, targetDriver } from "./driver.ts";
import { targetLimits } from "./limits.ts";

const process = await startActor("target");
const { bus, config, report, settings } = process;
const endpoints = readEndpoints(config, settings.target?.secretsDirectory ?? "");
const connections = new Map(
  [...endpoints].map(([name, endpoint]) => [name, reach(name, endpoint)]),
);
const driver = targetDriver({ connections, bus, clock: systemClock, report, limits: targetLimits });

for (const connection of endpoints.keys()) await driver.refreshCatalog(connection);
setInterval(() => {
  for (const connection of endpoints.keys()) void driver.refreshCatalog(connection);
}, targetLimits.catalogEveryMs);
setInterval(() => driver.checkEdges(), 1000);

const worker = sessionWorker({
  actor: target(targetLimits, systemClock.nowMs),
  ...process.ports,
  recovers: ["open", "request", "verdict", "outcome", "close"],
  publishes: ["outcome"],
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

function reach(name: string, endpoint: Endpoint): Reach {
  return {
    dial: (parameters, events) => dial(endpoint, parameters, targetLimits, events),
    readCatalog: () => readCatalog(name, endpoint, targetLimits.dialMsMax),
  };
}

function readEndpoints(config: Config, secrets: string): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const [name, connection] of Object.entries(config.connections)) {
    if (connection.protocol !== "postgres") continue;
    const { host, port, database, user, password_file: file, tls } = connection;
    const password = file === undefined ? "" : Deno.readTextFileSync(`${secrets}/${file}`).trim();
    const ca = tls.ca_file === undefined
      ? undefined
      : Deno.readTextFileSync(`${secrets}/${tls.ca_file}`);
    const serverName = tls.server_name ?? host;
    const secure = tls.mode === "disable" ? null : { ca, serverName };
    endpoints.set(name, { host, port, database, user, password, tls: secure });
  }
  return endpoints;
}
