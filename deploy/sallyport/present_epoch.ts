/** The month of an installation's log. @module */
import type { Settings } from "#actors/_kit/settings.ts";
import { openEpoch } from "#schemas/epochs.ts";

/** The month in which sessions open now; of an installation that is too old, its own. */
export function presentEpoch({ epoch }: Pick<Settings, "epoch">): string {
  return openEpoch(epoch, Date.now()) ?? epoch;
}
