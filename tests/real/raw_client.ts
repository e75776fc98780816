/**
 * A client that sends whatever bytes a test likes, in the clear or through TLS.
 *
 * @module
 */
import type { System } from "#deploy/demo/system.ts";
import { findPlanted } from "./planted.ts";

export type RawClient = {
  send(...parts: readonly Uint8Array[]): Promise<void>;
  /** Reads until `text` has come, the connection is over, or the time is. */
  until(text: string): Promise<string>;
  /** Reads to the end of the connection; what came since the last reading. */
  toEnd(): Promise<string>;
  /** Sends no more, as `shutdown(SHUT_WR)`. */
  finish(): Promise<void>;
  [Symbol.dispose](): void;
};

const waitMs = 60_000;
/** Asks for TLS. */
export const sslRequest = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/** Connects in the clear. */
export async function rawClient(system: System): Promise<RawClient> {
  const { host: hostname, port } = system.edge;
  return clientOf(await Deno.connect({ hostname, port }));
}

/** Connects through TLS, no startup message sent. */
export async function tlsClient(system: System): Promise<RawClient> {
  const { host: hostname, port } = system.edge;
  const connection = await Deno.connect({ hostname, port });
  await connection.write(sslRequest);
  const answer = new Uint8Array(1);
  if (await connection.read(answer) !== 1 || answer[0] !== 0x53) {
    throw new Error("no TLS is offered");
  }
  const caCerts = [await Deno.readTextFile(system.caFile)];
  return clientOf(await Deno.startTls(connection, { hostname: "localhost", caCerts }));
}

/** A session that is ready for its first query. */
export async function rawSession(system: System, application: string): Promise<RawClient> {
  const client = await tlsClient(system);
  await client.send(startup({ user: "agent", database: "ehr", "application_name": application }));
  await client.until("R");
  await client.send(message("p", `${system.tokens.agent}\0`));
  const answer = await client.until("Z\0\0\0\u0005I");
  if (!answer.includes("Z\0\0\0\u0005I")) throw new Error("the session does not open");
  return client;
}

/** SSLRequest with more behind it, as one packet. */
export function stuffedRequest(): Uint8Array {
  return Uint8Array.of(...sslRequest, ...startup({ user: "x" }));
}

export function startup(parameters: Readonly<Record<string, string>>): Uint8Array {
  const text = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`).join("");
  const body = new TextEncoder().encode(`${text}\0`);
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, bytes.length);
  view.setInt32(4, 196_608);
  bytes.set(body, 8);
  return bytes;
}

export function message(tag: string, body: string | Uint8Array): Uint8Array {
  const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const bytes = new Uint8Array(5 + content.length);
  bytes[0] = tag.charCodeAt(0);
  new DataView(bytes.buffer).setInt32(1, 4 + content.length);
  bytes.set(content, 5);
  return bytes;
}

function clientOf(connection: Deno.Conn): RawClient {
  let text = "";
  let isOver = false;
  let isLate = false;
  const latin1 = new TextDecoder("latin1");
  const read = async () => {
    const chunk = new Uint8Array(65_536);
    const count = await connection.read(chunk).catch(() => null);
    if (count === null) isOver = true;
    else text += latin1.decode(chunk.subarray(0, count));
  };
  const readWhile = async (more: () => boolean) => {
    const timer = setTimeout(() => {
      isLate = true;
      connection.close();
    }, waitMs);
    while (!isOver && more()) await read();
    clearTimeout(timer);
    if (isLate) throw new Error(`Waited ${waitMs} ms in vain for the gateway`);
  };
  const take = () => {
    const found = findPlanted(text, "agent");
    if (found !== null) throw new Error(`a raw client received ${found}`);
    const taken = text;
    text = "";
    return taken;
  };
  return {
    async send(...parts) {
      for (const part of parts) {
        for (let at = 0; at < part.length;) at += await connection.write(part.subarray(at));
      }
    },
    async until(wanted) {
      await readWhile(() => !text.includes(wanted));
      return take();
    },
    async toEnd() {
      await readWhile(() => true);
      return take();
    },
    finish: () => connection.closeWrite(),
    [Symbol.dispose]() {
      try {
        connection.close();
      } catch {
        // The wait has closed it already.
      }
    },
  };
}
