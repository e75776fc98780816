/**
 * The months that a process is concerned with, as time goes on (schemas/epochs.ts).
 *
 * @module
 */
import { StartError } from "#actors/_kit/start_error.ts";
import type { Clock } from "#actors/_kit/clock.ts";
import { openEpoch, readEpochs } from "#schemas/epochs.ts";

export type Epochs = {
  /** Where a session that opens now is stored; null when the installation is too old. */
  open(): string | null;
  /** Those whose sessions may be at work now, in order. */
  read(): readonly string[];
  /**
   * Calls `begin` once for each of those, now and when its time comes; what fails is tried again.
   * @throws what `begin` throws for the month in which sessions open now, or that there is none.
   */
  each(begin: (epoch: string) => Promise<void>): Promise<void>;
};

const lookEveryMs = 60_000;

/** `first` is the month of the installation. */
export function followEpochs(clock: Clock, first: string): Epochs {
  const open = () => openEpoch(first, clock.nowMs());
  const read = () => readEpochs(first, clock.nowMs());
  return { open, read, each };

  async function each(begin: (epoch: string) => Promise<void>): Promise<void> {
    const begun = new Set<string>();
    const needed = open();
    if (needed === null) {
      throw new StartError(
        `the installation is of ${first}, and has rights to a year of months`,
        "start the installation anew",
      );
    }
    await look();
    if (!begun.has(needed)) await begin(needed);

    async function look(): Promise<void> {
      for (const epoch of read()) {
        if (begun.has(epoch)) continue;
        begun.add(epoch);
        // Its streams may not be made yet, or it was before this installation.
        await begin(epoch).catch(() => begun.delete(epoch));
      }
      clock.after(lookEveryMs, () => void look());
    }
  }
}
