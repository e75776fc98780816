/**
 * A file of lines that a process keeps for its next start.
 *
 * **Invariant:** what was appended is on disk when `append` returns, and so is what was replaced,
 * whole or not at all. A last line without its end was cut off by a crash before anybody was told
 * that it is kept, and is not read.
 *
 * @module
 */
import { dirname } from "node:path";

export type LineFile = {
  /** The whole lines; none when there is no file. @throws RangeError above `bytesMax`. */
  read(): string[];
  append(line: string): void;
  replace(lines: readonly string[]): void;
};

/** Needs reading and writing of the file's folder: it is replaced by a new one beside it. */
export function lineFile(path: string, limits: { readonly bytesMax: number }): LineFile {
  const encoder = new TextEncoder();
  return { read, append, replace };

  function read(): string[] {
    try {
      if (Deno.statSync(path).size > limits.bytesMax) {
        throw new RangeError(`Cannot read ${path}: it has more than ${limits.bytesMax} bytes`);
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
    return Deno.readTextFileSync(path).split("\n").slice(0, -1);
  }

  function append(line: string): void {
    write(path, { append: true, create: true, mode: 0o600 }, `${line}\n`);
  }

  function replace(lines: readonly string[]): void {
    const next = `${path}.new`;
    const text = lines.map((line) => `${line}\n`).join("");
    write(next, { write: true, create: true, truncate: true, mode: 0o600 }, text);
    Deno.renameSync(next, path);
    using folder = Deno.openSync(dirname(path), { read: true });
    folder.syncSync();
  }

  function write(to: string, options: Deno.OpenOptions, text: string): void {
    using file = Deno.openSync(to, options);
    const bytes = encoder.encode(text);
    for (let from = 0; from < bytes.length;) from += file.writeSync(bytes.subarray(from));
    file.syncSync();
  }
}
