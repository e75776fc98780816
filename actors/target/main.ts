/** Target's process: the only one that reads credentials and dials upstreams. @module */
import { startActor } from "#actors/_kit/start.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import type { Connection } from "#schemas/config.ts";
import { catalogReader } from "./catalog_reader.ts";
import { dial } from "./dial.ts";
import { plannerLimits, presenceLimits, targetLimits } from "./limits.ts";
import { planner } from "./postgres/planner.ts";
import { dialMaintenance, presenceOf } from "./postgres/presence.ts";
import { processesOf } from "./postgres/processes.ts";
import { queryConnection } from "./postgres/query_connection.ts";
import type { DialEvents, Presence, Reach } from "./reach.ts";
import { sshConnections } from "./ssh/connections.ts";
import { wireTarget } from "./wiring.ts";

const process = await startActor("target");
const { config, settings } = process;
const secrets = settings.target?.secretsDirectory ?? "";
/** Connections to the same database, by whichever role, say together that they are there. */
const presences = new Map<string, Presence>();
const connections = new Map(
  Object.entries(config.connections).map(([name, connection]) => {
    return [name, reachOf(name, connection, secrets)];
  }),
);
await wireTarget(process, connections, targetLimits);
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
    const none = {
      readCatalog: null,
      estimateRows: null,
      unlocked: null,
      busy: null,
      blocked: null,
    };
    return { ...dialled, ...none, presence: null };
  }
  const { database, tls } = connection;
  const secure = tls.mode === "disable"
    ? null
    : { ca: secret(tls.ca_file), serverName: tls.server_name ?? host };
  const endpoint = { host, port, database, user, password: password ?? "", tls: secure };
  const dialIn = (database: string, events: DialEvents) =>
    dial({ ...endpoint, database }, { application_name: "sallyport" }, targetLimits, events);
  const own = (events: DialEvents) => dialIn(database, events);
  const catalogued = queryConnection(own, systemClock, targetLimits);
  const planned = queryConnection(own, systemClock, plannerLimits);
  const watched = queryConnection(own, systemClock, plannerLimits);
  const place = `${host}:${port}/${database}`;
  const present = dialMaintenance(dialIn, database);
  const presence = presences.get(place) ?? presenceOf(
    database,
    (lost) => queryConnection(present, systemClock, presenceLimits, lost),
    systemClock,
    targetLimits,
  );
  presences.set(place, presence);
  return {
    presence,
    dial: (parameters, events) => dial(endpoint, parameters, targetLimits, events),
    readCatalog: catalogReader(name, database, catalogued, targetLimits),
    estimateRows: planner(planned, systemClock, plannerLimits),
    ...processesOf(watched),
  };
}
