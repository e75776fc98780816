/**
 * The edge's sockets: accepts agents, and carries out what the pure `Startup` and `Session` ask
 * for.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Bus, BusError, type HeaderMap } from "#actors/_kit/bus.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import { type Frame, frameHeaders, toFrame } from "#actors/_kit/frame.ts";
import type { Report } from "#actors/_kit/report.ts";
import { type Pace, paceOf } from "#actors/_kit/socket_pace.ts";
import type { Config } from "#schemas/config.ts";
import { encodeControl, type Open } from "#schemas/frames.ts";
import {
  auditStream,
  auditSubject,
  creditSubject,
  type SessionKey,
  shardOf,
} from "#schemas/subjects.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import type { StartupMessage } from "#schemas/wire/postgres/startup_message.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Admission, Admitted } from "./admission.ts";
import type { EdgeLimits, SessionLimits } from "./limits.ts";
import { Session } from "./session.ts";
import type { SessionEffect, SessionWake } from "./session_effects.ts";
import { Startup } from "./startup.ts";
import { tlsGate } from "./tls_gate.ts";
import { fatal } from "./words.ts";

export type EdgePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  readonly config: Config;
  readonly configDigest: string;
  readonly epoch: string;
  readonly edge: string;
  readonly limits: EdgeLimits;
  readonly admission: Admission;
  readonly tls: { readonly cert: string; readonly key: string };
};

/** An open session: what stored frames, cancels and revocations find it by. */
export type Live = {
  readonly key: SessionKey;
  readonly principal: Open["principal"];
  readonly tokenId: string;
  readonly session: Session;
  carry(effects: readonly SessionEffect[]): void;
};

/** The agent's end of a connection. */
type Peer = {
  readonly socket: Socket | TLSSocket;
  readonly pace: Pace;
  readonly address: string;
};

export type Edge = {
  listen(host: string, port: number): Promise<void>;
  /** A frame that the stream republished. */
  stored(frame: Frame): void;
  /** Ends the sessions that `matches` picks. */
  terminate(matches: (live: Live) => boolean): void;
};

/** Creates the edge over its ports. */
export function edge(ports: EdgePorts): Edge {
  const { bus, clock, random, report, config, limits } = ports;
  const gate = tlsGate(ports.tls);
  const live = new Map<string, Live>();
  const cancelKeys = new Map<string, Live>();
  let connections = 0;
  const sessionLimits: SessionLimits = {
    requestBytesMax: config.limits.request_bytes_max,
    verdictMsMax: config.limits.verdict_ms_max,
    idleMsMax: config.limits.idle_ms_max,
    sessionMsMax: config.limits.session_ms_max,
  };
  return { listen, stored, terminate };

  function listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket: Socket) => accept(socket));
      server.once("error", reject);
      server.listen(port, host, () => resolve());
    });
  }

  function stored(frame: Frame): void {
    const found = live.get(frame.key.session);
    if (found !== undefined) found.carry(found.session.stored(frame));
  }

  function terminate(matches: (live: Live) => boolean): void {
    for (const found of [...live.values()].filter(matches)) {
      found.carry(found.session.terminate("revoked", "access was revoked"));
    }
  }

  /** One connection, from its first byte until it is a session or closed. */
  function accept(raw: Socket): void {
    raw.setNoDelay();
    let socket: Socket | TLSSocket = raw;
    const address = raw.remoteAddress ?? "unknown";
    const pace = paceOf(raw);
    const plain = false;
    const startup = new Startup(limits, plain);
    const forget = clock.after(limits.startupMsMax, () => socket.destroy());
    connections++;
    raw.on("close", () => {
      connections--;
      forget();
    });
    raw.on("error", () => raw.destroy());
    socket.on("data", onData);

    function onData(chunk: Uint8Array): void {
      for (const step of startup.receive(chunk)) {
        switch (step.kind) {
          case "write":
            socket.write(step.bytes);
            break;
          case "upgrade_tls":
            upgrade();
            break;
          case "cancel":
            cancel(step.processId, step.secretKey);
            break;
          case "close":
            socket.end();
            break;
          case "authenticate":
            socket.off("data", onData);
            socket.pause();
            pace.pause();
            authenticate({ socket, pace, address }, step.token, step.message, step.rest, forget);
            break;
          default:
            unreachable(step);
        }
      }
    }

    function upgrade(): void {
      raw.off("data", onData);
      gate.upgrade(raw).then((secure) => {
        socket = secure;
        startup.upgraded();
        secure.on("error", () => secure.destroy());
        secure.on("data", onData);
      }, () => void raw.destroy());
    }
  }

  function cancel(processId: number, secretKey: Uint8Array): void {
    const found = cancelKeys.get(cancelKey(processId, secretKey));
    if (found !== undefined) found.carry(found.session.cancel());
  }

  function authenticate(
    peer: Peer,
    token: string,
    message: StartupMessage,
    rest: Uint8Array,
    authenticated: () => void,
  ): void {
    const { socket } = peer;
    const connection = message.parameters.get("database") ?? message.parameters.get("user") ?? "";
    const session = random(15).toBase64({ alphabet: "base64url", omitPadding: true });
    if (live.size >= config.limits.sessions_max) {
      return refuse(sqlstate.tooManyConnections, "too many sessions at this edge");
    }
    ports.admission(token, connection, session).then((admitted) => {
      if (socket.destroyed) return;
      if (!admitted.ok) return refuse(admitted.sqlstate, admitted.message);
      const { person } = admitted.principal;
      const same = [...live.values()].filter(({ principal }) => principal.person === person);
      if (same.length >= config.limits.sessions_per_principal_max) {
        return refuse(sqlstate.tooManyConnections, "too many sessions of this person");
      }
      authenticated();
      open(peer, session, connection, message, rest, admitted);
    });

    function refuse(code: string, words: string): void {
      report("login_refused", { sqlstate: code });
      socket.end(fatal(code, words));
    }
  }

  function open(
    { socket, pace, address }: Peer,
    id: string,
    connection: string,
    message: StartupMessage,
    rest: Uint8Array,
    admitted: Admitted,
  ): void {
    const { epoch } = ports;
    const key = { epoch, shard: shardOf(id, config.shards), edge: ports.edge, session: id };
    const processId = new DataView(random(4).buffer).getInt32(0);
    const secretKey = random(message.minor >= 2 ? 32 : 4);
    const session = new Session({
      limits,
      session: sessionLimits,
      nowMs: clock.nowMs,
      key: { processId, secretKey },
    });
    const timers = new Map<SessionWake, () => void>();
    /** The last stored sequence of each kind: what is stored cannot be stored again by a replay. */
    const chains = new Map<string, Promise<number>>();
    let trace = newTrace();
    const { principal } = admitted;
    const self: Live = { key, principal, tokenId: admitted.id, session, carry };
    live.set(id, self);
    cancelKeys.set(cancelKey(processId, secretKey), self);
    socket.on("close", () => carry(session.disconnected("disconnected")));
    socket.on("error", () => carry(session.disconnected("disconnected")));
    socket.on("data", (chunk: Uint8Array) => carry(session.receive(chunk)));

    const payload = encodeControl("open", openFrame());
    const place = { request: 0, part: 0, more: false };
    publish("open", place, payload, new Map());
    carry(session.start());
    if (rest.length > 0) carry(session.receive(rest));
    socket.resume();
    pace.resume();

    function openFrame(): Open {
      const user = message.parameters.get("user") ?? "";
      const application = message.parameters.get("application_name") ?? "";
      const parameters = Object.fromEntries(
        [...message.parameters].filter(([name]) => name !== "user" && name !== "database"),
      );
      const tls = "getProtocol" in socket ? socket.getProtocol() ?? "unknown" : "unknown";
      return {
        version: 1,
        connection,
        protocol: "postgres",
        principal,
        token: admitted.token,
        client: {
          address,
          tls,
          user: user.slice(0, 256),
          application: application.slice(0, 256),
        },
        parameters,
        openedAt: new Date(clock.nowMs()).toISOString(),
        configDigest: ports.configDigest,
      };
    }

    function carry(effects: readonly SessionEffect[]): void {
      const writes = effects.filter(({ kind }) => kind === "write").length;
      if (writes > 1) socket.cork();
      for (const effect of effects) perform(effect);
      if (writes > 1) socket.uncork();
    }

    function perform(effect: SessionEffect): void {
      switch (effect.kind) {
        case "write":
          return write(effect.bytes, effect.drained);
        case "publish":
          if (effect.frame === "request" && effect.place.part === 0) trace = newTrace();
          return publish(effect.frame, effect.place, effect.payload, effect.headers);
        case "credit":
          return bus.send(
            creditSubject(key.shard, id),
            new TextEncoder().encode(String(effect.bytes)),
          );
        case "wake":
          return wake(effect.name, effect.afterMs);
        case "unwake":
          timers.get(effect.name)?.();
          timers.delete(effect.name);
          return;
        case "repair":
          void repair(effect.sequence);
          return;
        case "pause":
          return pace.pause();
        case "resume":
          return pace.resume();
        case "close":
          return close();
        default:
          return unreachable(effect);
      }
    }

    function write(bytes: Uint8Array, drained: number | null): void {
      if (socket.destroyed) return;
      if (drained === null) return void socket.write(bytes);
      // Small answers are drained as good as at once; big ones when the socket says so.
      if (bytes.length < 4096) {
        socket.write(bytes);
        if (socket.writableLength < limits.creditEveryBytes) carry(session.drained(drained));
      } else socket.write(bytes, () => carry(session.drained(drained)));
    }

    function publish(
      kind: "open" | "request" | "close",
      place: { request: number; part: number; more: boolean },
      bytes: Uint8Array,
      headers: ReadonlyMap<string, string>,
    ): void {
      const nonce = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
      const all = frameHeaders(place, nonce, trace, headers);
      const subject = auditSubject(key, kind);
      const stream = auditStream(epoch);
      const before = chains.get(kind) ?? Promise.resolve(0);
      const stored = before.then(async (expectedLastSubjectSequence) => {
        const options = { stream, expectedLastSubjectSequence };
        return (await bus.publish(subject, bytes, all, options)).sequence;
      });
      chains.set(kind, stored);
      stored.catch((error) => {
        const code = error instanceof BusError ? error.code : "refused";
        report("publish_failed", { session: id, kind, error: code });
        carry(session.unrecorded(code));
        // The target lets go of the session's upstream by its close, so it must be stored some time.
        if (kind === "close") clock.after(limits.closeRetryMs, () => void closeLater(bytes, all));
      });
    }

    /** Stores the close that could not be stored before, if the session was ever recorded. */
    async function closeLater(bytes: Uint8Array, headers: HeaderMap): Promise<void> {
      const stream = auditStream(epoch);
      const subject = auditSubject(key, "close");
      try {
        if (await bus.last(stream, auditSubject(key, "open")) === null) return;
        await bus.publish(subject, bytes, headers, { stream, expectedLastSubjectSequence: 0 });
        report("closed_late", { session: id });
      } catch (error) {
        // By another sequence: it was stored, and only its acknowledgement was lost.
        if (error instanceof BusError && error.code === "wrong_sequence") return;
        clock.after(limits.closeRetryMs, () => void closeLater(bytes, headers));
      }
    }

    function wake(name: SessionWake, afterMs: number): void {
      timers.get(name)?.();
      timers.set(
        name,
        clock.after(afterMs, () => {
          timers.delete(name);
          carry(session.woken(name));
        }),
      );
    }

    async function repair(sequence: number): Promise<void> {
      const kinds = ["response", "verdict", "approval", "outcome"] as const;
      const filters = kinds.map((kind) => auditSubject(key, kind));
      const options = { filters, from: sequence + 1, through: Number.MAX_SAFE_INTEGER };
      try {
        for await (const message of bus.read(auditStream(epoch), options)) {
          const frame = toFrame(message);
          if (frame !== null) carry(session.stored(frame));
        }
      } catch (error) {
        const code = error instanceof BusError ? error.code : "refused";
        report("repair_failed", { session: id, error: code });
      }
    }

    function close(): void {
      for (const stop of timers.values()) stop();
      timers.clear();
      live.delete(id);
      cancelKeys.delete(cancelKey(processId, secretKey));
      if (!socket.destroyed) socket.end();
      // An agent that does not take its last words does not hold the socket for ever.
      clock.after(5000, () => socket.destroy());
    }
  }

  /** A new trace for each request (W3C Trace Context, level 1). */
  function newTrace(): string {
    return `00-${random(16).toHex()}-${random(8).toHex()}-01`;
  }
}

function cancelKey(processId: number, secretKey: Uint8Array): string {
  return `${processId}:${secretKey.toHex()}`;
}
