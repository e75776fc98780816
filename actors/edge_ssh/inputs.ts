/** Which way a channel's input is cut. @module */
import { type InputCutter, programInput } from "./input.ts";
import type { EdgeSshLimits } from "./limits.ts";
import type { Purpose } from "./purpose.ts";
import type { Release } from "./release.ts";
import { sftpInput } from "./sftp_packets.ts";

export function inputOf(purpose: Purpose, limits: EdgeSshLimits, _release: Release): InputCutter {
  return purpose.input === "sftp" ? sftpInput(limits) : programInput(limits.continuationBytesMax);
}
