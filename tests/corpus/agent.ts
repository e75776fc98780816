/**
 * A client that sends what a corpus entry says and keeps every byte that comes back.
 *
 * @module
 */
import { type BackendMessage, decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import type { FieldDescription } from "#schemas/wire/postgres/row_description.ts";
import { message, startup } from "#tests/real/raw_client.ts";
import type { Step } from "./entries.ts";
import { messagesOf, type Mode, typeNamesOf } from "./messages.ts";

/** Where a client connects, and as whom. */
export type Address = {
  readonly host: string;
  readonly port: number;
  /** PEM file of the authority that vouches for the server. */
  readonly caFile: string;
  readonly user: string;
  /** Or a token. */
  readonly password: string;
};

export type Result = {
  readonly fields: readonly FieldDescription[];
  readonly rows: readonly (readonly (Uint8Array | null)[])[];
  readonly copied: string;
};

/** What came back of one step. */
export type Reply = {
  /** SQLSTATE and words of the first error; null when there was none. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Of each statement that completed. */
  readonly results: readonly Result[];
  /** Everything, as Latin-1: each message's bytes, then the values row by row, then by column. */
  readonly texts: readonly string[];
};

export type Agent = {
  run(step: Step, mode: Mode): Promise<Reply>;
  [Symbol.dispose](): void;
};

const waitMs = 20_000;
const sslRequest = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
const limits = { messageBytesMax: 1 << 26 } as const;

/** Opens a session. */
export async function connectAgent(
  address: Address,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Agent> {
  const { host: hostname, port, user, password, caFile } = address;
  const tcp = await Deno.connect({ hostname, port });
  await tcp.write(sslRequest);
  if (await tcp.read(new Uint8Array(1)) !== 1) throw new Error("no TLS is offered");
  const caCerts = [await Deno.readTextFile(caFile)];
  const connection = await Deno.startTls(tcp, { hostname: "localhost", caCerts });
  const wire = wireOf(connection);
  try {
    const names = { user, database: "ehr", application_name: "corpus", ...parameters };
    await wire.send(startup(names));
    await wire.until("authentication_cleartext_password");
    await wire.send(message("p", `${password}\0`));
    const greeting = await wire.until("ready_for_query");
    const refusal = errorOf(greeting);
    if (refusal !== null) throw new Error(`the session does not open: ${refusal.message}`);
  } catch (error) {
    connection.close();
    throw error;
  }
  const send = async (bytes: Uint8Array) => {
    await wire.send(bytes);
    return replyOf(await wire.until("ready_for_query"));
  };
  const oidOf = async (type: string) => {
    const text = `select '${type}'::regtype::oid::text`;
    const { results } = await send(frontendBytes({ kind: "query", text }));
    return Number(textOf(results[0]?.rows[0]?.[0] ?? null));
  };
  return {
    async run(step, mode) {
      const types = new Map<string, number>();
      for (const name of typeNamesOf(step)) types.set(name, await oidOf(name));
      return await send(frontendBytes(...messagesOf(step, mode, types)));
    },
    [Symbol.dispose]: () => wire.close(),
  };
}

type Received = { readonly raw: string; readonly message: BackendMessage };

function wireOf(connection: Deno.TlsConn) {
  const framer = new Framer(limits);
  let isOver = false;
  const close = () => {
    if (!isOver) connection.close();
    isOver = true;
  };
  const send = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  };
  const next = async (): Promise<Received | null> => {
    for (;;) {
      const frame = framer.next();
      if (frame.kind === "malformed") throw new Error(`a frame is malformed: ${frame.code}`);
      if (frame.kind === "frame") {
        const raw = latin1.decode(frame.raw);
        const decoded = decodeBackend({ ...frame, raw: frame.raw.slice() });
        if (decoded.kind === "malformed") throw new Error(`malformed: ${decoded.code}`);
        return { raw, message: decoded };
      }
      const chunk = new Uint8Array(65_536);
      const count = await connection.read(chunk).catch(() => null);
      if (count === null) return null;
      framer.push(chunk.subarray(0, count));
    }
  };
  return {
    send,
    close,
    /** Reads until a message of the kind, or the end of the session. */
    async until(kind: BackendMessage["kind"]): Promise<Received[]> {
      const timer = setTimeout(close, waitMs);
      const received: Received[] = [];
      try {
        for (let one = await next(); one !== null; one = await next()) {
          received.push(one);
          if (one.message.kind === "copy_in_response") {
            await send(frontendBytes({ kind: "copy_fail", reason: "nothing to copy" }));
          }
          if (one.message.kind === kind) return received;
        }
        return received;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function replyOf(received: readonly Received[]): Reply {
  const results: Result[] = [];
  let fields: readonly FieldDescription[] = [];
  let part: (readonly (Uint8Array | null)[])[] = [];
  let copied = "";
  for (const { message } of received) {
    if (message.kind === "row_description") fields = message.fields;
    if (message.kind === "data_row") part.push(message.values);
    if (message.kind === "copy_data") copied += latin1.decode(message.data);
    if (message.kind !== "command_complete") continue;
    results.push({ fields, rows: part, copied });
    [fields, part, copied] = [[], [], ""];
  }
  const rows = [...results.flatMap((result) => result.rows), ...part];
  const texts = rows.map((row) => row.map(textOf));
  const byRow = texts.map((row) => row.join(" ")).join("\n");
  const columns = Math.max(0, ...texts.map((row) => row.length));
  const byColumn = Array.from({ length: columns }, (_, at) => {
    return texts.map((row) => row[at] ?? "").join("\n");
  });
  return {
    error: errorOf(received),
    results,
    texts: [
      byRow,
      ...byColumn,
      ...texts.slice(0, rowsLookedAt).flat().filter((text) => text.length >= 6),
      received.map(({ raw }) => raw).join("\n"),
    ],
  };
}

/** Beyond this a row's values are looked at together alone. */
const rowsLookedAt = 50;

function errorOf(received: readonly Received[]): Reply["error"] {
  for (const { message } of received) {
    if (message.kind !== "error_response") continue;
    const field = (code: string) => message.fields.find((one) => one.code === code)?.value ?? "";
    return { code: field("C"), message: field("M") };
  }
  return received.at(-1)?.message.kind === "ready_for_query"
    ? null
    : { code: "08006", message: "the session ended" };
}

function textOf(value: Uint8Array | null): string {
  return value === null ? "" : latin1.decode(value);
}

const latin1 = new TextDecoder("latin1");
