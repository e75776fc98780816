/** Which way a channel's input is cut. @module */
import { type InputCutter, programInput } from "./input.ts";
import type { Purpose } from "./purpose.ts";
import type { SessionPorts } from "./session_effects.ts";
import { sftpInput } from "./sftp_packets.ts";
import type { Terminal } from "./terminal.ts";
import { terminalInput } from "./terminal_input.ts";

export function inputOf(
  purpose: Purpose,
  terminal: Terminal | null,
  { limits, nowMs }: SessionPorts,
): InputCutter {
  switch (purpose.input) {
    case "sftp":
      return sftpInput(limits);
    case "terminal":
      return terminalInput(terminal, limits, nowMs);
    default:
      return programInput(limits.continuationBytesMax);
  }
}
