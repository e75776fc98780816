/**
 * A connection to a running system's bus with the key of one of its users, and what tests ask
 * there: the stored frames, an exchange, a decision.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import { type Frame, toFrame } from "#actors/_kit/frame.ts";
import { busLimits, connectBus } from "#actors/_kit/nats.ts";
import type { System } from "#deploy/demo/system.ts";
import { DecideReply, type DecideRequest } from "#schemas/approval.ts";
import {
  type ControlKind,
  type ControlPayload,
  decodeControl,
  type Outcome,
} from "#schemas/frames.ts";
import { ExchangeReply, type ExchangeRequestInput } from "#schemas/identity.ts";
import { auditFilter, auditStream, decideSubject, exchangeSubject } from "#schemas/subjects.ts";

export type BusUser = {
  readonly bus: Bus;
  /** Every stored frame, in order. */
  frames(): Promise<Frame[]>;
  exchange(request: ExchangeRequestInput): Promise<ExchangeReply>;
  decide(request: DecideRequest): Promise<DecideReply>;
  [Symbol.asyncDispose](): Promise<void>;
};

const askMs = 15_000;

/** Connects with the key of the installation's user `name`. */
export async function connectAs(system: System, name: string): Promise<BusUser> {
  const key = system.installation.keys.find((one) => one.name === name);
  if (key === undefined) throw new Error(`The installation has no key of ${name}`);
  const bus = await connectBus({
    url: system.nats.url,
    seed: new TextEncoder().encode((await Deno.readTextFile(key.seedFile)).trim()),
    name: `test-${name}`,
    inboxPrefix: key.inboxPrefix,
    clock: systemClock,
    limits: busLimits,
  });
  const ask = async (subject: string, request: unknown): Promise<unknown> => {
    const payload = new TextEncoder().encode(JSON.stringify(request));
    return JSON.parse(new TextDecoder().decode(await bus.request(subject, payload, askMs)));
  };
  return {
    bus,
    frames: () => readFrames(bus, system.epoch),
    exchange: async (request) => ExchangeReply.parse(await ask(exchangeSubject, request)),
    decide: async (request) => DecideReply.parse(await ask(decideSubject, request)),
    [Symbol.asyncDispose]: () => bus.close(),
  };
}

async function readFrames(bus: Bus, epoch: string): Promise<Frame[]> {
  const stream = auditStream(epoch);
  const { last } = await bus.state(stream);
  const frames: Frame[] = [];
  const filters = [auditFilter(epoch, "*", "*")];
  for await (const message of bus.read(stream, { filters, from: 1, through: last })) {
    const frame = toFrame(message);
    if (frame === null) throw new Error(`Frame ${message.sequence} is not understood`);
    frames.push(frame);
  }
  return frames;
}

/** The payloads of one kind, of one session or of all, with the frames that hold them. */
export function payloadsOf<K extends ControlKind>(
  frames: readonly Frame[],
  kind: K,
  session?: string,
): { readonly frame: Frame; readonly payload: ControlPayload<K> }[] {
  return frames.flatMap((frame) => {
    if (frame.kind !== kind || (session !== undefined && frame.key.session !== session)) return [];
    const payload = decodeControl(kind, frame.payload);
    return payload === null ? [] : [{ frame, payload }];
  });
}

/** The outcomes of a session that is closed and each allow of which has one; null before. */
export function settledOutcomes(frames: readonly Frame[], session: string): Outcome[] | null {
  if (payloadsOf(frames, "close", session).length === 0) return null;
  const outcomes = payloadsOf(frames, "outcome", session).map(({ payload }) => payload);
  const settled = new Set(outcomes.map(({ request }) => request));
  const verdicts = payloadsOf(frames, "verdict", session);
  const isSettled = verdicts.every(({ payload: { decision, request } }) => {
    return decision !== "allow" || settled.has(request);
  });
  return isSettled ? outcomes : null;
}

/** The session that a client opened under this application name; the newest. */
export function sessionNamed(frames: readonly Frame[], application: string): string | undefined {
  return payloadsOf(frames, "open").findLast(({ payload }) => {
    return payload.client.application === application;
  })?.frame.key.session;
}
