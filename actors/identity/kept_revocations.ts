/**
 * Revocations that outlive the process: each is on disk before it is said to be taken.
 *
 * **Invariant (G8):** a file that is not understood, or holds more than may be kept, keeps identity
 * from starting: who was shut out stays shut out.
 *
 * @module
 */
import type { LineFile } from "#actors/_kit/line_file.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { Revocation } from "#schemas/identity.ts";
import { type RevocationList, revocationList } from "./bounded.ts";

export type KeptLimits = {
  readonly entriesMax: number;
  /** Lines of the file; with more, it is written anew with what still holds. */
  readonly linesMax: number;
};

/**
 * Reads what is kept, and lets go of what no longer holds.
 * @throws Error when a line is not understood or too many hold.
 */
export function keptRevocations(
  file: LineFile,
  limits: KeptLimits,
  startedMs: number,
): RevocationList {
  const list = revocationList(limits);
  for (const [index, line] of file.read().entries()) {
    const revocation = parse(line);
    if (revocation === null) {
      throw new StartError(
        `line ${index + 1} of the revocations file is not understood`,
        "restore the file: without it what was taken back would be given again",
      );
    }
    if (!list.add(revocation, startedMs)) {
      throw new StartError(
        `more than ${limits.entriesMax} revocations are kept`,
        "restore the file",
      );
    }
  }
  let lines = 0;
  /** Something that holds is not in the file. */
  let behind = false;
  rewrite(startedMs);
  return { ...list, add };

  function add(revocation: Revocation, nowMs: number): boolean {
    if (!behind && list.covers(revocation, nowMs)) return true;
    // It holds in this process whatever becomes of the file.
    if (!list.add(revocation, nowMs)) return false;
    try {
      if (behind || lines >= limits.linesMax) rewrite(nowMs);
      else {
        behind = true;
        file.append(JSON.stringify(revocation));
        lines++;
        behind = false;
      }
      return true;
    } catch {
      return false;
    }
  }

  function rewrite(nowMs: number): void {
    behind = true;
    const entries = list.entries(nowMs);
    file.replace(entries.map((entry) => JSON.stringify(entry)));
    lines = entries.length;
    behind = false;
  }
}

function parse(line: string): Revocation | null {
  try {
    return Revocation.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
