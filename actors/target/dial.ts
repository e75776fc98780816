/**
 * Upstream sockets: TLS verify-full, login, then bytes both ways under back-pressure. The driver of
 * the target actor; it decides nothing.
 *
 * **Invariant (G4):** credentials are read from their files here and handed to `Login`, nowhere
 * else.
 *
 * @module
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { randomBytes } from "node:crypto";
import { systemClock } from "#actors/_kit/clock.ts";
import { type Pace, paceOf } from "#actors/_kit/socket_pace.ts";
import { serverEndPoint } from "./channel_binding.ts";
import { Login, type LoginLimits } from "./login.ts";
import type { DialEvents, Upstream } from "./reach.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import { encodeStartupPacket } from "#schemas/wire/postgres/startup_message.ts";

export type Endpoint = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Null where the server asks for none. */
  readonly password: string;
  /** Null: plain TCP, for a loopback server only. */
  readonly tls: { readonly ca: string | undefined; readonly serverName: string } | null;
};

export type DialLimits = LoginLimits & {
  readonly dialMsMax: number;
  /** Written and not sent, as when a server takes the data of a COPY slower than it comes. */
  readonly unsentBytesMax: number;
};

/** Dials; exactly one of `ready` and `failed` is called, and `closed` once after `ready`. */
export function dial(
  endpoint: Endpoint,
  parameters: Readonly<Record<string, string>>,
  limits: DialLimits,
  events: DialEvents,
): { abandon(): void } {
  let state: "dialling" | "ready" | "over" = "dialling";
  let opened: Opened | null = null;
  const forgetTimer = systemClock.after(
    limits.dialMsMax,
    () => fail("08001", "the server did not answer in time"),
  );

  openSocket(endpoint).then((done) => {
    opened = done;
    if (state === "over") done.socket.destroy();
    else login(done);
  }, (error) => fail("08001", reasonOf(error)));
  return { abandon: () => over() };

  function login({ socket, pace }: Opened): void {
    const nonce = randomBytes(18).toString("base64");
    const { user, database, password } = endpoint;
    const conversation = new Login(
      { user, database, password },
      nonce,
      { encrypted: endpoint.tls !== null, binding: bindingOf(socket) },
      limits,
    );
    socket.on("error", () => closed());
    socket.on("close", () => closed());
    socket.on("data", (chunk: Uint8Array) => {
      if (state === "ready") return events.received(chunk);
      if (state === "over") return;
      for (const step of conversation.receive(chunk)) {
        if (step.kind === "send") socket.write(step.bytes);
        if (step.kind === "failed") return fail(step.sqlstate, step.reason);
        if (step.kind === "ready") {
          state = "ready";
          forgetTimer();
          const { processId, secretKey } = step;
          const key = { processId, secretKey };
          events.ready(upstreamOf({ socket, pace }, endpoint, key, limits, over), step.bytes);
        }
      }
    });
    socket.write(conversation.start(parameters));
  }

  function closed(): void {
    if (state === "ready") {
      state = "over";
      events.closed();
    } else fail("08006", "the server closed the connection during login");
  }

  function fail(sqlstate: string, reason: string): void {
    if (state !== "dialling") return;
    over();
    events.failed(sqlstate, reason);
  }

  function over(): void {
    state = "over";
    forgetTimer();
    opened?.socket.destroy();
  }
}

type Opened = { readonly socket: Socket | TLSSocket; readonly pace: Pace };

type CancelKey = { readonly processId: number; readonly secretKey: Uint8Array };

function upstreamOf(
  { socket, pace }: Opened,
  endpoint: Endpoint,
  key: CancelKey,
  { dialMsMax, unsentBytesMax }: DialLimits,
  over: () => void,
): Upstream {
  let unsent = 0;
  let waiting: (() => void)[] = [];
  return {
    processId: key.processId,
    write(bytes) {
      unsent += bytes.length;
      socket.write(bytes, () => {
        unsent -= bytes.length;
        if (unsent > unsentBytesMax) return;
        const ready = waiting;
        waiting = [];
        for (const taken of ready) taken();
      });
    },
    whenWritten(callback) {
      const taken = () => callback("taken");
      if (unsent > unsentBytesMax) waiting.push(taken);
      else taken();
    },
    pause: pace.pause,
    resume: pace.resume,
    cancel: () => cancel(endpoint, key, dialMsMax),
    hangUp: over,
  };
}

/**
 * Sends a CancelRequest on a connection of its own, and waits until the server closes that: it has
 * signalled the backend by then. One that takes too long is let go before it was sent whole.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
function cancel(endpoint: Endpoint, key: CancelKey, msMax: number): Promise<void> {
  return new Promise((resolve) => {
    let second: Socket | TLSSocket | null = null;
    let isOver = false;
    const over = () => {
      isOver = true;
      forgetTimer();
      second?.destroy();
      resolve();
    };
    const forgetTimer = systemClock.after(msMax, over);
    openSocket(endpoint).then(({ socket }) => {
      second = socket;
      if (isOver) return void socket.destroy();
      socket.on("error", over);
      socket.on("close", over);
      socket.resume();
      socket.end(encodeStartupPacket({ kind: "cancel_request", ...key }, new Writer()).bytes());
    }, over);
  });
}

/** TCP, then SSLRequest and TLS with the certificate and the name verified. */
function openSocket(endpoint: Endpoint): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: endpoint.host, port: endpoint.port });
    socket.setNoDelay();
    socket.once("error", reject);
    socket.once("connect", () => {
      if (endpoint.tls === null) {
        socket.off("error", reject);
        return resolve({ socket, pace: paceOf(socket) });
      }
      socket.write(encodeStartupPacket({ kind: "ssl_request" }, new Writer()).bytes());
      socket.once("data", (answer: Uint8Array) => {
        // Exactly one byte: anything behind it came before TLS and from who knows whom.
        if (answer.length !== 1 || answer[0] !== 0x53) {
          socket.destroy();
          return reject(new Error("the server offers no TLS"));
        }
        socket.off("error", reject);
        upgrade(socket, endpoint).then(
          (secure) => resolve({ socket: secure, pace: paceOf(socket) }),
          reject,
        );
      });
    });
  });
}

function upgrade(socket: Socket, endpoint: Endpoint): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const ca = endpoint.tls?.ca;
    const secure = connectTls({
      socket,
      servername: endpoint.tls?.serverName ?? endpoint.host,
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca: [ca] }),
    });
    secure.once("error", reject);
    secure.once("secureConnect", () => {
      secure.off("error", reject);
      if (secure.authorized) return resolve(secure);
      secure.destroy();
      reject(new Error("the server's certificate does not verify"));
    });
  });
}

/** What a login over this socket can be bound to. */
function bindingOf(socket: Socket | TLSSocket): Uint8Array | null {
  if (!("getPeerCertificate" in socket)) return null;
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? null : serverEndPoint(raw);
}

function reasonOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  if (code === "ECONNREFUSED") return "the server refused the connection";
  if (code === "ENOTFOUND") return "the server's name is not known";
  if (typeof code === "string" && /CERT|VERIFY/.test(code)) {
    return "the server's certificate does not verify";
  }
  return "the server cannot be reached over TLS";
}
