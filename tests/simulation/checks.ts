/**
 * What must hold after every run, whatever went wrong in it.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import { testSigner } from "#actors/audit/testing.ts";
import { verifyFrames, verifyLog } from "#actors/audit/verify/verify.ts";
import { decodeControl, type Explain, type Outcome, type Verdict } from "#schemas/frames.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { statementTexts } from "#schemas/wire/postgres/statement_texts.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { epochLog, logName } from "#schemas/log/epoch.ts";
import {
  auditStream,
  checkpointStream,
  checkpointSubject,
  rawStream,
  type SessionKey,
} from "#schemas/subjects.ts";
import { config, planted } from "./clinic.ts";
import type { Account } from "./postgres.ts";
import type { Supervised } from "./processes.ts";
import { installed, type World } from "./world.ts";

/** A session as it is stored. */
type SessionRecord = {
  readonly key: SessionKey;
  readonly name: string;
  readonly requests: Map<number, Uint8Array[]>;
  readonly allowed: { readonly verdict: Verdict; readonly timeMs: number }[];
  readonly outcomes: Map<number, Outcome>;
  readonly explains: { readonly explain: Explain; readonly timeMs: number }[];
  closed: boolean;
};

/** Adds to the world's findings; returns what was counted. */
export async function check(
  world: World,
  processes: readonly Supervised[],
): Promise<Record<string, number>> {
  const months = installed.map((epoch) => world.bus.stored(auditStream(epoch)));
  const messages = months.flat();
  const sessions = read(messages);
  for (const [index, epoch] of installed.entries()) {
    await verify(world, months[index] ?? [], epoch);
  }
  checkExecutions(world, sessions);
  const planned = checkPlanner(world, sessions);
  checkEnds(world, sessions, processes);
  checkPlanted(world, messages);
  const executed = [...sessions.values()].flatMap(({ outcomes }) => [...outcomes.values()]);
  const counts: Record<string, number> = {
    frames: messages.length,
    sessions: sessions.size,
    planned,
  };
  const used = months.filter((stored) => stored.some((one) => one.subject.endsWith(".open")));
  if (used.length > 1) counts["turn of the month"] = 1;
  for (const { status } of executed) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function verify(
  world: World,
  messages: readonly StoredMessage[],
  epoch: string,
): Promise<void> {
  const identity = {
    keys: world.identity.keys,
    issuer: identityIssuer(config.organisation),
  };
  const sessions = await verifyFrames(messages, { identity });
  if (!sessions.ok) {
    for (const { guarantee, session, message } of sessions.findings.slice(0, 5)) {
      world.find(`verifyFrames: ${guarantee} ${session}: ${message}`);
    }
  }
  const subject = checkpointSubject(epochLog(logName, epoch));
  const checkpoints = world.bus.stored(checkpointStream).filter((one) => one.subject === subject);
  const log = await verifyLog(from(messages), from(checkpoints), testSigner.vkey);
  if (!log.ok && log.first.guarantee === "G6") world.find(`verifyLog: ${log.first.message}`);
  if (world.findings.length === 0 && log.signed < messages.length) {
    world.find(`the log signs ${log.signed} of ${messages.length} frames`);
  }
}

function read(messages: readonly StoredMessage[]): Map<string, SessionRecord> {
  const sessions = new Map<string, SessionRecord>();
  for (const message of messages) {
    const frame = toFrame(message);
    if (frame !== null) readFrame(sessions, frame);
  }
  return sessions;
}

function readFrame(sessions: Map<string, SessionRecord>, frame: Frame): void {
  const id = frame.key.session;
  if (frame.kind === "open") {
    const open = decodeControl("open", frame.payload);
    const { application_name, ssh_connection } = open?.parameters ?? {};
    const name = application_name ?? ssh_connection ?? "";
    const none = { requests: new Map(), outcomes: new Map(), closed: false };
    sessions.set(id, { key: frame.key, name, allowed: [], explains: [], ...none });
  }
  const session = sessions.get(id);
  if (session === undefined) return;
  if (frame.kind === "close") session.closed = true;
  if (frame.kind === "request") {
    const parts = session.requests.get(frame.request) ?? [];
    session.requests.set(frame.request, [...parts, frame.payload]);
  }
  if (frame.kind === "verdict") {
    const verdict = decodeControl("verdict", frame.payload);
    if (verdict?.decision === "allow") session.allowed.push({ verdict, timeMs: frame.timeMs });
  }
  if (frame.kind === "explain") {
    const explain = decodeControl("explain", frame.payload);
    if (explain !== null) session.explains.push({ explain, timeMs: frame.timeMs });
  }
  if (frame.kind === "outcome") {
    const outcome = decodeControl("outcome", frame.payload);
    if (outcome !== null) session.outcomes.set(outcome.request, outcome);
  }
}

/**
 * The server's own account of what it was sent is, byte for byte, the allowed requests of the
 * session in their order, each once, none before its verdict was stored; and outcomes tell of it.
 */
function checkExecutions(world: World, sessions: Map<string, SessionRecord>): void {
  const byName = Map.groupBy(accountsOf(world), ({ name }) => name);
  for (const session of sessions.values()) {
    const accounts = byName.get(session.name) ?? [];
    byName.delete(session.name);
    const say = (what: string) => world.find(`session ${session.name}: ${what}`);
    if (accounts.length > 1) say("it was dialled more than once");
    const ran = executed(session, accounts[0] ?? null, say);
    for (const { verdict } of session.allowed) {
      const { request, cancels } = verdict;
      const status = session.outcomes.get(request)?.status;
      if (status === undefined) say(`request ${request} was allowed and has no outcome`);
      if (request === 0 || cancels !== null) continue;
      const effect = status === "executed" || status === "failed" || status === "cancelled";
      if (ran.has(request) && status === "not_run") say(`request ${request} ran, says not_run`);
      if (!ran.has(request) && effect) say(`request ${request} did not run, says ${status}`);
    }
  }
  for (const name of byName.keys()) world.find(`the server knows ${name}, the record does not`);
}

function accountsOf({ postgres, host }: World): readonly Account[] {
  return [...postgres.accounts, ...host.accounts];
}

/** The requests whose bytes the server has, by number. */
function executed(
  session: SessionRecord,
  account: Account | null,
  say: (what: string) => void,
): Set<number> {
  const ran = new Set<number>();
  const received = account?.received ?? [];
  let at = 0;
  for (const { verdict, timeMs } of session.allowed) {
    if (verdict.request === 0 || verdict.cancels !== null || at >= received.length) continue;
    // Target itself refused it, so that none of its bytes may be there.
    if (isRefused(session, verdict.request)) continue;
    const parts = session.requests.get(verdict.request) ?? [];
    for (const part of parts) {
      const chunk = received[at++];
      if (chunk === undefined) say(`request ${verdict.request} ran in part`);
      else if (!equal(chunk.bytes, part)) say(`the server was sent what was not allowed`);
      else if (chunk.atMs < timeMs) say(`request ${verdict.request} ran before its verdict`);
    }
    ran.add(verdict.request);
  }
  if (at < received.length) say(`the server was sent ${received.length - at} parts too many`);
  return ran;
}

function isRefused({ outcomes }: SessionRecord, request: number): boolean {
  const refused = outcomes.get(request)?.refused ?? null;
  return refused !== null;
}

/**
 * What the server planned are texts of requests that a stored question names, each once; how many.
 */
function checkPlanner(world: World, sessions: Map<string, SessionRecord>): number {
  const asked: { readonly text: string; readonly timeMs: number }[] = [];
  for (const { requests, explains } of sessions.values()) {
    for (const { explain, timeMs } of explains) {
      const texts = statementTexts(joinBytes(requests.get(explain.request) ?? []));
      for (const { message } of explain.statements) {
        asked.push({ text: texts?.get(message)?.text ?? "", timeMs });
      }
    }
  }
  for (const { text, atMs } of world.postgres.planned) {
    const found = asked.findIndex((one) => one.text === text && one.timeMs <= atMs);
    if (found < 0) world.find("the server planned what nobody asked about");
    else asked.splice(found, 1);
  }
  return world.postgres.planned.length;
}

/** Everything has ended, and nobody keeps anything. */
function checkEnds(
  world: World,
  sessions: Map<string, SessionRecord>,
  processes: readonly Supervised[],
): void {
  if (world.findings.length > 0) return;
  for (const { name, closed } of sessions.values()) {
    if (!closed) world.find(`session ${name} has no close`);
  }
  for (const { name, open } of accountsOf(world)) {
    if (open) world.find(`the server's connection of ${name} is open still`);
  }
  for (const process of processes) {
    const running = process.running();
    if (running === null) world.find(`${process.name} does not run`);
    const held = running?.holds([...sessions.values()].map(({ key }) => key)) ?? [];
    const names = held.map((id) => sessions.get(id)?.name ?? "").slice(0, 5);
    if (held.length > 0) {
      world.find(`${process.name} keeps ${held.length} closed sessions: ${names.join(" ")}`);
    }
  }
  const raw = world.bus.stored(rawStream).length;
  if (raw > 0) world.find(`${raw} raw frames are left`);
}

/** Planted values are in no frame, subject, header or line of a log; raw frames are not stored. */
function checkPlanted(world: World, messages: readonly StoredMessage[]): void {
  const latin1 = new TextDecoder("latin1");
  for (const { sequence, subject, headers, payload } of messages) {
    const text = [subject, ...[...headers].flat(), latin1.decode(payload)].join("\n");
    if (planted.test(text)) world.find(`a planted value stands in frame ${sequence}, ${subject}`);
  }
  for (const line of world.log) {
    if (planted.test(line)) world.find("a planted value stands in a log");
  }
}

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
