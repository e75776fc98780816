/** What a bench prints. @module */

/** A line of the result. */
export function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** A line about what is done meanwhile. */
export function say(line: string): void {
  print(`[bench] ${line}`);
}
