/**
 * How much a decision lets out: the bounds of its connection, tightened by the policies that
 * decided.
 *
 * Of an allowed request these are all permits that matched, and the smallest limit that any of them
 * names holds: to add a policy never gives out more. Of a held one they are the policies that ask
 * for approval: what people approve is given out by the limits that stand there, in place of those
 * that the request would have had without them.
 *
 * @module
 */
import type { VolumeBounds } from "#schemas/volume.ts";
import type { PolicyRule } from "./rules.ts";

/** The bounds that hold under these policies; the ids are those of a decision. */
export function boundsOf(
  connection: VolumeBounds,
  policies: readonly string[],
  rules: ReadonlyMap<string, Pick<PolicyRule, "volume">>,
): VolumeBounds {
  const bounds = { ...connection };
  for (const id of policies) {
    const volume = rules.get(id)?.volume ?? {};
    for (const name of volumeNames) bounds[name] = Math.min(bounds[name], volume[name] ?? Infinity);
  }
  return bounds;
}

const volumeNames = ["rows_max", "bytes_max", "session_rows_max", "session_bytes_max"] as const;
