/**
 * One channel of an upstream SSH connection: the agent's channel messages as calls of ssh2, and its
 * events as channel messages of the target.
 *
 * The first messages say what the channel is for and open it; what follows waits until it is open.
 * Others may be on the same connection (`connections.ts`). What the server says in words of its own
 * (why a channel is not opened) is not passed on.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Upstream } from "../reach.ts";
import { type Resolve, sftpLinks } from "./sftp_links.ts";
import type { Client, ClientChannel, Terminal } from "./ssh2_client.d.ts";

/** The largest message of data that is passed on in one piece. */
const dataBytesMax = 32 * 1024;

/** Signals of RFC 4254 section 6.10; ssh2 throws on any other. */
const signals = new Set([
  "ABRT",
  "ALRM",
  "FPE",
  "HUP",
  "ILL",
  "INT",
  "KILL",
  "PIPE",
  "QUIT",
  "SEGV",
  "TERM",
  "USR1",
  "USR2",
]);

/** A connection on which a channel may be opened. */
export type Place = {
  readonly client: Client;
  /** Where a path leads on its host. */
  readonly resolve: Resolve;
};

export type ChannelEvents = {
  received(bytes: Uint8Array): void;
  /** Runs what writes; ssh2 writes a packet in three parts, and each would wake the host. */
  atOnce(write: () => void): void;
  /** What comes is drained again. */
  resumed(): void;
  /** The host did not open the channel: another place for it, or null when that is its answer. */
  elsewhere(): Promise<Place | null>;
  /** The host has closed the channel, or will not open it. */
  closed(): void;
  /** The connection takes nothing more. */
  lost(): void;
  hangUp(): void;
};

export type ChannelUpstream = Upstream & {
  /** Bytes that came and were not drained. */
  waitingBytes(): number;
  isPaused(): boolean;
  /** The session is over: nothing more is told of the channel, and it is closed. */
  leave(): void;
};

export function channelUpstream(place: Place, events: ChannelEvents): ChannelUpstream {
  const framer = new ChannelFramer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
  let terminal: Terminal | null = null;
  const environment: [string, string][] = [];
  let channel: ClientChannel | null = null;
  /** What came while the channel is being opened; null: it is open, or was never asked for. */
  let waiting: (() => void)[] | null = null;
  let paused = false;
  let inputEnded = false;
  let begun = 0;
  let taken = 0;
  const confirms: { readonly at: number; readonly callback: () => void }[] = [];
  /** Of an sftp channel: says whether a request may be passed on. */
  let mayPass: ((request: Uint8Array) => Promise<boolean>) | null = null;
  /** Input of an sftp channel that waits for its request to be whole, and for those before it. */
  let request: ChannelMessage[] = [];
  let before: Promise<unknown> = Promise.resolve();
  /** Nobody listens any more. */
  let left = false;
  let asked = false;
  return {
    write(bytes) {
      framer.push(bytes);
      for (let message = framer.next();; message = framer.next()) {
        if (message.kind === "need") return;
        // It was judged, so it parsed: what does not parse here is a bug, and nothing is sent.
        if (message.kind === "malformed") return events.hangUp();
        accept(message);
      }
    },
    whenWritten(callback) {
      const taken = () => {
        confirms.push({ at: begun, callback: () => callback("taken") });
        confirm();
      };
      if (mayPass === null) return whenOpen(taken);
      const messages = request;
      request = [];
      // One behind the other, so that what was asked first is done first.
      before = before.then(() => new Promise<void>(whenOpen)).then(async () => {
        if (mayPass === null || !await mayPass(dataOf(messages))) return callback("refused");
        for (const message of messages) send(message);
        taken();
      });
    },
    pause() {
      paused = true;
      channel?.pause();
      channel?.stderr.pause();
    },
    resume() {
      paused = false;
      channel?.resume();
      channel?.stderr.resume();
      events.resumed();
    },
    cancel: () => whenOpen(() => channel?.signal("TERM")),
    processId: null,
    hangUp: events.hangUp,
    isPaused: () => paused,
    waitingBytes: () => (channel?.readableLength ?? 0) + (channel?.stderr.readableLength ?? 0),
    leave() {
      if (left) return;
      left = true;
      if (!asked) events.closed();
      else if (channel !== null) letGo(channel);
    },
  };

  function accept(message: ChannelMessage): void {
    switch (message.kind) {
      case "pty": {
        const { term, columns: cols, rows, widthPixels: width, heightPixels: height } = message;
        terminal = { term, cols, rows, width, height, modes: Buffer.from(message.modes) };
        return;
      }
      case "env":
        return void environment.push([message.name, message.value]);
      case "exec":
      case "shell":
      case "subsystem":
      case "direct_tcpip":
        waiting = [];
        asked = true;
        return openOn(place, message);
      default:
        if (mayPass !== null) return void request.push(message);
        return whenOpen(() => send(message));
    }
  }

  function openOn({ client, resolve }: Place, message: ChannelMessage): void {
    const env = Object.fromEntries(environment);
    try {
      switch (message.kind) {
        case "exec": {
          const pty = terminal === null ? {} : { pty: terminal };
          return void client.exec(Buffer.from(message.command), { env, ...pty }, opened);
        }
        case "shell":
          return void client.shell(terminal ?? false, { env }, opened);
        case "subsystem":
          if (message.name === "sftp") mayPass = sftpLinks(resolve);
          // ssh2 sends no variables with one, and no server of files needs any.
          return void client.subsys(message.name, opened);
        case "direct_tcpip": {
          const { originatorAddress, originatorPort, host, port } = message;
          return void client.forwardOut(originatorAddress, originatorPort, host, port, opened);
        }
      }
    } catch {
      // ssh2 throws where its socket has ended; nothing was sent.
      events.lost();
    }

    function opened(error: Error | undefined, made: ClientChannel): void {
      if (error !== undefined) return void notOpened(error, message);
      channel = made;
      made.on("close", events.closed);
      made.on("error", () => {});
      made.stderr.on("error", () => {});
      if (left) return letGo(made);
      follow(made);
      say({ kind: message.kind === "direct_tcpip" ? "open_confirmation" : "success" });
      const calls = waiting ?? [];
      waiting = null;
      for (const call of calls) call();
    }
  }

  async function notOpened(error: Error, message: ChannelMessage): Promise<void> {
    const forwards = message.kind === "direct_tcpip";
    // A host takes so many sessions on one connection; what it does not forward, it never does.
    const another = isUnopened(error) && !forwards && !left ? await events.elsewhere() : null;
    if (another !== null) return openOn(another, message);
    events.closed();
    say(...refusalOf(error, forwards), { kind: "close" });
  }

  function letGo(made: ClientChannel): void {
    made.close();
    // Its end comes behind what it still holds.
    made.resume();
    made.stderr.resume();
  }

  /** The target's side of the channel. */
  function follow(from: ClientChannel): void {
    let exit: ChannelMessage | null = null;
    let open = 2;
    let closed = false;
    from.on("data", (data: Uint8Array) => {
      for (const piece of piecesOf(data)) say({ kind: "data", data: piece });
    });
    from.stderr.on("data", (data: Uint8Array) => {
      for (const piece of piecesOf(data)) say({ kind: "extended_data", type: 1, data: piece });
    });
    from.on("end", ended);
    from.stderr.on("end", ended);
    from.on("exit", (code: number | null, signal?: string, dumped?: boolean) => {
      exit = code === null
        ? { kind: "exit_signal", name: bare(signal), coreDumped: dumped === true, message: "" }
        : { kind: "exit_status", code };
    });
    from.on("close", () => {
      closed = true;
      finish();
    });
    if (paused) {
      from.pause();
      from.stderr.pause();
    }

    function ended(): void {
      open--;
      if (open === 0) say({ kind: "eof" });
      finish();
    }

    /** The exit status may overtake output that is not drained yet: it is told last. */
    function finish(): void {
      if (!closed || open > 0) return;
      say(...(exit === null ? [] : [exit]), { kind: "close" });
    }
  }

  /** The agent's side of the channel. */
  function send(message: ChannelMessage): void {
    if (channel === null) return;
    switch (message.kind) {
      case "data":
        if (inputEnded) return;
        begun++;
        // The view is of the frame's own bytes, which nobody changes.
        events.atOnce(() =>
          channel?.write(message.data, () => {
            taken++;
            confirm();
          })
        );
        return;
      case "eof":
        inputEnded = true;
        return void channel.end();
      case "close":
        return void channel.close();
      case "window_change": {
        const { rows, columns, heightPixels, widthPixels } = message;
        return channel.setWindow(rows, columns, heightPixels, widthPixels);
      }
      case "signal":
        if (signals.has(message.name)) channel.signal(message.name);
        return;
      case "line":
      case "hidden_line":
        // It was for whoever judges; the target reads keys.
        return;
      case "pty":
      case "env":
      case "exec":
      case "shell":
      case "subsystem":
      case "direct_tcpip":
      case "open_confirmation":
      case "open_failure":
      case "success":
      case "failure":
      case "extended_data":
      case "exit_status":
      case "exit_signal":
        return;
      default:
        return unreachable(message);
    }
  }

  function whenOpen(call: () => void): void {
    if (waiting === null) call();
    else waiting.push(call);
  }

  function confirm(): void {
    for (let first = confirms[0]; first !== undefined && first.at <= taken; first = confirms[0]) {
      confirms.shift();
      first.callback();
    }
  }

  function say(...messages: readonly ChannelMessage[]): void {
    if (left) return;
    events.received(encodeChannelMessages(messages));
  }
}

/** The bytes of all data messages. */
function dataOf(messages: readonly ChannelMessage[]): Uint8Array {
  const parts = messages.flatMap((message) => message.kind === "data" ? [message.data] : []);
  return Buffer.concat(parts);
}

/** RFC 4254 section 5.1, in fixed words. */
const openFailures: Readonly<Record<number, string>> = {
  1: "the host does not permit it",
  2: "the host could not connect to there",
  3: "the host does not know this kind of channel",
  4: "the host is short of resources",
};

/** No channel was opened (SSH_MSG_CHANNEL_OPEN_FAILURE): nothing was asked of one. */
function isUnopened(error: Error): error is Error & { readonly reason: number } {
  return "reason" in error && typeof error.reason === "number";
}

function refusalOf(error: Error, forwards: boolean): readonly ChannelMessage[] {
  const reason = isUnopened(error) ? error.reason : 2;
  if (!forwards && !isUnopened(error)) return [{ kind: "failure" }];
  const description = openFailures[reason] ?? "the host refused the channel";
  return [{ kind: "open_failure", reason, description }];
}

/** ssh2 puts `SIG` before the name of RFC 4254. */
function bare(signal: string | undefined): string {
  return (signal ?? "").replace(/^SIG/, "");
}

function piecesOf(data: Uint8Array): readonly Uint8Array[] {
  if (data.length <= dataBytesMax) return [data];
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < data.length; start += dataBytesMax) {
    pieces.push(data.subarray(start, start + dataBytesMax));
  }
  return pieces;
}
