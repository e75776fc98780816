/**
 * Writes the configuration file of one nats-server.
 *
 * **Invariant:** the server listens on the loopback address, keeps its store where it was told, and
 * acknowledges nothing before it is on disk when `syncAlways` is asked for.
 *
 * @module
 */

export type NatsConfig = {
  readonly port: number;
  readonly storeDir: string;
  readonly serverName: string;
  /** `accounts { … }`, `authorization { … }`, `system_account: …`: nats-server syntax, as it is. */
  readonly access?: string;
  /** fsync before each acknowledgement (`sync_interval: always`); the record needs it. */
  readonly syncAlways: boolean;
  /** Bytes of file storage for all streams. */
  readonly jetstreamMaxFile: number;
  /** Bytes of memory storage for all streams. */
  readonly jetstreamMaxMemory: number;
  /** Bytes a message may have, headers included; the server's own default is 1 MiB. */
  readonly maxPayload?: number;
  /**
   * AES encryption of the store with a key that `startNatsServer` passes in the server's
   * environment, so that the configuration file holds no secret.
   */
  readonly encrypted?: boolean;
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile?: string };
  /** The loopback port of the server's monitoring pages; absent: none. */
  readonly monitorPort?: number;
};

/** The environment variable through which the store's key reaches the server. */
export const storeKeyVariable = "SALLYPORT_STORE_KEY";

/** The configuration's text. */
export function natsConfig(config: NatsConfig): string {
  const { tls } = config;
  return [
    `server_name: ${quote(config.serverName)}`,
    `listen: "127.0.0.1:${config.port}"`,
    ...(config.monitorPort === undefined ? [] : [`http: "127.0.0.1:${config.monitorPort}"`]),
    ...(config.maxPayload === undefined ? [] : [`max_payload: ${config.maxPayload}`]),
    "jetstream {",
    `  store_dir: ${quote(config.storeDir)}`,
    `  max_file_store: ${config.jetstreamMaxFile}`,
    `  max_memory_store: ${config.jetstreamMaxMemory}`,
    ...(config.syncAlways ? ["  sync_interval: always"] : []),
    ...(config.encrypted ? ["  cipher: aes", `  key: $${storeKeyVariable}`] : []),
    "}",
    ...(tls === undefined ? [] : [
      "tls {",
      `  cert_file: ${quote(tls.certFile)}`,
      `  key_file: ${quote(tls.keyFile)}`,
      ...(tls.caFile === undefined ? [] : [`  ca_file: ${quote(tls.caFile)}`]),
      "}",
    ]),
    ...(config.access === undefined ? [] : [config.access]),
    "",
  ].join("\n");
}

/** A double-quoted string of nats-server's syntax; what would need an escape is refused. */
function quote(text: string): string {
  for (const character of text) {
    if (character === '"' || character === "\\" || character < " ") {
      throw new TypeError("a nats-server configuration string holds a quote, backslash or control");
    }
  }
  return `"${text}"`;
}
