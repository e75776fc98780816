/**
 * A program that is ended with all that it started: tests start servers, and who stops the tests
 * must find none of them left.
 *
 * **Invariant:** only the group that was started here is signalled.
 *
 * @module
 */
export type ProcessGroup = {
  readonly child: Deno.ChildProcess;
  /** SIGTERM to all of it, then SIGKILL to what is left after a while. Safe to call twice. */
  end(): Promise<void>;
};

/**
 * Starts a program in a group of its own: a terminal's Ctrl-C does not reach it. `graceMs` is how
 * long what was told to end may take.
 */
export function startGroup(
  command: string,
  options: Deno.CommandOptions,
  graceMs = 5_000,
): ProcessGroup {
  const child = new Deno.Command(command, { ...options, detached: true }).spawn();
  let ending: Promise<void> | null = null;
  return { child, end: () => ending ??= endGroup(child.pid, graceMs) };
}

async function endGroup(leader: number, graceMs: number): Promise<void> {
  let isThere = signal(leader, "SIGTERM");
  for (const until = Date.now() + graceMs; isThere && Date.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    // What is stopped is woken so that it can end; all others do not notice.
    isThere = signal(leader, "SIGCONT");
  }
  if (isThere) signal(leader, "SIGKILL");
}

/** Signals a group. @returns false when nobody is left in it. */
function signal(leader: number, name: Deno.Signal): boolean {
  try {
    Deno.kill(-leader, name);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
