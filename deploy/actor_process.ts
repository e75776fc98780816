/**
 * Starts one actor of an installation on this machine: its own process, with its own rights.
 *
 * @module
 */
import type { Settings } from "#actors/_kit/settings.ts";
import { type RunningProcess, startProcess } from "#deploy/machine/process.ts";
import { processArguments, type ProcessKind } from "#deploy/processes.ts";
import type { Config } from "#schemas/config.ts";

const root = new URL("../", import.meta.url).pathname;

export type ActorProcess = {
  readonly kind: ProcessKind;
  /** As its settings, its log and its key are named. */
  readonly name: string;
  readonly settings: Settings;
};

/** Resolves when the actor says that it is ready. @throws Error with its last words. */
export function startActorProcess(
  { kind, name, settings }: ActorProcess,
  { directory, config }: { readonly directory: string; readonly config: Config },
): Promise<RunningProcess> {
  const settingsFile = `${directory}/settings/${name}.json`;
  return startProcess({
    name,
    command: Deno.execPath(),
    args: processArguments(kind, root, settingsFile, settings, config),
    env: environmentOf(name),
    clearEnv: true,
    logFile: `${directory}/logs/${name}.log`,
    ready: /"event":"ready"/,
    readyWaitMs: 30_000,
    // Longer than an edge takes to let its sessions end.
    stopWaitMs: 10_000,
    pidFile: { path: `${directory}/logs/${name}.pid`, serves: settingsFile },
  });
}

/** Where Deno keeps what it fetched, and what an operator says of OpenTelemetry; nothing else. */
function environmentOf(name: string): Record<string, string> {
  const all = Deno.env.toObject();
  const telemetry = Object.entries(all).filter(([key]) => key.startsWith("OTEL_"));
  return {
    PATH: "",
    HOME: all["HOME"] ?? "",
    DENO_DIR: all["DENO_DIR"] ?? "",
    OTEL_SERVICE_NAME: `sallyport-${name}`,
    ...Object.fromEntries(telemetry),
  };
}
