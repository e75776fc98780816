/**
 * Starts a real nats-server from a configuration text, and starts it again on the same port and
 * store after a stop or a crash.
 *
 * @module
 */
import { storeKeyVariable } from "./nats_config.ts";
import { type RunningProcess, type Say, startProcess } from "./process.ts";

export { type NatsConfig, natsConfig } from "./nats_config.ts";
export { findNatsServer, type NatsBinary } from "./nats_binary.ts";

export type NatsServerOptions = {
  /** The server's program; see `findNatsServer`. */
  readonly binary: string;
  /** Gets `nats.conf` and `nats.log`; made when missing. */
  readonly directory: string;
  /** See `natsConfig`; `port` must be the one in it. */
  readonly configText: string;
  readonly port: number;
  readonly say: Say;
  /** Go's soft memory limit for the server, such as `512MiB`. */
  readonly memoryLimit?: string;
  /** A file of one line, `[A-Za-z0-9_-]{32,}`: the key of an encrypted store. */
  readonly encryptionKeyFile?: string;
  readonly readyWaitMs?: number;
};

export type NatsServer = {
  /** `nats://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now; another one after `restart`. */
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the present process ends, for whatever reason. */
  exited(): Promise<Deno.CommandStatus>;
  stop(): Promise<void>;
  /** SIGKILL, as a crash would end it; `restart` brings it back on the same store. */
  kill(): Promise<void>;
  /** Stops what runs and starts it on the same port and store; a new text replaces the old one. */
  restart(configText?: string): Promise<void>;
  /** Makes the running server read `configText` (SIGHUP): users and permissions may change. */
  reload(configText: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts the server and waits until it accepts clients. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { directory, port, say } = options;
  await Deno.mkdir(directory, { recursive: true });
  const configFile = `${directory}/nats.conf`;
  const logFile = `${directory}/nats.log`;
  const env = await serverEnvironment(options);
  const write = (text: string) => Deno.writeTextFile(configFile, text, { mode: 0o600 });
  const start = (): Promise<RunningProcess> =>
    startProcess({
      name: "nats-server",
      command: options.binary,
      args: ["--config", configFile],
      env,
      logFile,
      ready: /Server is ready/,
      readyWaitMs: options.readyWaitMs ?? 20_000,
      stopWaitMs: 10_000,
      pidFile: { path: `${directory}/nats.pid`, serves: configFile },
    });
  await write(options.configText);
  let running = await start();
  say(`nats-server runs on port ${port}, process ${running.pid}`);
  const stop = () => running.stop();
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    logFile,
    get pid() {
      return running.pid;
    },
    exited: () => running.exited,
    stop,
    kill: () => running.kill(),
    async restart(configText) {
      await running.stop();
      if (configText !== undefined) await write(configText);
      running = await start();
      say(`nats-server runs again on port ${port}, process ${running.pid}`);
    },
    async reload(configText) {
      await write(configText);
      Deno.kill(running.pid, "SIGHUP");
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function serverEnvironment(options: NatsServerOptions): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  if (options.memoryLimit !== undefined) env["GOMEMLIMIT"] = options.memoryLimit;
  if (options.encryptionKeyFile !== undefined) {
    const key = (await Deno.readTextFile(options.encryptionKeyFile)).trim();
    if (!/^[A-Za-z0-9_-]{32,}$/.test(key)) {
      throw new TypeError("the store's key file must hold 32 or more of A-Z a-z 0-9 _ -");
    }
    // Quoted, because nats-server reads the value by its own syntax and a key may look like a
    // number.
    env[storeKeyVariable] = `"${key}"`;
  }
  return env;
}
