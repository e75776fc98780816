/**
 * Messages of one SSH channel, as the gateway's frames carry them: each an UInt32 length and the
 * payload of RFC 4254, with both channel numbers 0, for a session of the gateway is one channel.
 *
 * A `request` frame holds whole messages of the agent, a `raw` or `response` frame whole messages
 * of the target. Some requests are our own, in the manner of RFC 4251 section 4.2: `line@sallyport`
 * says which line of text an Enter key is about to complete, and is not passed on.
 *
 * **Invariant:** a message's length is judged before its body is kept, nothing is read outside it,
 * and what does not parse whole is malformed. Text that must be a name is strict UTF-8.
 *
 * @example
 * ```ts
 * import { ChannelFramer, encodeChannelMessages } from "#schemas/wire/ssh/channel.ts";
 * import { deepStrictEqual } from "node:assert/strict";
 * const framer = new ChannelFramer({ messageBytesMax: 1024 });
 * framer.push(encodeChannelMessages([{ kind: "exit_status", code: 1 }, { kind: "close" }]));
 * deepStrictEqual(framer.next(), { kind: "exit_status", code: 1 });
 * deepStrictEqual(framer.next(), { kind: "close" });
 * ```
 * @module
 */
import { type Malformed, malformed, Reader, Writer } from "../cursor.ts";
import { LengthFramer, type Need } from "../length_framer.ts";
import { unreachable } from "#schemas/unreachable.ts";

/** Size of a terminal: characters, then pixels (RFC 4254 section 6.2, 6.7). */
export type WindowSize = {
  readonly columns: number;
  readonly rows: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
};

/** What an agent asks of a channel. */
export type AgentMessage =
  /** A `session` channel's requests (RFC 4254 section 6). */
  | ({ readonly kind: "pty"; readonly term: string; readonly modes: Uint8Array } & WindowSize)
  | { readonly kind: "env"; readonly name: string; readonly value: string }
  | { readonly kind: "exec"; readonly command: Uint8Array }
  | { readonly kind: "shell" }
  | { readonly kind: "subsystem"; readonly name: string }
  | ({ readonly kind: "window_change" } & WindowSize)
  | { readonly kind: "signal"; readonly name: string }
  /** Opens a `direct-tcpip` channel (RFC 4254 section 7.2). */
  | {
    readonly kind: "direct_tcpip";
    readonly host: string;
    readonly port: number;
    readonly originatorAddress: string;
    readonly originatorPort: number;
  }
  /**
   * The line that the Enter key behind it completes: as the terminal shows it, and as the keys
   * alone give it; null where either cannot be told.
   */
  | { readonly kind: "line"; readonly screen: string | null; readonly keys: string | null }
  /** In its place where nothing was echoed: a password, of which only the length is told. */
  | { readonly kind: "hidden_line"; readonly characters: number };

/** What both sides say (RFC 4254 section 5.2, 5.3). */
export type SharedMessage =
  | { readonly kind: "data"; readonly data: Uint8Array }
  | { readonly kind: "eof" }
  | { readonly kind: "close" };

/** What a target answers. */
export type TargetMessage =
  | { readonly kind: "open_confirmation" }
  | { readonly kind: "open_failure"; readonly reason: number; readonly description: string }
  | { readonly kind: "success" }
  | { readonly kind: "failure" }
  /** Type 1 is stderr. */
  | { readonly kind: "extended_data"; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: "exit_status"; readonly code: number }
  | {
    readonly kind: "exit_signal";
    readonly name: string;
    readonly coreDumped: boolean;
    readonly message: string;
  };

export type ChannelMessage = AgentMessage | SharedMessage | TargetMessage;

/** RFC 4250 section 4.1.2. */
const number = {
  channelOpen: 90,
  openConfirmation: 91,
  openFailure: 92,
  data: 94,
  extendedData: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const;

/** Both channel numbers of the wire. */
const channel = 0;
const windowBytes = 0x7fffffff;
const packetBytes = 0x8000;
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes messages one behind the other; the result is a frame's payload. */
export function encodeChannelMessages(messages: readonly ChannelMessage[]): Uint8Array {
  const writer = new Writer(messages.reduce((sum, message) => sum + roomFor(message), 0));
  for (const message of messages) {
    const start = writer.length;
    writer.int32(0);
    encode(message, writer);
    const length = writer.length - start - 4;
    new DataView(writer.view().buffer).setUint32(start, length);
  }
  // Nobody writes to it any more, so that its buffer may be the result.
  return writer.view();
}

/** What most messages take, so that data is copied once. */
function roomFor(message: ChannelMessage): number {
  return 64 + ("data" in message ? message.data.length : 0);
}

function encode(message: ChannelMessage, to: Writer): void {
  switch (message.kind) {
    case "data":
      to.uint8(number.data).int32(channel);
      return binary(to, message.data);
    case "extended_data":
      to.uint8(number.extendedData).int32(channel).int32(message.type);
      return binary(to, message.data);
    case "eof":
      return void to.uint8(number.eof).int32(channel);
    case "close":
      return void to.uint8(number.close).int32(channel);
    case "success":
      return void to.uint8(number.success).int32(channel);
    case "failure":
      return void to.uint8(number.failure).int32(channel);
    case "open_confirmation":
      to.uint8(number.openConfirmation).int32(channel).int32(channel);
      return void to.int32(windowBytes).int32(packetBytes);
    case "open_failure":
      to.uint8(number.openFailure).int32(channel).int32(message.reason);
      text(to, message.description);
      return text(to, "");
    case "direct_tcpip":
      to.uint8(number.channelOpen);
      text(to, "direct-tcpip");
      to.int32(channel).int32(windowBytes).int32(packetBytes);
      text(to, message.host);
      to.int32(message.port);
      text(to, message.originatorAddress);
      return void to.int32(message.originatorPort);
    default:
      return encodeRequest(message, to);
  }
}

type RequestMessage = Exclude<
  ChannelMessage,
  {
    kind:
      | "data"
      | "extended_data"
      | "eof"
      | "close"
      | "success"
      | "failure"
      | "open_confirmation"
      | "open_failure"
      | "direct_tcpip";
  }
>;

function encodeRequest(message: RequestMessage, to: Writer): void {
  switch (message.kind) {
    case "pty":
      begin(to, "pty-req");
      text(to, message.term);
      size(to, message);
      return binary(to, message.modes);
    case "env":
      begin(to, "env");
      text(to, message.name);
      return text(to, message.value);
    case "exec":
      begin(to, "exec");
      return binary(to, message.command);
    case "shell":
      return begin(to, "shell");
    case "subsystem":
      begin(to, "subsystem");
      return text(to, message.name);
    case "window_change":
      begin(to, "window-change");
      return size(to, message);
    case "signal":
      begin(to, "signal");
      return text(to, message.name);
    case "exit_status":
      begin(to, "exit-status");
      return void to.int32(message.code);
    case "exit_signal":
      begin(to, "exit-signal");
      text(to, message.name);
      to.uint8(message.coreDumped ? 1 : 0);
      text(to, message.message);
      return text(to, "");
    case "line":
      begin(to, "line@sallyport");
      nullableText(to, message.screen);
      return nullableText(to, message.keys);
    case "hidden_line":
      begin(to, "hidden-line@sallyport");
      return void to.int32(message.characters);
    default:
      return unreachable(message);
  }
}

/** A channel request's head; none of ours wants a reply, for frames are the reply. */
function begin(to: Writer, type: string): void {
  to.uint8(number.request).int32(channel);
  text(to, type);
  to.uint8(0);
}

function size(to: Writer, { columns, rows, widthPixels, heightPixels }: WindowSize): void {
  to.int32(columns).int32(rows).int32(widthPixels).int32(heightPixels);
}

function binary(to: Writer, bytes: Uint8Array): void {
  to.int32(bytes.length).raw(bytes);
}

function text(to: Writer, words: string): void {
  binary(to, utf8.encode(words));
}

function nullableText(to: Writer, words: string | null): void {
  to.uint8(words === null ? 0 : 1);
  if (words !== null) text(to, words);
}

/** Decodes one message's payload, without its length. Byte fields are views of the input. */
export function decodeChannelMessage(payload: Uint8Array): ChannelMessage | Malformed {
  const reader = new Reader(payload);
  const type = reader.uint8("message number");
  if (type === number.channelOpen) return decodeOpen(reader);
  if (reader.uint32("recipient channel") !== channel) reader.fail("invalid_value", "channel");
  switch (type) {
    case number.data:
      return reader.end({ kind: "data", data: binaryOf(reader, "data") });
    case number.extendedData: {
      const dataType = reader.uint32("data type");
      const data = binaryOf(reader, "data");
      return reader.end({ kind: "extended_data", type: dataType, data });
    }
    case number.eof:
      return reader.end({ kind: "eof" });
    case number.close:
      return reader.end({ kind: "close" });
    case number.success:
      return reader.end({ kind: "success" });
    case number.failure:
      return reader.end({ kind: "failure" });
    case number.openConfirmation:
      reader.bytes(12, "window");
      return reader.end({ kind: "open_confirmation" });
    case number.openFailure: {
      const reason = reader.uint32("reason");
      const description = textOf(reader, "description");
      textOf(reader, "language");
      return reader.end({ kind: "open_failure", reason, description });
    }
    case number.request:
      return decodeRequest(reader);
    default:
      return malformed("unknown_tag", "message number", 0);
  }
}

function decodeOpen(reader: Reader): ChannelMessage | Malformed {
  if (textOf(reader, "channel type") !== "direct-tcpip") {
    reader.fail("invalid_value", "channel type");
  }
  reader.bytes(12, "window");
  const host = textOf(reader, "host");
  const port = reader.uint32("port");
  const originatorAddress = textOf(reader, "originator");
  const originatorPort = reader.uint32("originator port");
  if (port > 65_535) reader.fail("invalid_value", "port");
  return reader.end({ kind: "direct_tcpip", host, port, originatorAddress, originatorPort });
}

function decodeRequest(reader: Reader): ChannelMessage | Malformed {
  const type = textOf(reader, "request type");
  if (reader.uint8("want reply") !== 0) reader.fail("invalid_value", "want reply");
  switch (type) {
    case "pty-req": {
      const term = textOf(reader, "term");
      const window = sizeOf(reader);
      return reader.end({ kind: "pty", term, ...window, modes: binaryOf(reader, "modes") });
    }
    case "env": {
      const name = textOf(reader, "name");
      return reader.end({ kind: "env", name, value: textOf(reader, "value") });
    }
    case "exec":
      return reader.end({ kind: "exec", command: binaryOf(reader, "command") });
    case "shell":
      return reader.end({ kind: "shell" });
    case "subsystem":
      return reader.end({ kind: "subsystem", name: textOf(reader, "subsystem") });
    case "window-change":
      return reader.end({ kind: "window_change", ...sizeOf(reader) });
    case "signal":
      return reader.end({ kind: "signal", name: textOf(reader, "signal") });
    case "exit-status":
      return reader.end({ kind: "exit_status", code: reader.uint32("exit status") });
    case "exit-signal": {
      const name = textOf(reader, "signal");
      const coreDumped = reader.uint8("core dumped") !== 0;
      const message = textOf(reader, "message");
      textOf(reader, "language");
      return reader.end({ kind: "exit_signal", name, coreDumped, message });
    }
    case "line@sallyport": {
      const screen = nullableTextOf(reader, "screen");
      return reader.end({ kind: "line", screen, keys: nullableTextOf(reader, "keys") });
    }
    case "hidden-line@sallyport":
      return reader.end({ kind: "hidden_line", characters: reader.uint32("characters") });
    default:
      return malformed("invalid_value", "request type", 5);
  }
}

function sizeOf(reader: Reader): WindowSize {
  const columns = reader.uint32("columns");
  const rows = reader.uint32("rows");
  const widthPixels = reader.uint32("width");
  return { columns, rows, widthPixels, heightPixels: reader.uint32("height") };
}

function binaryOf(reader: Reader, field: string): Uint8Array {
  return reader.bytes(reader.int32(field), field);
}

function textOf(reader: Reader, field: string): string {
  const bytes = binaryOf(reader, field);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    reader.fail("invalid_utf8", field);
    return "";
  }
}

function nullableTextOf(reader: Reader, field: string): string | null {
  return reader.uint8(field) === 0 ? null : textOf(reader, field);
}

/** Cuts messages off a stream of payloads. `malformed` sticks. Byte fields may be views. */
export class ChannelFramer {
  readonly #pieces: LengthFramer;

  constructor(limits: { readonly messageBytesMax: number }) {
    this.#pieces = new LengthFramer({ bytesMin: 0, bytesMax: limits.messageBytesMax });
  }

  push(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
  }

  next(): ChannelMessage | Need | Malformed {
    const piece = this.#pieces.next();
    if (!(piece instanceof Uint8Array)) return piece;
    const message = decodeChannelMessage(piece);
    return message.kind === "malformed" ? this.#pieces.fail(message) : message;
  }
}
