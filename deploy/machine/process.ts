/**
 * Runs programs: servers that stay, with their output in a log file of bounded size, and tools that
 * finish, with their output returned.
 *
 * **Invariant:** a server is stopped by the process id it was started with, first politely, then by
 * SIGKILL after a named wait; nothing is ever stopped by its name.
 *
 * @module
 */
import { endAbandoned, forgetProcess, rememberProcess } from "./abandoned.ts";

/** Where a long piece of work tells what it does: one line, no newline. */
export type Say = (line: string) => void;

/** A server that runs. */
export type RunningProcess = {
  readonly pid: number;
  /** Settles when the process has ended and its log is written. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** The last lines it printed, for an error message. */
  tail(): string;
  /** Sends the stop signal, waits, sends SIGKILL, waits for the end. Safe to call twice. */
  stop(): Promise<void>;
  /** SIGKILL at once, for tests of what a crash leaves behind. */
  kill(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type ProcessOptions = {
  /** What the process is called in error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Starts with no environment but `env`. */
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Standard output and error go here, appended; absent: only the tail is kept. */
  readonly logFile?: string;
  /** When the log passes this many bytes it is kept once as `<logFile>.1` and begun anew. */
  readonly logBytesMax?: number;
  /** The line that says the server is ready; absent: ready as soon as it runs. */
  readonly ready?: RegExp;
  readonly readyWaitMs?: number;
  readonly stopSignal?: Deno.Signal;
  readonly stopWaitMs?: number;
  /**
   * Where the process id is written while it runs, and a private path among `args`: a process that
   * an earlier run left behind with both is ended first.
   */
  readonly pidFile?: { readonly path: string; readonly serves: string };
  /** Called with each whole line it prints. */
  readonly onLine?: (line: string) => void;
};

/**
 * Starts a server and waits for its ready line. Throws, with its last lines, when it ends first.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { pidFile, stopSignal = "SIGTERM", stopWaitMs = 10_000 } = options;
  if (pidFile !== undefined) {
    const how = { signal: stopSignal, waitMs: stopWaitMs };
    await endAbandoned(pidFile.path, pidFile.serves, how);
  }
  const child = spawn(options);
  if (pidFile !== undefined) await rememberProcess(pidFile.path, child.pid);
  const log = openLog(options.logFile, options.logBytesMax ?? 8_388_608);
  const lines: string[] = [];
  const ready = Promise.withResolvers<void>();
  if (options.ready === undefined) ready.resolve();
  const onLine = (line: string) => {
    lines.push(line);
    if (lines.length > 40) lines.shift();
    if (options.ready?.test(line)) ready.resolve();
    options.onLine?.(line);
  };
  const exited = Promise.all([
    child.status,
    readLines(child.stdout, log.write, onLine),
    readLines(child.stderr, log.write, onLine),
  ]).then(async ([status]) => {
    log.close();
    if (pidFile !== undefined) await forgetProcess(pidFile.path);
    return status;
  });
  const running = runningProcess(child, exited, options, () => lines.join("\n"));
  await waitUntilReady(running, ready.promise, options);
  return running;
}

/** What a tool that ran to its end left. */
export type ToolResult = {
  readonly success: boolean;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a tool to its end, at most `waitMs`; a failure is a result, not an error. */
export async function runTool(
  command: string,
  args: readonly string[],
  options: Omit<Deno.CommandOptions, "args" | "stdout" | "stderr"> & { readonly waitMs?: number } =
    {},
): Promise<ToolResult> {
  const { waitMs = 120_000, ...rest } = options;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), waitMs);
  try {
    const output = await new Deno.Command(command, {
      ...rest,
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: abort.signal,
    }).output();
    const decoder = new TextDecoder();
    return {
      success: output.success,
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr) +
        (abort.signal.aborted ? `\nstopped after ${waitMs} ms` : ""),
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { success: false, code: 127, stdout: "", stderr: `${command}: not found` };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The first executable file of this name on PATH or in the folders of servers, which PATH often
 * leaves out for people; null when there is none.
 */
export async function findOnPath(name: string): Promise<string | null> {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  for (const folder of [...folders, "/usr/local/sbin", "/usr/sbin"]) {
    const path = `${folder}/${name}`;
    const info = await Deno.stat(path).catch(() => null);
    if (info?.isFile && ((info.mode ?? 0) & 0o111) !== 0) return path;
  }
  return null;
}

function spawn(options: ProcessOptions): Deno.ChildProcess {
  const { command, args, env, clearEnv, cwd, uid, gid } = options;
  return new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(clearEnv === undefined ? {} : { clearEnv }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  }).spawn();
}

function runningProcess(
  child: Deno.ChildProcess,
  exited: Promise<Deno.CommandStatus>,
  options: ProcessOptions,
  tail: () => string,
): RunningProcess {
  const stop = async () => {
    send(child, options.stopSignal ?? "SIGTERM");
    const ended = exited.then((): "ended" | "late" => "ended");
    if (await firstOf([ended], "late", options.stopWaitMs ?? 10_000) === "ended") return;
    send(child, "SIGKILL");
    await exited;
  };
  const kill = async () => {
    send(child, "SIGKILL");
    await exited;
  };
  return { pid: child.pid, exited, tail, stop, kill, [Symbol.asyncDispose]: stop };
}

async function waitUntilReady(
  running: RunningProcess,
  ready: Promise<void>,
  options: ProcessOptions,
): Promise<void> {
  const waitMs = options.readyWaitMs ?? 20_000;
  const problem = await firstOf<string | undefined>(
    [
      ready.then(() => undefined),
      running.exited.then((status) => `ended with code ${status.code}`),
    ],
    `is not ready after ${waitMs} ms`,
    waitMs,
  );
  if (problem === undefined) return;
  await running.kill();
  throw new Error(`${options.name} ${problem}; its last lines:\n${running.tail()}`);
}

/** What settles first, or `late` after `waitMs`; the timer never outlives the answer. */
async function firstOf<T>(promises: readonly Promise<T>[], late: T, waitMs: number): Promise<T> {
  const timeout = Promise.withResolvers<T>();
  const timer = setTimeout(() => timeout.resolve(late), waitMs);
  try {
    return await Promise.race([...promises, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function send(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended already, which is what a stop wants.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Feeds every chunk to `write` and every whole line, of at most 8 KiB, to `onLine`. */
async function readLines(
  stream: ReadableStream<Uint8Array>,
  write: (chunk: Uint8Array) => void,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let open = "";
  for await (const chunk of stream) {
    write(chunk);
    const parts = (open + decoder.decode(chunk, { stream: true })).split("\n");
    open = (parts.pop() ?? "").slice(-8192);
    for (const line of parts) onLine(line);
  }
  if (open !== "") onLine(open);
}

type Log = { write(chunk: Uint8Array): void; close(): void };

/** A log of at most two files of `bytesMax`. Writes are synchronous, so that order is kept. */
function openLog(path: string | undefined, bytesMax: number): Log {
  if (path === undefined) return { write: () => {}, close: () => {} };
  const open = () => Deno.openSync(path, { create: true, append: true, mode: 0o600 });
  let file = open();
  let size = file.statSync().size;
  return {
    write(chunk) {
      // What was read at once may be more than a file holds.
      for (let from = 0; from < chunk.length; from += bytesMax) {
        const piece = chunk.subarray(from, from + bytesMax);
        if (size + piece.length > bytesMax) {
          file.close();
          Deno.renameSync(path, `${path}.1`);
          file = open();
          size = 0;
        }
        for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
        size += piece.length;
      }
    },
    close: () => file.close(),
  };
}
