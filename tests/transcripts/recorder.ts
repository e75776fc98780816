/**
 * A client of the running gateway that writes down each message on the wire, decoded from the bytes
 * that went and came, and below them what the gate stored of the session.
 *
 * @module
 */
import type { System } from "#deploy/demo/system.ts";
import type { MaskPlan } from "#schemas/mask_plan.ts";
import { type BackendMessage, decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { type Frame, Framer, parseStartupFrame } from "#schemas/wire/postgres/frame.ts";
import {
  decodeFrontend,
  frontendBytes,
  type FrontendMessage,
} from "#schemas/wire/postgres/frontend.ts";
import { type State, stateAfterClient, stateAfterServer } from "#schemas/wire/postgres/states.ts";
import { payloadsOf, sessionNamed } from "#tests/real/bus_user.ts";
import { startup } from "#tests/real/raw_client.ts";
import { eventually, type Rig } from "#tests/real/support.ts";
import { backendLine, type Columns, frontendLine, withoutTokens } from "./lines.ts";

export type Recorder = {
  /** Sends the messages as one write, and reads until the server is ready again. */
  exchange(...messages: readonly FrontendMessage[]): Promise<void>;
  /** Ends the session; the transcript, with what the gate stored. */
  finish(): Promise<string>;
  [Symbol.dispose](): void;
};

const limits = { messageBytesMax: 1 << 20 } as const;
const readWaitMs = 60_000;
const sslRequest = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

/** Opens a session as the demo's agent; `application` names it in the stored frames. */
export async function record(rig: Rig, application: string): Promise<Recorder> {
  const { system } = rig;
  const connection = await connect(system);
  try {
    const wire = wireOf(connection);
    await wire.open({ user: "report-agent", database: "ehr", application_name: application });
    await wire.until("authentication_cleartext_password");
    await wire.send({ kind: "password", password: system.tokens.agent });
    await wire.until("ready_for_query");
    return {
      async exchange(...messages) {
        await wire.send(...messages);
        await wire.until("ready_for_query");
      },
      async finish() {
        await wire.send({ kind: "terminate" });
        await wire.end();
        const lines = [...wire.lines, "", ...await storedLines(rig, application)];
        return withoutTokens(`${lines.join("\n")}\n`);
      },
      [Symbol.dispose]: () => connection.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function connect(system: System): Promise<Deno.TlsConn> {
  const { host: hostname, port } = system.edge;
  const connection = await Deno.connect({ hostname, port });
  await connection.write(sslRequest);
  const answer = new Uint8Array(1);
  if (await connection.read(answer) !== 1 || answer[0] !== 0x53) {
    throw new Error("no TLS is offered");
  }
  const caCerts = [await Deno.readTextFile(system.caFile)];
  return await Deno.startTls(connection, { hostname: "localhost", caCerts });
}

function wireOf(connection: Deno.Conn) {
  const lines: string[] = [];
  const framer = new Framer(limits);
  let state: State = "startup";
  let columns: Columns = { fields: [], formats: null };

  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  };
  const next = async (): Promise<Frame> => {
    for (;;) {
      const frame = framer.next();
      if (frame.kind === "frame") return frame;
      if (frame.kind === "malformed") throw new Error(`a frame is malformed: ${frame.code}`);
      const chunk = new Uint8Array(65_536);
      const count = await connection.read(chunk);
      if (count === null) throw new Error(`the gateway hung up after\n${lines.join("\n")}`);
      framer.push(chunk.subarray(0, count));
    }
  };
  const inTime = async (read: () => Promise<void>) => {
    const timer = setTimeout(() => connection.close(), readWaitMs);
    try {
      await read();
    } finally {
      clearTimeout(timer);
    }
  };
  const receive = async (): Promise<BackendMessage> => {
    const message = decodeBackend(await next());
    if (message.kind === "malformed") throw new Error(`a message is malformed: ${message.code}`);
    if (message.kind === "row_description") columns = { ...columns, fields: message.fields };
    lines.push(backendLine(message, columns));
    state = stateAfterServer(state, message.kind);
    return message;
  };
  return {
    lines,
    async open(parameters: Readonly<Record<string, string>>) {
      const bytes = startup(parameters);
      const parsed = parseStartupFrame(bytes, limits);
      if (parsed.kind !== "message" || parsed.message.packet.kind !== "startup_message") {
        throw new Error("the startup message is none");
      }
      const { minor, parameters: sent } = parsed.message.packet;
      const words = [...sent].map(([name, value]) => `${name}=${value}`);
      lines.push(`F StartupMessage 3.${minor} ${words.join(" ")}`);
      state = stateAfterServer(state, "startup_received");
      await write(bytes);
    },
    async send(...messages: readonly FrontendMessage[]) {
      const bytes = frontendBytes(...messages);
      const sent = new Framer(limits);
      sent.push(bytes);
      for (let frame = sent.next(); frame.kind !== "need"; frame = sent.next()) {
        if (frame.kind === "malformed") throw new Error(`a sent frame: ${frame.code}`);
        const message = decodeFrontend(frame, state);
        if (message.kind === "malformed") throw new Error(`a sent message: ${message.code}`);
        if (message.kind === "query") columns = { fields: [], formats: null };
        if (message.kind === "bind") columns = { ...columns, formats: message.resultFormats };
        lines.push(frontendLine(message));
        state = stateAfterClient(state, frame.tag) ?? state;
      }
      await write(bytes);
    },
    until: (kind: BackendMessage["kind"]) =>
      inTime(async () => {
        while ((await receive()).kind !== kind);
      }),
    /** The gateway hangs up and says nothing more. */
    end: () =>
      inTime(async () => {
        const count = await connection.read(new Uint8Array(1));
        if (count !== null || framer.buffered > 0) throw new Error("bytes came after the end");
        lines.push("B end of the connection");
      }),
  };
}

/** The gate's side: each request's verdict, and what became of it at the database. */
async function storedLines(rig: Rig, application: string): Promise<string[]> {
  await using auditor = await rig.auditor();
  const frames = await eventually(`the end of ${application} is stored`, async () => {
    const all = await auditor.frames();
    const session = sessionNamed(all, application);
    const own = all.filter(({ key }) => key.session === session);
    return payloadsOf(own, "close").length > 0 ? own : undefined;
  });
  const outcomes = payloadsOf(frames, "outcome").map(({ payload }) => payload);
  return payloadsOf(frames, "verdict").map(({ payload }) => {
    const { request, decision, policies, statements, plan } = payload;
    const what = statements.map(({ command }) => command).join(", ");
    const by = policies.length === 0 ? "no policy" : policies.join(", ");
    const outcome = outcomes.find((one) => one.request === request);
    const came = outcome === undefined
      ? "never sent"
      : [outcome.status, ...outcome.commands, outcome.sqlstate ?? ""].join(" ").trim() +
        ` rows=${outcome.rows} transaction=${outcome.transaction}`;
    return `gate request ${request} [${what}] ${decision} by ${by}${maskText(plan)}: ${came}`;
  });
}

/** The masked columns of each result by their place, and what happens to an error's words. */
function maskText({ results, errors }: MaskPlan): string {
  const masks = results.map(({ answers, columns }) => {
    const masked = columns.flatMap(({ mask, classes }, index) => {
      return mask.operator === "keep" ? [] : [`${index + 1} ${mask.operator} ${classes.join("+")}`];
    });
    return `, ${answers} masks ${masked.length === 0 ? "nothing" : `(${masked.join(", ")})`}`;
  });
  return `${masks.join("")}, errors ${errors}`;
}
