/** What is stored of SSH sessions. @module */
import { payloadsOf } from "./bus_user.ts";
import type { Rig } from "./support.ts";

/** Why each session that is over ended, in the order of their ends. */
export async function closeReasons(rig: Rig): Promise<string[]> {
  await using auditor = await rig.auditor();
  return payloadsOf(await auditor.frames(), "close").map(({ payload }) => payload.reason);
}
