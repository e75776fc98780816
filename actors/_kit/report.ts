/**
 * What a process says about itself: one JSON object a line on standard error.
 *
 * **Invariant:** facts are numbers, codes and ids that we made; never a value from a statement, a
 * row or a credential.
 *
 * @module
 */
import { startFailure } from "#actors/_kit/start_error.ts";

export type Report = (event: string, facts: Record<string, string | number>) => void;

/** Reports of one actor. */
export function reporter(actor: string): Report {
  const encoder = new TextEncoder();
  return (event, facts) => {
    const line = { at: new Date().toISOString(), actor, event, ...facts };
    Deno.stderr.writeSync(encoder.encode(`${JSON.stringify(line)}\n`));
  };
}

/** The process ends when it was told to and has done what there is to do before. */
export function stopOnSignal(report: Report, leave: () => Promise<void>): void {
  let isLeaving = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => {
      // Ctrl-C comes from the terminal, and again from who started the process.
      if (isLeaving) return;
      isLeaving = true;
      report("stopping", {});
      void leave().then(() => {
        report("stopped", {});
        Deno.exit(0);
      });
    });
  }
}

/** Exit codes of sysexits.h: what it was given is wrong, or it is wrong itself. */
const exits = { config: 78, software: 70 } as const;

/**
 * A process that cannot start, or meets a bug, says so and stops; its supervisor starts it anew
 * (fail closed).
 */
export function stopOnBug(report: Report, isStarting: () => boolean): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    const reason: unknown = event.reason;
    const failure = isStarting() ? startFailure(reason) : null;
    if (failure !== null) {
      report("cannot_start", failure);
      Deno.exit(exits.config);
    }
    const error = reason instanceof Error ? reason.name : "not an error";
    // Where it happened; the message may hold a value.
    const places = reason instanceof Error ? reason.stack?.match(/^ {4}at .*$/gm) ?? [] : [];
    report("bug", { error, places: places.slice(0, 8).join("\n") });
    Deno.exit(exits.software);
  });
}
