/**
 * A client that says byte by byte what a test tells it, to a server or through the gateway, and
 * keeps every message that comes back.
 *
 * @module
 */
import { Writer } from "#schemas/wire/cursor.ts";
import { type Frame, Framer } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import {
  encodeStartupPacket,
  type StartupMessage,
} from "#schemas/wire/postgres/startup_message.ts";
import type { Way } from "./open_gateway.ts";

export type WireClient = {
  send(bytes: Uint8Array): Promise<void>;
  /** Reads until `times` messages of `tag` have come, or the connection is over; what came. */
  until(tag: string, times?: number): Promise<Frame[]>;
  /** Reads to the end of the connection. */
  toEnd(): Promise<Frame[]>;
  [Symbol.dispose](): void;
};

/** How a connection begins. */
export type Beginning = {
  readonly minor: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** By an SSLRequest, or directly from the first byte, with ALPN. */
  readonly tls: "asked" | "direct";
};
export const usual: Beginning = { minor: 0, parameters: {}, options: {}, tls: "asked" };

const waitMs = 60_000;

/** Opens TLS to the server, and says nothing yet. */
async function wireClient(way: Way, begins: Beginning["tls"]): Promise<WireClient> {
  const { host: hostname, port, caFile } = way;
  if (caFile === null) throw new Error("TLS needs an authority");
  const caCerts = [await Deno.readTextFile(caFile)];
  const alpnProtocols = ["postgresql"];
  if (begins === "direct") {
    const tls = { hostname: "localhost", port, caCerts, alpnProtocols };
    return clientOf(await Deno.connectTls(tls));
  }
  const connection = await Deno.connect({ hostname, port });
  await connection.write(encodeStartupPacket({ kind: "ssl_request" }, new Writer()).bytes());
  const answer = new Uint8Array(1);
  if (await connection.read(answer) !== 1 || answer[0] !== 0x53) {
    throw new Error("no TLS is offered");
  }
  return clientOf(
    await Deno.startTls(connection, { hostname: "localhost", caCerts, alpnProtocols }),
  );
}

/** Opens a session with a password, up to its first ReadyForQuery; what came is the greeting. */
export async function wireSession(
  way: Way,
  beginning: Beginning,
): Promise<{ readonly client: WireClient; readonly greeting: Frame[] }> {
  const client = await wireClient(way, beginning.tls);
  await client.send(startupBytes(way, beginning));
  const asked = await client.until("R");
  await client.send(frontendBytes({ kind: "password", password: way.password }));
  const greeting = [...asked, ...await client.until("Z")];
  return { client, greeting };
}

/** What comes of a StartupMessage that is refused. */
export async function refusedSession(way: Way, beginning: Beginning): Promise<Frame[]> {
  using client = await wireClient(way, beginning.tls);
  await client.send(startupBytes(way, beginning));
  return await client.toEnd();
}

function startupBytes(way: Way, beginning: Beginning): Uint8Array {
  const { user, database } = way;
  const message: StartupMessage = {
    kind: "startup_message",
    minor: beginning.minor,
    parameters: new Map(Object.entries({ user, database, ...beginning.parameters })),
    options: new Map(Object.entries(beginning.options)),
  };
  return encodeStartupPacket(message, new Writer()).bytes();
}

/** Asks to cancel what runs in the session of this key, as libpq does. */
export async function sendCancel(way: Way, key: Frame): Promise<void> {
  using client = await wireClient(way, "asked");
  const view = new DataView(key.raw.buffer, key.raw.byteOffset);
  const packet = {
    kind: "cancel_request",
    processId: view.getInt32(5),
    secretKey: key.raw.slice(9),
  } as const;
  await client.send(encodeStartupPacket(packet, new Writer()).bytes());
  await client.toEnd();
}

function clientOf(connection: Deno.TlsConn): WireClient {
  const framer = new Framer({ messageBytesMax: 64 * 1024 * 1024 });
  const chunk = new Uint8Array(65_536);
  let isOver = false;
  /** Until so many messages of the tag have come. */
  const read = async (tag: string | null, times: number) => {
    const frames: Frame[] = [];
    let left = times;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      connection.close();
    }, waitMs);
    try {
      for (;;) {
        let next = framer.next();
        for (; next.kind === "frame"; next = framer.next()) {
          frames.push({ ...next, raw: next.raw.slice() });
          if (next.tag === tag) left--;
          if (left === 0) return frames;
        }
        if (next.kind === "malformed") throw new Error(`no message: ${next.code}`);
        if (isLate) throw new Error(`Waited ${waitMs} ms in vain for the server`);
        if (isOver) return frames;
        const count = await connection.read(chunk).catch(() => null);
        if (count === null) isOver = true;
        else framer.push(chunk.slice(0, count));
      }
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async send(bytes) {
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    },
    until: (tag, times = 1) => read(tag, times),
    toEnd: () => read(null, 1),
    [Symbol.dispose]() {
      try {
        connection.close();
      } catch {
        // The wait has closed it already.
      }
    },
  };
}
