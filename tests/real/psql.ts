/**
 * The real `psql`, as an agent or a person runs it.
 *
 * @module
 */
import { psqlPath } from "#deploy/machine/debian.ts";
import { findDebianTool } from "#deploy/machine/debian.ts";
import { defaultCacheDir } from "#deploy/machine/cache.ts";
import type { System } from "#deploy/demo/system.ts";
import { findPlanted } from "./planted.ts";

export type PsqlOptions = {
  /** Statements and backslash commands, as typed. */
  readonly input?: string;
  readonly args?: readonly string[];
  readonly token?: string;
  readonly application?: string;
  /** More of the connection string. */
  readonly connection?: string;
  /** Whether the token's holder may see what the treatment team sees. */
  readonly reader?: "agent" | "treatment";
};
export type PsqlResult = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};
export type RunningPsql = {
  readonly finished: Promise<PsqlResult>;
  /** What it has printed so far, both outputs. */
  printed(): string;
  /** Types further input. */
  type(text: string): Promise<void>;
  /** Ends the input. */
  end(): Promise<void>;
  /** Ctrl-C. */
  interrupt(): void;
  kill(): void;
};

/** Runs psql to its end. */
export async function psql(system: System, options: PsqlOptions): Promise<PsqlResult> {
  const running = await startPsql(system, options);
  await running.end();
  return await running.finished;
}

/** Starts psql; its input stays open. */
export async function startPsql(system: System, options: PsqlOptions): Promise<RunningPsql> {
  const tool = await findPsql();
  const { edge, tokens, caFile } = system;
  const application = options.application ?? "psql";
  const connection = `host=${edge.host} port=${edge.port} dbname=ehr user=agent ` +
    `sslmode=verify-full sslrootcert=${caFile} application_name=${application} ` +
    (options.connection ?? "");
  const child = new Deno.Command(tool.path, {
    args: ["-X", ...(options.args ?? []), "-d", connection],
    env: {
      ...tool.env,
      PGPASSWORD: options.token ?? tokens.agent,
      PGCONNECT_TIMEOUT: "30",
      LC_ALL: "C.UTF-8",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const writer = child.stdin.getWriter();
  const take = async (stream: ReadableStream<Uint8Array>) => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const part = decoder.decode(chunk, { stream: true });
      text += part;
      printed += part;
    }
    return text;
  };
  const finished = Promise.all([child.status, take(child.stdout), take(child.stderr)]).then(
    ([{ code }, stdout, stderr]) => {
      const found = findPlanted(stdout + stderr, options.reader ?? "agent");
      if (found !== null) throw new Error(`psql received ${found}`);
      return { code, stdout, stderr };
    },
  );
  const type = (text: string) => writer.write(new TextEncoder().encode(text));
  await type(options.input ?? "").catch(() => {});
  return {
    finished,
    printed: () => printed,
    type,
    end: () => writer.close().catch(() => {}),
    interrupt: () => child.kill("SIGINT"),
    kill: () => child.kill("SIGKILL"),
  };
}

type Tool = { readonly path: string; readonly env: Readonly<Record<string, string>> };
let found: Promise<Tool> | null = null;

function findPsql(): Promise<Tool> {
  found ??= find();
  return found;
}

async function find(): Promise<Tool> {
  const path = await psqlPath();
  if (path !== null) return { path, env: {} };
  const options = { cacheDir: defaultCacheDir(), say: () => {} };
  const tool = await findDebianTool(["postgresql-client"], "psql", options);
  if (tool === null) {
    throw new Error("This machine has no psql and no Debian archive to take it from");
  }
  return tool;
}
