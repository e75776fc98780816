/**
 * The newest checkpoint of a log, kept apart from the bus: who takes the bus's store back to an
 * earlier day does not take this back with it, so a process that starts anew sees it.
 *
 * @module
 */
import type { LineFile } from "#actors/_kit/line_file.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { openCheckpoint } from "#schemas/log/checkpoint.ts";
import type { Verifier } from "#schemas/log/key.ts";
import type { Anchor } from "./actor.ts";

/** A checkpoint is a few lines. */
export const checkpointFileBytesMax = 16 * 1024;

export type KeptCheckpoint = {
  /** The tree that was signed and stored; null when none is kept. @throws StartError */
  read(): Anchor | null;
  /** Keeps a checkpoint that is stored; `note` is a signed note. */
  keep(note: Uint8Array): void;
};

/** In a file that only audit writes. `named` is what a person calls it. */
export function keptCheckpoint(
  file: LineFile,
  named: string,
  verifier: Verifier,
): KeptCheckpoint {
  return { read, keep };

  function read(): Anchor | null {
    const lines = file.read();
    if (lines.length === 0) return null;
    const note = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    const opened = openCheckpoint(note, verifier);
    if (opened.ok) return { size: opened.checkpoint.size, root: opened.checkpoint.root };
    throw new StartError(
      `${named} is no checkpoint that the log's key signed`,
      "find out who changed it, and put back the one that was there",
    );
  }

  function keep(note: Uint8Array): void {
    file.replace(new TextDecoder().decode(note).split("\n").slice(0, -1));
  }
}
