/** The flag that names a month's log. @module */
import type { Settings } from "#actors/_kit/settings.ts";
import { openEpoch } from "#schemas/epochs.ts";
import { type Arguments, type Flag, type Grammar, usage } from "./arguments.ts";

export const epochFlag: Flag = {
  value: "<YYYY_MM>",
  help: "the log of that month (default: the present one)",
};

/** The epoch that is asked for. @throws UsageError */
export function epochOfCall(grammar: Grammar, given: Arguments, settings: Settings): string {
  const epoch = given.value("epoch") ?? presentEpoch(settings);
  if (/^\d{4}_(0[1-9]|1[0-2])$/.test(epoch)) return epoch;
  throw usage(grammar, "--epoch is a month, as 2026_11");
}

/** The month in which sessions open now; of an installation that is too old, its own. */
export function presentEpoch({ epoch }: Pick<Settings, "epoch">): string {
  return openEpoch(epoch, Date.now()) ?? epoch;
}
