/** What is stored of SSH sessions. @module */
import { ChannelFramer } from "#schemas/wire/ssh/channel.ts";
import { payloadsOf } from "./bus_user.ts";
import type { Rig } from "./support.ts";

/** Why each session that is over ended, in the order of their ends. */
export async function closeReasons(rig: Rig): Promise<string[]> {
  await using auditor = await rig.auditor();
  return payloadsOf(await auditor.frames(), "close").map(({ payload }) => payload.reason);
}

/** What is said of the lines that were typed: in requests, and in verdicts on them. */
export async function linesSaid(rig: Rig): Promise<string[]> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const said = payloadsOf(frames, "verdict").map(({ payload }) => JSON.stringify(payload));
  for (const { kind, payload } of frames) {
    if (kind !== "request") continue;
    const framer = new ChannelFramer({ messageBytesMax: 1024 * 1024 });
    framer.push(payload);
    for (let next = framer.next(); next.kind !== "need"; next = framer.next()) {
      if (next.kind === "malformed") break;
      if (next.kind === "line") said.push(`line ${next.screen} ${next.keys}`);
      if (next.kind === "hidden_line") said.push(`hidden_line ${next.characters}`);
    }
  }
  return said;
}
