/**
 * What a process says about itself: one JSON object a line on standard error.
 *
 * **Invariant:** facts are numbers, codes and ids that we made; never a value from a statement, a
 * row or a credential.
 *
 * @module
 */
export type Report = (event: string, facts: Record<string, string | number>) => void;

/** Reports of one actor. */
export function reporter(actor: string): Report {
  const encoder = new TextEncoder();
  return (event, facts) => {
    const line = { at: new Date().toISOString(), actor, event, ...facts };
    Deno.stderr.writeSync(encoder.encode(`${JSON.stringify(line)}\n`));
  };
}

/** A process that meets a bug says so and stops; its supervisor starts it anew (fail closed). */
export function stopOnBug(report: Report): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    const reason: unknown = event.reason;
    const error = reason instanceof Error ? reason.name : "not an error";
    // Where it happened; the message may hold a value.
    const places = reason instanceof Error ? reason.stack?.match(/^ {4}at .*$/gm) ?? [] : [];
    report("bug", { error, places: places.slice(0, 8).join("\n") });
    Deno.exit(70);
  });
}
