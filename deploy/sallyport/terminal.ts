/**
 * The terminal of this process.
 *
 * **Invariant:** whatever was sent by an agent, a database or a forged frame, a line that is
 * printed or said holds no control character but our own line ends and tabs.
 *
 * @module
 */
import type { Terminal } from "./verb.ts";

/**
 * Text that cannot move a cursor, hide or reorder what stands beside it: such characters are
 * written as JSON writes them, so that JSON stays the same JSON.
 */
export function harmless(text: string): string {
  return text.replaceAll(/(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** Results to standard output; what is being done to standard error. */
export function systemTerminal(): Terminal {
  const encoder = new TextEncoder();
  const inPlace = Deno.stderr.isTerminal();
  let unfinished = false;
  const say = (text: string) => {
    const before = unfinished ? "\r\x1b[K" : "";
    unfinished = false;
    writeAll(Deno.stderr, encoder.encode(`${before}${harmless(text)}\n`));
  };
  return {
    print: (text) => writeAll(Deno.stdout, encoder.encode(`${harmless(text)}\n`)),
    write: (text) => writeAll(Deno.stdout, encoder.encode(text)),
    say,
    progress(text) {
      if (!inPlace) return say(text);
      unfinished = true;
      writeAll(Deno.stderr, encoder.encode(`\r\x1b[K${harmless(text)}`));
    },
  };
}

function writeAll(sink: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(sink.writeSync(rest));
}
