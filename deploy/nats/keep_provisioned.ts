/**
 * Keeps a server provisioned: RAW is a memory stream, because unmasked bytes are never on disk, so
 * a server that restarts comes back without it and its consumers; and each month's stream is
 * made some time before the month begins.
 *
 * **Invariant:** it makes what is missing and changes nothing that is there; see `provision.ts`.
 *
 * @module
 */
import { connect, nkeyAuthenticator } from "@nats-io/transport-node";
import { madeEpochs } from "#schemas/epochs.ts";
import { provision, type ProvisionOptions } from "./provision.ts";

/** `topology.epoch` is the month of the installation. */
export type KeepOptions = ProvisionOptions & {
  readonly nowMs: () => number;
  /** How long after a failure it is tried again, milliseconds. */
  readonly retryMs: number;
  /** Says how it went after a reconnect. */
  readonly report: (event: "provisioned" | "provision_failed", detail: string) => void;
};

/**
 * Provisions now, again after each reconnect, and the next month ahead of its turn.
 * @throws when it fails the first time.
 */
export async function keepProvisioned(options: KeepOptions): Promise<AsyncDisposable> {
  const made = new Set<string>();
  await make();
  const nc = await connect({
    servers: options.url,
    name: "provisioner-watch",
    authenticator: nkeyAuthenticator(options.seed),
    inboxPrefix: options.inboxPrefix,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const again = async () => {
    clearTimeout(timer);
    try {
      made.clear();
      await make();
      options.report("provisioned", "after a reconnect");
    } catch (error) {
      options.report("provision_failed", wordsOf(error));
      if (!nc.isClosed()) timer = setTimeout(again, options.retryMs);
    }
  };
  const watching = (async () => {
    for await (const { type } of nc.status()) if (type === "reconnect") await again();
  })();
  const looking = setInterval(() => {
    if (due().every((epoch) => made.has(epoch))) return;
    make().then(
      () => options.report("provisioned", `for ${due().at(-1)}`),
      (error) => options.report("provision_failed", wordsOf(error)),
    );
  }, lookEveryMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      clearTimeout(timer);
      await nc.close();
      await watching;
    },
  };

  function due(): string[] {
    return madeEpochs(options.topology.epoch, options.nowMs());
  }

  async function make(): Promise<void> {
    for (const epoch of due().filter((one) => !made.has(one))) {
      await provision({ ...options, topology: { ...options.topology, epoch } });
      made.add(epoch);
    }
  }
}

const lookEveryMs = 60_000;

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}
