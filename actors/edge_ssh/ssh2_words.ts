/**
 * Words that ssh2 has no way to say: why an attempt to authenticate failed, and why a channel is
 * not opened.
 *
 * @module
 */
import type { Connection } from "./ssh2_server.d.ts";

/** SSH_MSG_USERAUTH_BANNER (RFC 4252 section 5.4). */
const banner = 53;

/** Says a line before authentication; clients show it on standard error. */
export function sayBanner({ _protocol: protocol }: Connection, line: string): void {
  // Between two keys nothing may be said.
  if (protocol._kexinit !== undefined) return;
  const text = new TextEncoder().encode(`${line}\r\n`);
  const { write } = protocol._packetRW;
  const at = write.allocStart;
  const packet = write.alloc(1 + 4 + text.length + 4);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  view.setUint8(at, banner);
  view.setUint32(at + 1, text.length);
  packet.set(text, at + 5);
  // No language.
  view.setUint32(at + 5 + text.length, 0);
  protocol._cipher.encrypt(write.finalize(packet));
}

/** Refuses a channel with a reason (RFC 4254 section 5.1) and its description. */
export function rejectChannel(
  { _protocol: protocol }: Connection,
  reject: () => void,
  reason: number,
  description: string,
): void {
  const fail = protocol.channelOpenFail;
  protocol.channelOpenFail = (channel) => fail.call(protocol, channel, reason, description);
  reject();
  protocol.channelOpenFail = fail;
}
