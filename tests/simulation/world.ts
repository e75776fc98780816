/**
 * What all parts of one simulation share: time, chance, the bus, the server behind target, and what
 * was said and found on the way.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type IdentityKeys, identityKeys } from "#actors/_kit/identity_keys.ts";
import { memoryLimits, type MemoryServer, memoryServer } from "#actors/_kit/memory_bus.ts";
import { loadParser } from "#actors/authz/analysis/parser.ts";
import { loadPolicy, type PolicySet } from "#actors/authz/policy/cedar.ts";
import { consumers, streams } from "#deploy/nats/streams.ts";
import { config, policy } from "./clinic.ts";
import { type Chance, chance, type VirtualClock, virtualClock } from "./clock.ts";
import { type SimulatedServer, simulatedServer } from "./postgres.ts";
import { type SimulatedHost, simulatedHost } from "./ssh_host.ts";

/** The month of the installation, and those there are streams of. */
export const first = "2026_11";
export const installed: readonly string[] = [first, "2026_12"];
export const edges: readonly string[] = ["pg1", "pg2"];
export const sshEdges: readonly string[] = ["ssh1", "ssh2"];
/** One run in four meets the turn of a month. */
function startOf(seed: number): number {
  return seed % 4 === 0 ? Date.UTC(2026, 11, 1) - 8_000 : Date.UTC(2026, 10, 21, 9);
}

export type World = {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly bus: MemoryServer;
  readonly postgres: SimulatedServer;
  readonly host: SimulatedHost;
  /** Chance that target is given other bytes of a request than are stored. */
  tampering: number;
  /** The lines of what audit keeps of each month over its own death. */
  readonly keptCheckpoints: Map<string, string[]>;
  readonly identity: { readonly key: KeyObject; readonly kid: string; readonly keys: IdentityKeys };
  /** Every line that every process said. */
  readonly log: string[];
  /** What must never be, as it is noticed; the checks add to it. */
  readonly findings: string[];
  find(what: string): void;
};

/** Loaded once: reading WebAssembly is no part of any run. */
export const parser = await loadParser();
export const policySet: PolicySet = load();

/** Creates the world of a seed, in which nothing runs yet. */
export function createWorld(seed: number): World {
  const startMs = startOf(seed);
  const clock = virtualClock(startMs);
  const all = chance(seed);
  const topologies = installed.map((epoch) => {
    return { epoch, shards: config.shards, replicas: 1 } as const;
  });
  const named = new Map(topologies.flatMap(streams).map((stream) => [stream.name, stream]));
  const read = topologies.flatMap(consumers).map((one) => {
    return [`${one.stream}.${one.config.name}`, one] as const;
  });
  const findings: string[] = [];
  const log: string[] = [];
  return {
    seed,
    clock,
    chance: all,
    bus: memoryServer({
      clock,
      random: all.fork("bus"),
      streams: [...named.values()],
      consumers: [...new Map(read).values()],
      limits: memoryLimits,
    }),
    tampering: 0,
    postgres: simulatedServer(clock, all.fork("postgres")),
    host: simulatedHost(clock, all.fork("host")),
    keptCheckpoints: new Map(),
    identity: identityOf(all.fork("identity")),
    log,
    findings,
    find(what) {
      findings.push(`${((clock.nowMs() - startMs) / 1000).toFixed(3)} s: ${what}`);
    },
  };
}

/** Seconds of the run so far. */
export function elapsed(world: World): number {
  return (world.clock.nowMs() - startOf(world.seed)) / 1000;
}

/** PEM of a PKCS #8 Ed25519 private key (RFC 8410 section 7): its DER, and 32 bytes of seed. */
const privatePrefix = Uint8Array.fromHex("302e020100300506032b657004220420");

function identityOf(chance: Chance): World["identity"] {
  const der = new Uint8Array([...privatePrefix, ...chance.bytes(32)]).toBase64();
  const key = createPrivateKey(`-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`);
  const kid = "simulated";
  const jwk = createPublicKey(key).export({ format: "jwk" });
  return { key, kid, keys: identityKeys({ keys: [{ ...jwk, kid }] }) };
}

function load(): PolicySet {
  const loaded = loadPolicy(policy, config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}
