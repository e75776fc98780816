/** Files and sockets of a redirection, as Bash takes them. @module */
import type { Redirection, RedirectOperator } from "unbash";
import type { Call } from "./draft.ts";
import type { Value } from "./words.ts";

/** What a redirection does; `process`: its target is a command, which is walked by itself. */
export function redirectTo(
  call: Call,
  operator: RedirectOperator,
  value: Value,
  process: boolean,
): void {
  if (process) return;
  const { text } = value;
  const duplicates = operator === ">&" || operator === "<&";
  if (duplicates && text !== null && /^(\d+-?|-)$/.test(text)) return;
  const socket = /^\/dev\/(?:tcp|udp)\/([^/]+)\/(\d{1,5})$/.exec(text ?? "");
  if (socket?.[1] !== undefined) return call.network(socket[1], Math.min(Number(socket[2]), 65535));
  if (text?.startsWith("/dev/tcp") || text?.startsWith("/dev/udp")) return call.network(null);
  switch (operator) {
    case "<":
    case "<&":
      return call.read(value, "redirection");
    case ">>":
    case "&>>":
      return call.write(value, "redirection", "append");
    case "<>":
      call.read(value, "redirection");
      return call.write(value, "redirection");
    default:
      return call.write(value, "redirection", "truncate");
  }
}

/** Complaints are thrown away. */
export function isSilencing(node: Redirection): boolean {
  return node.operator === ">" && node.descriptor?.type === "FileDescriptor" &&
    node.descriptor.value === 2 && node.target?.text === "/dev/null";
}
