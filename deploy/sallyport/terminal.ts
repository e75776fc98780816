/** The terminal of this process. @module */
import type { Terminal } from "./verb.ts";

/** Results to standard output; what is being done to standard error. */
export function systemTerminal(): Terminal {
  const encoder = new TextEncoder();
  const inPlace = Deno.stderr.isTerminal();
  let unfinished = false;
  const say = (text: string) => {
    const before = unfinished ? "\r\x1b[K" : "";
    unfinished = false;
    writeAll(Deno.stderr, encoder.encode(`${before}${text}\n`));
  };
  return {
    print: (text) => writeAll(Deno.stdout, encoder.encode(`${text}\n`)),
    write: (text) => writeAll(Deno.stdout, encoder.encode(text)),
    say,
    progress(text) {
      if (!inPlace) return say(text);
      unfinished = true;
      writeAll(Deno.stderr, encoder.encode(`\r\x1b[K${text}`));
    },
  };
}

function writeAll(sink: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(sink.writeSync(rest));
}
