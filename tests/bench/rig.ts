/** The system that is measured, and the ways to its database. @module */
import { startSystem, type System } from "#deploy/demo/system.ts";
import type { Say } from "#deploy/machine/process.ts";
import { processKinds } from "#deploy/processes.ts";
import { benchConfiguration, benchPolicy, prepareBench } from "./bulk.ts";
import { cpuSeconds, pgbouncer, type Target, tool } from "./tools.ts";

export type BenchRig = AsyncDisposable & {
  readonly system: System;
  readonly caPem: string;
  readonly direct: Target;
  readonly gateway: Target;
  /** Starts pgbouncer in front of the same database. */
  pooled(): Promise<{ readonly target: Target; stop(): Promise<void> }>;
  /** Every process of the gateway, with its id. */
  readonly processes: readonly (readonly [name: string, pid: number])[];
};

/** Starts the whole system but the console, with the bench's tables. */
export async function startBenchRig(
  options: { readonly syncAlways: boolean; readonly say: Say },
): Promise<BenchRig> {
  const { syncAlways, say } = options;
  const directory = await Deno.makeTempDir({ prefix: "sallyport-bench-" });
  const kinds = processKinds.filter((kind) => kind !== "console");
  const system = await startSystem({
    directory,
    say,
    ephemeral: true,
    syncAlways,
    kinds,
    configure: benchConfiguration,
    policy: benchPolicy,
    prepare: prepareBench,
  });
  const { postgres, edge, tokens } = system;
  const user = "gateway_ehr";
  const password = await Deno.readTextFile(`${directory}/secrets/ehr.password`);
  const base = { host: "127.0.0.1", database: "ehr" };
  const direct: Target = { ...base, port: postgres.port, user, password };
  return {
    system,
    caPem: await Deno.readTextFile(system.caFile),
    direct,
    gateway: { ...base, port: edge.port, user: "agent", password: tokens.agent },
    processes: [
      ["nats-server", system.nats.pid],
      ...kinds.map((kind) => [kind, system.actor(kind).pid] as const),
    ],
    async pooled() {
      const bouncer = await tool(["pgbouncer"], "pgbouncer", say);
      const certificate = {
        certFile: `${directory}/certificates/edge.crt`,
        keyFile: `${directory}/certificates/edge.key`,
      };
      await makeReadable(certificate.certFile, certificate.keyFile, directory);
      const pooled = await pgbouncer(bouncer, direct, certificate);
      return { target: { ...direct, port: pooled.port }, stop: pooled.stop };
    },
    [Symbol.asyncDispose]: () => system[Symbol.asyncDispose](),
  };
}

/** Processor time of each process so far, seconds. */
export async function processorTimes(rig: BenchRig): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (const [name, pid] of rig.processes) all.set(name, await cpuSeconds(pid));
  return all;
}

async function makeReadable(cert: string, key: string, directory: string): Promise<void> {
  // pgbouncer gives up root, and reads its certificate as somebody else.
  await Deno.chmod(cert, 0o644);
  await Deno.chmod(key, 0o644);
  await Deno.chmod(`${directory}/certificates`, 0o755);
  await Deno.chmod(directory, 0o755);
}
