/**
 * What may still be given out in a session, under the policies that decided.
 *
 * @module
 */
import {
  addVolume,
  type Volume,
  VolumeBounds,
  volumeLeft,
  type VolumeLimit,
} from "#schemas/volume.ts";
import type { Judgements } from "../judgements.ts";
import { boundsOf } from "../policy/volume.ts";
import type { PostgresState } from "./state.ts";

export type Volumes = {
  /** What is left; `fetched` of what this request reads on from. */
  left(
    policies: readonly string[],
    connection: string,
    given: PostgresState["volume"],
  ): VolumeLimit;
  allowedBy(policies: readonly string[]): "approval" | "policy";
};

export function volumesOf(judgements: Judgements): Volumes {
  return { left, allowedBy };

  function left(
    policies: readonly string[],
    connection: string,
    { plain, approved, fetched }: Readonly<Record<"plain" | "approved" | "fetched", Volume>>,
  ): VolumeLimit {
    const known = judgements.config.connections[connection];
    const bounds = known?.protocol === "postgres" ? known.volume : VolumeBounds.parse({});
    const own = boundsOf(bounds, policies, judgements.rules());
    // What people approved takes nothing from what policy alone gives, nor the other way round.
    const total = allowedBy(policies) === "approval" ? approved : plain;
    return smaller(
      volumeLeft(own, fetched, total),
      volumeLeft(bounds, fetched, addVolume(plain, approved)),
    );
  }

  function allowedBy(policies: readonly string[]): "approval" | "policy" {
    const rules = judgements.rules();
    const isHeld = policies.some((id) => (rules.get(id)?.approval ?? null) !== null);
    return isHeld ? "approval" : "policy";
  }
}

function smaller(one: VolumeLimit, other: VolumeLimit): VolumeLimit {
  const rows = one.rowsMax <= other.rowsMax ? one : other;
  const bytes = one.bytesMax <= other.bytesMax ? one : other;
  const { rowsMax, rowsOf } = rows;
  return { rowsMax, rowsOf, bytesMax: bytes.bytesMax, bytesOf: bytes.bytesOf };
}
