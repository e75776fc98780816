/**
 * The bare skeleton: four processes and four persisted hops with no logic at all, on the libraries
 * as they come. What a gateway of this architecture costs on a machine before it does anything;
 * ratios to it say what our own code costs.
 *
 * @module
 */
import { AckPolicy, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { freePort, waitForPort } from "#deploy/machine/free_port.ts";
import { findNatsServer, natsConfig, startNatsServer } from "#deploy/machine/nats_server.ts";
import { type Say, startProcess } from "#deploy/machine/process.ts";

export const skeletonStream = "SKELETON";
const hops = ["request", "verdict", "raw"];
const mebibyte = 1024 ** 2;

/** Where the last hop is released. */
export function releasedHop(name: string): string {
  return `release.response.${name}`;
}

/** Starts the skeleton in front of the server on `upstreamPort`; opaque to what passes. */
export async function skeleton(
  upstreamPort: number,
  options: { readonly syncAlways: boolean; readonly say: Say },
): Promise<{ readonly port: number } & AsyncDisposable> {
  const { say } = options;
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "sallyport-skeleton-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const { path } = await findNatsServer({ say });
  const natsPort = freePort();
  const configText = natsConfig({
    port: natsPort,
    storeDir: `${directory}/store`,
    serverName: "skeleton",
    syncAlways: options.syncAlways,
    jetstreamMaxFile: 8192 * mebibyte,
    jetstreamMaxMemory: 64 * mebibyte,
  });
  const started = await startNatsServer({
    binary: path,
    directory,
    configText,
    port: natsPort,
    say,
  });
  const server = stack.use(started);
  const nats = await connect({ servers: server.url });
  const manager = await jetstreamManager(nats);
  await manager.streams.add({
    name: skeletonStream,
    subjects: ["hop.*.*"],
    republish: { src: "hop.response.*", dest: "release.response.{{wildcard(1)}}" },
  });
  for (const hop of hops) {
    await manager.consumers.add(skeletonStream, {
      "durable_name": hop,
      "ack_policy": AckPolicy.Explicit,
      "max_ack_pending": 4096,
      "filter_subject": `hop.${hop}.*`,
    });
  }
  await nats.close();
  const port = freePort();
  for (const role of ["masking", "target", "authz", "edge"]) {
    const script = new URL("./skeleton_main.ts", import.meta.url).pathname;
    const own = role === "edge" ? port : upstreamPort;
    stack.use(
      await startProcess({
        name: `skeleton's ${role}`,
        command: Deno.execPath(),
        args: ["run", "-A", script, role, server.url, String(own)],
        ready: /ready/,
        readyWaitMs: 20_000,
      }),
    );
  }
  await waitForPort(port, 5000);
  const kept = stack.move();
  return { port, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
