/** Sessions of OpenSSH for the bench: keys that are echoed, and many that idle. @module */

/** How long each of `count` keys takes to come back, milliseconds. */
export async function echoTimes(way: readonly string[], count: number): Promise<number[]> {
  const [program = "", ...args] = way;
  const child = new Deno.Command(program, {
    // A shell as a person has it; -tt because there is no terminal here.
    args: [...args, "-tt"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const screen = child.stdout.getReader();
  const keys = child.stdin.getWriter();
  const decoder = new TextDecoder();
  const readUntil = async (awaited: string) => {
    for (let seen = ""; !seen.includes(awaited);) {
      const { value, done } = await screen.read();
      if (done) throw new Error("The shell has ended");
      seen += decoder.decode(value, { stream: true });
    }
  };
  const type = (text: string) => keys.write(new TextEncoder().encode(text));
  await readUntil("$ ");
  const times: number[] = [];
  for (let key = 0; key < count; key++) {
    // A line is never entered: it is taken back now and then.
    if (key % 40 === 39) {
      await type("\x15");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const startedMs = performance.now();
    await type("x");
    await readUntil("x");
    times.push(performance.now() - startedMs);
    // A fast typist.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  await screen.cancel();
  await keys.abort().catch(() => {});
  await child.status;
  return times;
}

/** Sessions that run and do nothing; over when disposed of. */
export async function idleSessions(
  way: readonly string[],
  count: number,
): Promise<AsyncDisposable> {
  const [program = "", ...args] = way;
  const children: Deno.ChildProcess[] = [];
  const dispose = async () => {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.status));
  };
  const atOnce = 8;
  for (let started = 0; started < count; started += atOnce) {
    const wave = Array.from({ length: Math.min(atOnce, count - started) }, async () => {
      const child = new Deno.Command(program, {
        args: [...args, "echo on; exec sleep 3600"],
        stdin: "piped",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      children.push(child);
      const screen = child.stdout.getReader();
      const { done } = await screen.read();
      if (done) throw new Error("A session did not begin");
      screen.releaseLock();
    });
    await Promise.all(wave);
  }
  return { [Symbol.asyncDispose]: dispose };
}
