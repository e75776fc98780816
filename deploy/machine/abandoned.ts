/**
 * Ends a server that an earlier run started and could not stop, because that run was killed: it
 * would still hold the port and the store.
 *
 * **Invariant:** only a process whose id an earlier run wrote down, whose command line still names
 * the same private path, and whose run is gone, is ended; an id that went to another program since
 * is left alone.
 *
 * @module
 */
/** Writes down a server's process and our own, which started it, a line each. */
export async function rememberProcess(pidFile: string, pid: number): Promise<void> {
  await Deno.writeTextFile(pidFile, `${pid}\n${Deno.pid}\n`, { mode: 0o600 });
}

export async function forgetProcess(pidFile: string): Promise<void> {
  await Deno.remove(pidFile).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/**
 * Ends the process that `pidFile` names when its command line holds `path`. True when there was
 * one. Throws when the run that started it goes on, and when it does not end within `waitMs`,
 * SIGKILL included.
 */
export async function endAbandoned(
  pidFile: string,
  path: string,
  options: { readonly signal: Deno.Signal; readonly waitMs: number },
): Promise<boolean> {
  const text = await Deno.readTextFile(pidFile).catch(() => "");
  const [, pidText, starterText] = /^([1-9]\d{0,9})\n([1-9]\d{0,9})\n$/.exec(text) ?? [];
  const pid = Number(pidText);
  const starter = Number(starterText);
  if (pidText === undefined || !(await commandLine(pid)).includes(path)) return false;
  if (starter !== Deno.pid && (await commandLine(starter)) !== "") {
    throw new Error(`in use by another run, process ${starter}; stop that first`);
  }
  for (const signal of [options.signal, "SIGKILL"] as const) {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const end = Date.now() + options.waitMs;
    while (Date.now() < end) {
      if (!(await commandLine(pid)).includes(path)) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`the process ${pid} of an earlier run does not end`);
}

/** Empty when there is no such process. */
async function commandLine(pid: number): Promise<string> {
  if (Deno.build.os === "linux") {
    return (await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")).replaceAll("\0", " ");
  }
  const args = ["-o", "command=", "-p", String(pid)];
  const { stdout } = await new Deno.Command("ps", { args, stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}
