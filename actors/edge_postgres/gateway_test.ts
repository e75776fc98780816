import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Admitted, Refused } from "#actors/_kit/edge/admission.ts";
import { testClock } from "#actors/_kit/clock_testing.ts";
import { memoryLimits, memoryServer } from "#actors/_kit/memory_bus.ts";
import type { Config } from "#schemas/config.ts";
import { configWith } from "#schemas/config_testing.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import { encodeStartupPacket } from "#schemas/wire/postgres/startup_message.ts";
import type { AgentConnection } from "./agent_connection.ts";
import { gateway } from "./gateway.ts";
import { edgeLimits } from "./limits.ts";

const config = configWith({
  connections: {
    ehr: {
      protocol: "postgres",
      host: "db.example.org",
      port: 5432,
      database: "ehr",
      user: "gateway",
    },
  },
  classes: {},
});

/** A gateway whose logins all end so. */
function testGateway(login: Admitted | Refused, limits: Partial<Config["limits"]> = {}) {
  const clock = testClock(0);
  let drawn = 0;
  const random = (bytes: number) => new Uint8Array(bytes).fill(++drawn);
  const server = memoryServer({
    clock,
    random: () => 0,
    streams: [],
    consumers: [],
    limits: memoryLimits,
  });
  const answer = () => Promise.resolve(login);
  const { accept } = gateway({
    bus: server.connect({ name: "edge", inboxPrefix: "_INBOX" }),
    clock,
    random,
    report: () => undefined,
    config: { ...config, limits: { ...config.limits, ...limits } },
    configDigest: "",
    epoch: () => "2026_11",
    edge: "edge",
    limits: edgeLimits,
    admission: { token: answer, key: answer },
  });
  return { accept, pass: clock.forward };
}

/** A client in TLS, which says what it is told to. */
function testAgent(address = "192.0.2.7") {
  let listener: ((chunk: Uint8Array) => void) | null = null;
  let open = true;
  let heard = "";
  const closed: (() => void)[] = [];
  const ended = Promise.withResolvers<void>();
  const over = () => {
    open = false;
    ended.resolve();
    for (const each of closed.splice(0)) each();
  };
  const hear = (bytes: Uint8Array) => heard += new TextDecoder("latin1").decode(bytes);
  const agent: AgentConnection = {
    address,
    tlsVersion: () => "TLSv1.3",
    encrypted: true,
    upgrade: () => Promise.reject(new Error("TLS is on already")),
    hear: (next) => void (listener = next),
    closed: (callback) => void closed.push(callback),
    isOpen: () => open,
    write: hear,
    waitingBytes: () => 0,
    cork() {},
    uncork() {},
    pause() {},
    resume() {},
    end(bytes) {
      if (bytes !== undefined) hear(bytes);
      over();
    },
    destroy: over,
  };
  return {
    agent,
    say: (bytes: Uint8Array) => listener?.(bytes),
    isOpen: () => open,
    heard: () => heard,
    ended: ended.promise,
  };
}

/** What it hears until it is closed. */
async function logIn(
  agent: ReturnType<typeof testAgent>,
  database: string,
): Promise<string> {
  const parameters = new Map([["user", "agent"], ["database", database]]);
  const packet = { kind: "startup_message", minor: 0, parameters, options: new Map() } as const;
  agent.say(encodeStartupPacket(packet, new Writer()).bytes());
  agent.say(frontendBytes({ kind: "password", password: "a token" }));
  await agent.ended;
  return agent.heard();
}

const refused: Refused = { ok: false, code: "refused", message: "The token has expired." };

const admitted: Admitted = {
  ok: true,
  token: "signed",
  principal: {
    issuer: "https://id.example.org",
    person: "ada",
    name: "Ada",
    actors: [],
    groups: [],
    purpose: "",
  },
  id: "run.1",
  expiresAt: "2026-11-22T03:00:00Z",
  lifetimeSeconds: 300,
};

Deno.test("agents that say nothing are few, and shut out nobody", () => {
  const { startupsPerAddressMax, startupKeptMs } = edgeLimits;
  const { accept, pass } = testGateway(refused);
  const crowd = Array.from({ length: startupsPerAddressMax + 10 }, () => testAgent());
  for (const { agent } of crowd) accept(agent);
  strictEqual(crowd.filter(({ isOpen }) => isOpen()).length, startupsPerAddressMax);
  pass(startupKeptMs);
  const late = testAgent();
  accept(late.agent);
  deepStrictEqual([late.isOpen(), crowd[0]?.isOpen()], [true, false]);
  strictEqual(crowd.filter(({ isOpen }) => isOpen()).length, startupsPerAddressMax - 1);
  pass(edgeLimits.startupMsMax);
  deepStrictEqual([late, ...crowd].filter(({ isOpen }) => isOpen()), []);
});

Deno.test("an agent that was refused leaves its place to others", async () => {
  const { startupsPerAddressMax } = edgeLimits;
  const { accept } = testGateway(refused);
  for (let count = 0; count <= startupsPerAddressMax; count++) {
    const one = testAgent();
    accept(one.agent);
    match(await logIn(one, "ehr"), /C28P01\0Msallyport: The token has expired\./);
  }
});

Deno.test("a name that is no connection is told to those whom identity knows", async () => {
  const stranger = testAgent();
  testGateway(refused).accept(stranger.agent);
  match(await logIn(stranger, "nonesuch"), /C28P01\0Msallyport: The token has expired\./);

  const known = testAgent();
  const code = "unknown_connection";
  testGateway({ ok: false, code, message: "There is none." }).accept(known.agent);
  match(await logIn(known, "nonesuch"), /C3D000\0Msallyport: There is none\./);
});

Deno.test("many that log in at the same moment open no more sessions than there may be", async () => {
  const { accept } = testGateway(admitted, { "sessions_max": 1 });
  const [first, second] = [testAgent(), testAgent()];
  accept(first.agent);
  accept(second.agent);
  void logIn(first, "ehr");
  match(await logIn(second, "ehr"), /C53300\0Msallyport: too many sessions at this edge/);
  ok(first.isOpen());
});
