/**
 * How each actor starts in a simulation: what its process runs, with small limits, so that small
 * responses are cut, paused and resumed as big ones are.
 *
 * @module
 */
import type { SessionKey } from "#schemas/subjects.ts";
import { wireApproval } from "#actors/approval/wiring.ts";
import { heldFile, testSigner } from "#actors/audit/testing.ts";
import { keptCheckpoint } from "#actors/audit/kept_checkpoint.ts";
import { wireAudit } from "#actors/audit/wiring.ts";
import { wireAuthz } from "#actors/authz/wiring.ts";
import { serveExchanges } from "#actors/identity/driver.ts";
import { maskingKey } from "#actors/masking/key.ts";
import { wireMasking } from "#actors/masking/wiring.ts";
import { targetLimits } from "#actors/target/limits.ts";
import { wireTarget } from "#actors/target/wiring.ts";
import { logName } from "#schemas/log/epoch.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import { connection, sshConnection } from "./clinic.ts";
import { exchange } from "./people.ts";
import type { Running, Start } from "./processes.ts";
import { parser, policySet } from "./world.ts";

const limits = {
  ...targetLimits,
  chunkBytes: 2048,
  chunkBusyBytes: 4096,
  chunkBytesMax: 6144,
  busyBytes: 4096,
  creditBytes: 8192,
  creditStartBytes: 1024,
};

export const startIdentity: Start = (process) => {
  const { bus, clock, random, report, world } = process;
  serveExchanges(bus, exchange(world, clock, random), report);
  return Promise.resolve(holdsNothing);
};

export const startAuthz: Start = async (process) => {
  const identityKeys = process.world.identity.keys;
  return heldBy(await wireAuthz(process, { policy: () => policySet, identityKeys, parser }));
};

export const startTarget: Start = async (process) => {
  const { alive, name, world } = process;
  const connections = new Map([
    [connection, world.postgres.reach(alive)],
    [sshConnection, world.host.reach(alive)],
  ]);
  const tamper = world.chance.fork(`tamper ${name}`);
  const consume: typeof process.consume = (onDelivery) => {
    return process.consume((delivery) => {
      const tampers = delivery.subject.endsWith(".request") && tamper.of(world.tampering);
      onDelivery(tampers ? { ...delivery, payload: altered(delivery.payload) } : delivery);
    });
  };
  const worker = await wireTarget({ ...process, consume }, connections, limits);
  // A process that dies closes its sockets.
  const died = () => {
    for (const server of [world.postgres, world.host]) server.cut((dialled) => dialled === alive);
  };
  return { ...heldBy(worker), died };
};

export const startMasking: Start = async (process) => {
  return heldBy(await wireMasking(process, maskingKey(new Uint8Array(32).fill(9), 2026)));
};

export const startApproval: Start = async (process) => {
  return heldBy(await wireApproval(process, process.world.identity.keys));
};

export const startAudit: Start = async (process) => {
  const verifier = parseVerifier(testSigner.vkey);
  if (verifier === null) throw new Error("The log's key does not parse");
  const keptOf = (epoch: string) => {
    const lines = process.world.keptCheckpoints.get(epoch) ?? [];
    process.world.keptCheckpoints.set(epoch, lines);
    return keptCheckpoint(heldFile(lines), "it", verifier);
  };
  await wireAudit(process, logName, (epoch) => {
    return { signer: testSigner, verifier, kept: keptOf(epoch) };
  });
  return holdsNothing;
};

/** The same bytes but for one, as somebody between stream and target could make them. */
function altered(payload: Uint8Array): Uint8Array {
  const other = payload.slice();
  const at = Math.min(8, other.length - 1);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

const holdsNothing: Running = { holds: () => [] };

function heldBy(worker: { holds(key: SessionKey): boolean }): Running {
  return {
    holds: (keys) => keys.flatMap((key) => worker.holds(key) ? [key.session] : []),
  };
}
