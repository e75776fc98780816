/**
 * What the console asks of others on the bus: identity for the person behind a token, approval for
 * a decision to count.
 *
 * **Invariant:** a reply that is not of its shape, or does not come in time, is a refusal.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { DecideReply, type DecideRequest } from "#schemas/approval.ts";
import { ExchangeReply, type ExchangeRequestInput } from "#schemas/identity.ts";
import { decideSubject, exchangeSubject } from "#schemas/subjects.ts";
import { ConsoleError, type ErrorStatus } from "./ports.ts";

export type Granted = Extract<ExchangeReply, { ok: true }>;
export type BusClient = {
  /** @throws ConsoleError with identity's code. */
  exchange(request: ExchangeRequestInput): Promise<Granted>;
  /** @throws ConsoleError with approval's code. */
  decide(request: DecideRequest): Promise<"voted" | "granted" | "denied">;
};

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function busClient(bus: Pick<Bus, "request">, timeoutMs: number): BusClient {
  return { exchange, decide };

  async function exchange(request: ExchangeRequestInput): Promise<Granted> {
    const reply = ExchangeReply.safeParse(await ask(exchangeSubject, request));
    if (!reply.success) throw unavailable();
    if (!reply.data.ok) {
      throw new ConsoleError(statusOf(reply.data.code), reply.data.code, reply.data.message);
    }
    return reply.data;
  }

  async function decide(request: DecideRequest): Promise<"voted" | "granted" | "denied"> {
    const reply = DecideReply.safeParse(await ask(decideSubject, request));
    if (!reply.success) throw unavailable();
    if (!reply.data.ok) {
      throw new ConsoleError(statusOf(reply.data.code), reply.data.code, reply.data.message);
    }
    return reply.data.state;
  }

  async function ask(subject: string, request: unknown): Promise<unknown> {
    try {
      const payload = encoder.encode(JSON.stringify(request));
      return JSON.parse(decoder.decode(await bus.request(subject, payload, timeoutMs)));
    } catch {
      throw unavailable();
    }
  }
}

function unavailable(): ConsoleError {
  const message = "The gateway does not answer now. Reload, look whether it counted, try again.";
  return new ConsoleError(503, "unavailable", message);
}

function statusOf(code: string): ErrorStatus {
  switch (code) {
    case "unavailable":
    case "issuer_unavailable":
    case "busy":
      return 503;
    case "approval_unknown":
      return 404;
    case "approval_not_pending":
    case "approval_expired":
    case "binding_mismatch":
    case "already_voted":
      return 409;
    case "justification_missing":
      return 422;
    case "approver_is_agent":
    case "approver_is_requester":
    case "approver_not_in_group":
      return 403;
    case "request_malformed":
    case "too_large":
      return 400;
    default:
      return 401;
  }
}
