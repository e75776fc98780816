/**
 * The channels of one connection, as ports.
 *
 * Writes go out one after the other: `ssh2` mixes up standard output and error when both wait for
 * the agent's window at once, and repeats the older.
 *
 * @module
 */
import type { Socket } from "node:net";
import { atOnce } from "#actors/_kit/at_once.ts";
import type { Connection, ServerChannel, Session, WindowInfo } from "./ssh2_server.d.ts";
import type { AgentMessage, WindowSize } from "#schemas/wire/ssh/channel.ts";
import type {
  Accept,
  AgentChannel,
  ConnectionHandler,
  FromAgent,
  ToAgent,
} from "./agent_channel.ts";
import type { EdgeSshLimits } from "./limits.ts";
import { rejectChannel } from "./ssh2_words.ts";

/** Terminal modes in RFC 4254 section 8's encoding: none. `ssh2` does not give them. */
const noModes = Uint8Array.of(0);
const stderr = 1;
/**
 * What a client may have sent that keeps to its window: ssh2 opens one of 2 MiB anew while up to
 * 2 MiB wait to be read, and one packet is on its way.
 */
const windowBytesMax = 2 * 2 * 1024 * 1024 + 64 * 1024;

/** Speaks SSH in a tunnel; `ended` is called once it is closed. */
type Jump = (tunnel: ServerChannel, accept: Accept, ended: () => void) => void;

/** Hands each channel to `handler` when it is told what it is for. */
export function channelsOf(
  client: Connection,
  socket: Socket,
  handler: ConnectionHandler,
  limits: EdgeSshLimits,
  jump: Jump,
): void {
  let jumps = 0;
  let open = 0;
  client.on("session", (accept) => {
    if (open >= limits.channelsOpenMax) return void socket.destroy();
    open++;
    const session = accept();
    session.once("close", () => open--);
    sessionChannel(session, handler, socket, limits);
  });
  client.on("tcpip", (accept, reject, info) => {
    const inner = handler.jump(info.destIP, info.destPort);
    if (inner !== null) {
      if (jumps >= limits.jumpsMax) return reject();
      jumps++;
      return jump(accept(), inner, () => jumps--);
    }
    const channel = channelPort(socket, limits, [{
      kind: "direct_tcpip",
      host: info.destIP,
      port: info.destPort,
      originatorAddress: info.srcIP,
      originatorPort: info.srcPort,
    }], { accept, reject: (reason, words) => rejectChannel(client, reject, reason, words) });
    if (!handler.channel(channel.port)) reject();
  });
}

function sessionChannel(
  session: Session,
  handler: ConnectionHandler,
  socket: Socket,
  limits: EdgeSshLimits,
): void {
  const before: AgentMessage[] = [];
  let bytes = 0;
  let begun: { hear(message: FromAgent): void } | null = null;
  session.on("pty", (accept, reject, info) => {
    if (info === undefined || before.some(({ kind }) => kind === "pty")) return reject?.();
    before.push({ kind: "pty", term: info.term, ...windowOf(info), modes: noModes });
    accept?.();
  });
  session.on("env", (accept, reject, { key: name, val: value }) => {
    bytes += name.length + value.length;
    if (before.length >= limits.variablesMax || bytes > limits.variableBytesMax) return reject?.();
    before.push({ kind: "env", name, value });
    accept?.();
  });
  session.on("exec", (accept, _reject, { command }) => {
    begin(accept, { kind: "exec", command: new TextEncoder().encode(command) });
  });
  session.on("shell", (accept) => begin(accept, { kind: "shell" }));
  session.on(
    "subsystem",
    (accept, _reject, { name }) => begin(accept, { kind: "subsystem", name }),
  );
  session.on("window-change", (accept, _reject, info) => {
    begun?.hear({ kind: "window_change", ...windowOf(info) });
    accept?.();
  });
  session.on("signal", (accept, _reject, { name }) => {
    begun?.hear({ kind: "signal", name });
    accept?.();
  });
  session.on("eof", () => {
    // ssh2 takes no signal and no new window once the agent's input has ended.
    session._ending = false;
  });

  function begin(accept: () => ServerChannel, last: AgentMessage): void {
    if (begun !== null) return;
    const channel = channelPort(socket, limits, order(before, last), null);
    channel.open(accept());
    begun = channel;
    session.once("close", () => channel.hear({ kind: "close" }));
    if (!handler.channel(channel.port)) channel.port.send({ kind: "close" });
  }
}

function windowOf({ cols, rows, width, height }: WindowInfo): WindowSize {
  return { columns: cols, rows, widthPixels: width, heightPixels: height };
}

/** The terminal stands first. */
function order(before: readonly AgentMessage[], last: AgentMessage): AgentMessage[] {
  const terminal = before.filter(({ kind }) => kind === "pty");
  return [...terminal, ...before.filter(({ kind }) => kind !== "pty"), last];
}

type Sending = { readonly message: ToAgent; readonly taken: (() => void) | undefined };

/** One channel. `pending`: it is open only once it is confirmed. */
function channelPort(
  socket: Socket,
  limits: EdgeSshLimits,
  purpose: readonly AgentMessage[],
  pending: { accept(): ServerChannel; reject(reason: number, description: string): void } | null,
): { readonly port: AgentChannel; open(stream: ServerChannel): void; hear(m: FromAgent): void } {
  let stream: ServerChannel | null = null;
  let listener: ((message: FromAgent) => void) | null = null;
  let open = true;
  let sending = false;
  let paused = false;
  let ended = false;
  // ssh2 takes what comes behind a full window, too.
  const overflows = () => {
    if ((stream?.readableLength ?? 0) > windowBytesMax) socket.destroy();
  };
  const waiting: Sending[] = [];
  const port: AgentChannel = {
    purpose,
    hear(next) {
      listener = next;
      flow();
    },
    isOpen: () => open,
    send(message, taken) {
      if (!open) return;
      waiting.push({ message, taken });
      if (!sending) sendNext();
    },
    pause() {
      if (!paused) socket.on("data", overflows);
      paused = true;
      stream?.pause();
    },
    resume() {
      socket.off("data", overflows);
      paused = false;
      flow();
    },
  };
  return { port, open: attach, hear };

  function hear(message: FromAgent): void {
    if (message.kind === "close") {
      socket.off("data", overflows);
      if (!open) return;
      open = false;
      waiting.length = 0;
    }
    listener?.(message);
  }

  function attach(opened: ServerChannel): void {
    stream = opened;
    opened.on("error", () => hear({ kind: "close" }));
    opened.on("end", () => {
      if (open) hear({ kind: "eof" });
    });
    opened.on("close", () => hear({ kind: "close" }));
    flow();
  }

  function flow(): void {
    if (stream === null || listener === null || paused) return;
    if (stream.listenerCount("data") === 0) {
      stream.on("data", (data: Uint8Array) => {
        if (open) hear({ kind: "data", data });
      });
    }
    stream.resume();
  }

  function sendNext(): void {
    const next = waiting.shift();
    sending = next !== undefined;
    if (next === undefined) return;
    carryOut(next.message, () => {
      next.taken?.();
      sendNext();
    });
  }

  function carryOut(message: ToAgent, done: () => void): void {
    switch (message.kind) {
      case "open_confirmation":
        if (pending !== null && stream === null) attach(pending.accept());
        return done();
      case "open_failure":
        open = false;
        pending?.reject(message.reason, message.description);
        return;
      case "data":
        return write(message.data, "out", done);
      case "extended_data":
        return message.type === stderr ? write(message.data, "error", done) : done();
      case "exit_status":
        stream?.exit(message.code);
        if (ended) stream?.eof();
        return done();
      case "exit_signal":
        stream?.exit(message.name, message.coreDumped, message.message);
        if (ended) stream?.eof();
        return done();
      case "eof":
        // ssh2 says nothing of how a program ended behind the end of its output.
        if (pending === null) ended = true;
        else stream?.eof();
        return done();
      case "close":
        open = false;
        stream?.eof();
        stream?.close();
        stream?.resume();
        return done();
      default:
        return done();
    }
  }

  function write(data: Uint8Array, to: "out" | "error", done: () => void): void {
    if (stream === null || data.length === 0) return done();
    const written = stream;
    const sink = to === "out" ? written : written.stderr;
    const taken = () => {
      // ssh2 would write again what once waited for the window.
      for (const name of ["_chunk", "_chunkcb", "_chunkErr", "_chunkcbErr"]) {
        Reflect.set(written, name, undefined);
      }
      if (socket.writableLength <= limits.socketBytesMax) done();
      else socket.once("drain", done);
    };
    atOnce(socket, () => void sink.write(data, taken));
  }
}
