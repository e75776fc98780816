/**
 * A console on a bus in memory, with an identity and an approval that answer as the real ones do,
 * and an issuer to sign in at. For tests and for looking at pages.
 *
 * @module
 */
import { type TestClock, testClock } from "#actors/_kit/clock_testing.ts";
import type { Bus } from "#actors/_kit/bus.ts";
import { followEpochs } from "#actors/_kit/epochs.ts";
import { memoryLimits, memoryServer } from "#actors/_kit/memory_bus.ts";
import { DecideReply, DecideRequest } from "#schemas/approval.ts";
import { Config } from "#schemas/config.ts";
import {
  type ControlKind,
  type ControlPayload,
  decisionHeader,
  encodeControl,
  formatFrame,
  frameHeader,
  type Policy,
  type PrincipalChain,
} from "#schemas/frames.ts";
import { type ExchangeReply, ExchangeRequest } from "#schemas/identity.ts";
import { type Verifier } from "#schemas/log/key.ts";
import {
  auditStream,
  auditSubject,
  checkpointStream,
  decideSubject,
  exchangeSubject,
  type FrameKind,
} from "#schemas/subjects.ts";
import { type Console, createConsole } from "./app.ts";
import { consoleLimits } from "./limits.ts";
import type { ConsolePorts, Fetch } from "./ports.ts";

export const consoleUrl = "https://gate.example.org";
export const issuerUrl = "https://id.example.org";
export const epoch = "2026_11";
export const startMs = Date.UTC(2026, 10, 21, 9, 0, 0);

const testConfig = Config.parse({
  version: 1,
  organisation: "Example Health",
  issuer: { url: issuerUrl, audience: "sallyport" },
  console: { url: consoleUrl, client_id: "sallyport-console" },
  connections: {
    ehr: { protocol: "postgres", host: "db", port: 5432, database: "ehr", user: "gate" },
  },
  classes: { ssn: {}, mrn: {}, name: {}, dob: {} },
});

export function person(username: string, groups: string[], actors: string[] = []): PrincipalChain {
  const name = `${username.slice(0, 1).toUpperCase()}${username.slice(1)}`;
  return { issuer: issuerUrl, person: username, name, actors, groups, purpose: "HOPERAT" };
}
export const ana = person("ana", ["analysts"], ["report-agent"]);

export type Rig = {
  readonly console: Console;
  readonly bus: Bus;
  readonly clock: TestClock;
  /** Who a token of the organisation is; others are refused. */
  readonly tokens: Map<string, PrincipalChain>;
  /** Decisions that reached approval. */
  readonly decisions: DecideRequest[];
  /** What approval answers; `granted` when empty. */
  readonly replies: DecideReply[];
  /** Exchanges that identity was asked for. */
  readonly exchanges: ExchangeRequest[];
  /** Makes the bus refuse to store, or to do anything. */
  readonly broken: { publish: boolean; request: boolean };
  stored(kind: FrameKind): { readonly subject: string; readonly payload: Uint8Array }[];
  /** Stores a frame. */
  add(
    kind: FrameKind,
    request: number,
    payload: Uint8Array,
    options?: { session?: string; part?: number; headers?: readonly (readonly [string, string])[] },
  ): Promise<number>;
  say<K extends ControlKind>(
    kind: K,
    request: number,
    payload: ControlPayload<K>,
    session?: string,
  ): Promise<number>;
  settle(): Promise<void>;
};

export type RigOptions = {
  readonly fetch?: Fetch;
  readonly logVerifier?: Verifier;
  readonly change?: Partial<ConsolePorts>;
  /** Where the clock begins. */
  readonly fromMs?: number;
};

/** Starts a console and what answers it. */
export async function rig(options: RigOptions = {}): Promise<Rig> {
  const clock = testClock(options.fromMs ?? startMs);
  const server = memoryServer({
    // Lines without delay: what is sent arrives in the next turns of the event loop.
    clock: { nowMs: clock.nowMs, after: immediately },
    random: () => 0,
    streams: [
      { name: auditStream(epoch), subjects: [`audit.${epoch}.*.*.*.*`], storage: "file" },
      { name: checkpointStream, subjects: ["checkpoint.*"], storage: "file" },
    ],
    consumers: [],
    limits: { ...memoryLimits, lineDelayMsMax: 0 },
  });
  const others = server.connect({ name: "others", inboxPrefix: "_INBOX_others" });
  const inner = server.connect({ name: "console", inboxPrefix: "_INBOX_console" });
  const broken = { publish: false, request: false };
  const bus: Bus = {
    ...inner,
    publish: (...call) =>
      broken.publish ? Promise.reject(new Error("down")) : inner.publish(...call),
    request: (...call) =>
      broken.request ? Promise.reject(new Error("down")) : inner.request(...call),
  };
  const tokens = new Map<string, PrincipalChain>();
  const decisions: DecideRequest[] = [];
  const replies: DecideReply[] = [];
  const exchanges: ExchangeRequest[] = [];
  others.respond(exchangeSubject, (payload) => {
    const request = ExchangeRequest.parse(JSON.parse(new TextDecoder().decode(payload)));
    exchanges.push(request);
    return Promise.resolve(encode(exchanged(request)));
  });
  others.respond(decideSubject, (payload) => {
    decisions.push(DecideRequest.parse(JSON.parse(new TextDecoder().decode(payload))));
    return Promise.resolve(encode(replies.shift() ?? { ok: true, state: "granted" }));
  });
  let drawn = 0;
  const console = createConsole({
    bus,
    clock,
    random: (bytes) => new Uint8Array(bytes).fill(++drawn % 251, 0, 8),
    report: () => undefined,
    config: testConfig,
    epochs: followEpochs(clock, epoch),
    fetch: options.fetch ?? (() => Promise.reject(new Error("no network"))),
    clientSecret: null,
    logVerifier: () => options.logVerifier ?? null,
    maskLiterals: (sql) => sql.replaceAll(/'[^']*'/g, "'…'"),
    player: { script: "", style: "" },
    limits: consoleLimits,
    ...options.change,
  });
  await console.start();
  let nonces = 0;
  await add("policy", 0, encodeControl("policy", policyOf(["compliance"])), { session: "policy" });
  return {
    console,
    bus: others,
    clock,
    tokens,
    decisions,
    replies,
    exchanges,
    broken,
    stored: (kind) =>
      server.stored(auditStream(epoch)).filter(({ subject }) => subject.endsWith(`.${kind}`)),
    add,
    say: (kind, request, payload, session = "s1") => {
      const headers: [string, string][] = "decision" in payload
        ? [[decisionHeader, payload.decision]]
        : [];
      return add(kind, request, encodeControl(kind, payload), { session, headers });
    },
    settle,
  };

  function exchanged(request: ExchangeRequest): ExchangeReply {
    const principal = tokens.get(request.token);
    if (principal === undefined) {
      return { ok: false, code: "token_bad_signature", message: "Sign in again." };
    }
    return {
      ok: true,
      token: `ours:${request.audience}:${request.approval ?? ""}:${principal.person}`,
      principal,
      id: `jti-${exchanges.length}`,
      expiresAt: new Date(clock.nowMs() + 300_000).toISOString(),
      lifetimeSeconds: 300,
    };
  }

  async function add(
    kind: FrameKind,
    request: number,
    payload: Uint8Array,
    { session = "s1", part = 0, headers = [] }: {
      session?: string;
      part?: number;
      headers?: readonly (readonly [string, string])[];
    } = {},
  ): Promise<number> {
    const nonce = String(++nonces).padStart(22, "n");
    const key = { epoch, shard: 3, edge: "pg1", session };
    const all = new Map([
      [frameHeader, formatFrame({ request, part, more: false, nonce })],
      ...headers,
    ]);
    const stream = auditStream(epoch);
    const { sequence } = await others.publish(auditSubject(key, kind), payload, all, { stream });
    await settle();
    return sequence;
  }
}

/** A policy that asks these groups for approval somewhere. */
export function policyOf(approvers: readonly string[]): Policy {
  return {
    version: 1,
    policyVersion: "p1",
    policies: ["bulk"],
    approvers: [...approvers],
    configDigest: "c1",
    at: "2026-11-21T09:00:00.000Z",
  };
}

/** Lets everything that waits for nothing but its turn happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

function immediately(afterMs: number, callback: () => void): () => void {
  let forgotten = false;
  // Timeouts of the bus itself never come: a test does not wait for them.
  if (afterMs <= 100) {
    queueMicrotask(() => {
      if (!forgotten) callback();
    });
  }
  return () => {
    forgotten = true;
  };
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
