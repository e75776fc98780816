/**
 * How each actor starts in a simulation: what its `main.ts` does, with small limits, so that small
 * responses are cut, paused and resumed as big ones are.
 *
 * @module
 */
import { followCatalogs } from "#actors/_kit/catalog_channel.ts";
import { sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { approval } from "#actors/approval/actor.ts";
import { approvalDriver, driverLimits } from "#actors/approval/driver.ts";
import { approvalLimits } from "#actors/approval/limits.ts";
import { startLogWriter, writerLimits } from "#actors/audit/log_writer.ts";
import { testSigner } from "#actors/audit/testing.ts";
import { authz } from "#actors/authz/actor.ts";
import { defaultLimits } from "#actors/authz/analysis/analyse.ts";
import { createJudge } from "#actors/authz/judge.ts";
import { authzLimits, judgedKinds, requestLimits } from "#actors/authz/limits.ts";
import { admission } from "#actors/_kit/edge/admission.ts";
import type { AgentConnection } from "#actors/edge_postgres/agent_connection.ts";
import { gateway } from "#actors/edge_postgres/gateway.ts";
import { hear, takeNotice } from "#actors/_kit/edge/hear.ts";
import { edgeLimits as realEdgeLimits } from "#actors/edge_postgres/limits.ts";
import { closeOrphans } from "#actors/_kit/edge/orphans.ts";
import { serveExchanges } from "#actors/identity/driver.ts";
import { masking } from "#actors/masking/actor.ts";
import { catalogView, unknownCatalog } from "#actors/masking/catalog_view.ts";
import { maskingDriver } from "#actors/masking/driver.ts";
import { maskingKey } from "#actors/masking/key.ts";
import { maskingLimits, rewriterLimits } from "#actors/masking/limits.ts";
import type { CatalogView } from "#actors/masking/rewriter.ts";
import { target } from "#actors/target/actor.ts";
import { targetDriver } from "#actors/target/driver.ts";
import { targetLimits as realTargetLimits } from "#actors/target/limits.ts";
import { decisionHeader } from "#schemas/frames.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { epochLog } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import { aliveSubject, auditStream, creditSubject, parseAuditSubject } from "#schemas/subjects.ts";
import { config, configDigest, connection, sshConnection } from "./clinic.ts";
import { exchange } from "./people.ts";
import type { Host, Running, Start } from "./processes.ts";
import { parser, policySet } from "./world.ts";

const edgeLimits = { ...realEdgeLimits, partBytes: 1024, creditEveryBytes: 2048 };
const targetLimits = {
  ...realTargetLimits,
  chunkBytes: 2048,
  chunkBusyBytes: 4096,
  chunkBytesMax: 6144,
  busyBytes: 4096,
  creditBytes: 8192,
  creditStartBytes: 1024,
};
const issuer = identityIssuer(config.organisation);
export function logOf(epoch: string): string {
  return epochLog("audit", epoch);
}

export const startIdentity: Start = (host) => {
  serveExchanges(host.bus, exchange(host.world, host.clock, host.random), host.report);
  return Promise.resolve(holdsNothing);
};

export const startAuthz: Start = async (host) => {
  const { judge, onCatalog, onCatalogBroken } = createJudge({
    nowMs: host.clock.nowMs,
    config,
    configDigest,
    policy: () => policySet,
    identityKeys: host.world.identity.keys,
    parser,
    analysisLimits: {
      ...defaultLimits,
      bulkRows: config.limits.bulk_rows,
      nodesMax: config.limits.nodes_max,
    },
    requestLimits: requestLimits(config.limits.parameters_max),
  });
  await followCatalogs(host.bus, [connection], onCatalog, onCatalogBroken);
  const newId = () => host.random(12).toBase64({ alphabet: "base64url", omitPadding: true });
  const worker = sessionWorker({
    actor: authz(judge, newId, authzLimits, host.clock.nowMs),
    ...host,
    recovers: judgedKinds,
    publishes: ["explain", "verdict"],
    regained: "rebuilt",
    limits: workerLimits,
  });
  await host.consume("authz", worker.onDelivery);
  return heldBy(worker);
};

export const startTarget: Start = async (host) => {
  const { bus, clock, report, alive, world } = host;
  const connections = new Map([
    [connection, world.postgres.reach(alive)],
    [sshConnection, world.host.reach(alive)],
  ]);
  const driver = targetDriver({ connections, bus, clock, report, limits: targetLimits });
  await driver.refreshCatalog(connection);
  host.every(targetLimits.catalogEveryMs, () => void driver.refreshCatalog(connection));
  host.every(1000, () => driver.checkEdges());
  const worker = sessionWorker({
    actor: target(targetLimits, clock.nowMs),
    ...host,
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
  const tamper = world.chance.fork(`tamper ${host.name}`);
  await host.consume("target", (delivery) => {
    const tampers = delivery.subject.endsWith(".request") && tamper.of(world.tampering);
    worker.onDelivery(tampers ? { ...delivery, payload: altered(delivery.payload) } : delivery);
  });
  // A process that dies closes its sockets.
  const died = () => {
    for (const server of [world.postgres, world.host]) server.cut((dialled) => dialled === alive);
  };
  return { ...heldBy(worker), died };
};

export const startMasking: Start = async (host) => {
  const key = maskingKey(new Uint8Array(32).fill(9), 2026);
  const views = new Map<string, CatalogView>();
  await followCatalogs(host.bus, [connection], (catalog) => {
    views.set(catalog.connection, catalogView(catalog, config.classes));
  }, (broken) => void views.delete(broken));
  const detectors = Object.fromEntries(
    Object.entries(config.classes).flatMap(([name, dataClass]) => {
      return dataClass.detectors.map((detector) => [detector, name] as const);
    }),
  );
  const worker = sessionWorker({
    actor: masking(
      { key, detectors, limits: rewriterLimits },
      (name) => views.get(name) ?? unknownCatalog,
      maskingLimits,
    ),
    ...host,
    recovers: ["open", "verdict", "close"],
    publishes: ["response"],
    regained: "kept",
    run: maskingDriver(host).run,
    limits: workerLimits,
  });
  await host.consume("masking", (delivery) => {
    const frame = parseAuditSubject(delivery.subject);
    if (frame?.kind === "close" && !worker.holds(frame.session)) delivery.ack();
    else worker.onDelivery(delivery);
  });
  await host.consumeRaw("masking", worker.onRaw);
  return heldBy(worker);
};

export const startApproval: Start = async (host) => {
  const { bus, clock, report, epochs } = host;
  const { keys } = host.world.identity;
  const driver = approvalDriver({
    epochs: epochs.read,
    shards: config.shards,
    issuer,
    keys,
    nowMs: clock.nowMs,
    report,
    limits: { ...driverLimits, pendingMax: config.approvals.pending_max },
  });
  const worker = sessionWorker({
    actor: approval({
      issuer,
      keys,
      consoleUrl: config.console.url,
      justificationCharactersMin: config.approvals.justification_chars_min,
      ...approvalLimits,
      admits: driver.admits,
      nowMs: clock.nowMs,
    }),
    ...host,
    recovers: ["open", "verdict", "approval", "close"],
    publishes: ["approval"],
    regained: "rebuilt",
    run: driver.run,
    limits: workerLimits,
  });
  await host.consume("approval", (delivery) => {
    const frame = parseAuditSubject(delivery.subject);
    const decision = delivery.headers.get(decisionHeader) ?? "+approval";
    const concerned = frame?.kind !== "verdict" || decision.endsWith("+approval");
    const held = frame === null || worker.holds(frame.session);
    if (concerned && (held || frame?.kind !== "close")) worker.onDelivery(delivery);
    else delivery.ack();
  });
  await epochs.each(async (epoch) => void await driver.recover(bus, worker.deliver, epoch));
  driver.serve(bus, worker.deliver);
  return heldBy(worker);
};

export const startAudit: Start = async (host) => {
  const verifier = parseVerifier(testSigner.vkey);
  if (verifier === null) throw new Error("The log's key does not parse");
  await host.epochs.each(async (epoch) => {
    const stream = auditStream(epoch);
    await host.bus.state(stream);
    const log = logOf(epoch);
    startLogWriter({ ...host, stream, log, signer: testSigner, verifier, limits: writerLimits });
  });
  return holdsNothing;
};

/** An edge that accepts agents. */
export type EdgeRunning = Running & {
  /** Takes a connection; `reset` is called when the process dies. */
  accept(agent: AgentConnection, reset: () => void): void;
};

export function startEdge(
  edge: string,
  running: (edge: EdgeRunning | null) => void,
): Start {
  return async (host: Host) => {
    const { bus, random, report, clock } = host;
    const agents = new Set<() => void>();
    const exchanges = admission(bus, edgeLimits.exchangeMsMax);
    const ports = { bus, clock, random, report, edge };
    const gate = gateway({
      ...ports,
      epoch: host.epochs.open,
      config,
      configDigest,
      limits: edgeLimits,
      admission: exchanges,
    });
    await closeOrphans({ ...ports, epochs: host.epochs });
    hear(bus, edge, gate, ["approval", "response"]);
    takeNotice(bus, edge, gate, ["verdict", "outcome"]);
    host.every(edgeLimits.aliveEveryMs, () => bus.send(aliveSubject(edge), new Uint8Array(0)));
    bus.send(aliveSubject(edge), new Uint8Array(0));
    const self: EdgeRunning = {
      accept(agent, reset) {
        agents.add(reset);
        agent.closed(() => agents.delete(reset));
        gate.accept(agent);
      },
      holds() {
        const held: string[] = [];
        gate.terminate(({ key }) => {
          held.push(key.session);
          return false;
        }, { reason: "none", message: "" });
        return held;
      },
      died() {
        running(null);
        for (const reset of agents) reset();
      },
    };
    running(self);
    return self;
  };
}

/** The same bytes but for one, as somebody between stream and target could make them. */
function altered(payload: Uint8Array): Uint8Array {
  const other = payload.slice();
  const at = Math.min(8, other.length - 1);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

const holdsNothing: Running = { holds: () => [] };

function heldBy(worker: { holds(session: string): boolean }): Running {
  return { holds: (sessions) => sessions.filter((session) => worker.holds(session)) };
}
