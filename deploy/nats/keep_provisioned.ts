/**
 * Keeps a server provisioned: RAW is a memory stream, because unmasked bytes are never on disk, so
 * a server that restarts comes back without it and without its consumers.
 *
 * **Invariant:** it makes what is missing and changes nothing that is there; see `provision.ts`.
 *
 * @module
 */
import { connect, nkeyAuthenticator } from "@nats-io/transport-node";
import { provision, type ProvisionOptions } from "./provision.ts";

export type KeepOptions = ProvisionOptions & {
  /** How long after a failure it is tried again, milliseconds. */
  readonly retryMs: number;
  /** Says how it went after a reconnect. */
  readonly report: (event: "provisioned" | "provision_failed", detail: string) => void;
};

/** Provisions now, and again after each reconnect. @throws when it fails the first time. */
export async function keepProvisioned(options: KeepOptions): Promise<AsyncDisposable> {
  await provision(options);
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
      await provision(options);
      options.report("provisioned", "after a reconnect");
    } catch (error) {
      options.report("provision_failed", error instanceof Error ? error.message : "unknown");
      if (!nc.isClosed()) timer = setTimeout(again, options.retryMs);
    }
  };
  const watching = (async () => {
    for await (const { type } of nc.status()) if (type === "reconnect") await again();
  })();
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await nc.close();
      await watching;
    },
  };
}
