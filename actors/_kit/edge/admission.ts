/**
 * Who gets in: a token goes to identity, which answers with a principal chain
 * and its own signature over chain, connection and session.
 *
 * **Invariant:** the edge believes nothing that a client says of itself; what identity did not sign
 * does not stand in `open`. The token itself is not kept.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import {
  ExchangeReply,
  type ExchangeRequestInput,
  type IdentityErrorCode,
  type KeyExchangeRequest,
  tokenBytesMax,
} from "#schemas/identity.ts";
import { exchangeSubject, keyExchangeSubject } from "#schemas/subjects.ts";

export type Admitted = Extract<ExchangeReply, { ok: true }>;
/**
 * `unavailable`: nobody could say; `refused`: the token is not good; `unknown_connection`: it is,
 * and there is no such connection.
 */
export type Refused = {
  readonly ok: false;
  readonly code: "refused" | "unavailable" | "unknown_connection";
  readonly message: string;
};
export type Admission = {
  /** `carrier` names what carries several sessions of one agent; each is admitted by itself. */
  token(
    token: string,
    connection: string,
    session: string,
    carrier?: string,
  ): Promise<Admitted | Refused>;
  /** A registered SSH key, whose signature the edge has verified. */
  key(fingerprint: string, connection: string, session: string): Promise<Admitted | Refused>;
};

/** What is not the token's fault; who hears that it is asks people for another one. */
const refusals: ReadonlyMap<IdentityErrorCode, Refused["code"]> = new Map([
  ["busy", "unavailable"],
  ["issuer_unavailable", "unavailable"],
  ["unknown_connection", "unknown_connection"],
]);

/** Creates the way to identity. */
export function admission(bus: Pick<Bus, "request">, exchangeMsMax: number): Admission {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return {
    token(token, connection, session, carrier) {
      if (token.length > tokenBytesMax) return Promise.resolve(refuse("the token is too long"));
      const request: ExchangeRequestInput = {
        version: 1,
        token,
        connection,
        session,
        audience: "edge",
        ...carrier === undefined ? {} : { carrier },
      };
      return ask(exchangeSubject, request);
    },
    key: (fingerprint, connection, session) =>
      ask(keyExchangeSubject, { version: 1, fingerprint, connection, session }),
  };

  async function ask(
    subject: string,
    request: ExchangeRequestInput | KeyExchangeRequest,
  ): Promise<Admitted | Refused> {
    try {
      const payload = encoder.encode(JSON.stringify(request));
      const answer = await bus.request(subject, payload, exchangeMsMax);
      const reply = ExchangeReply.parse(JSON.parse(decoder.decode(answer)));
      if (reply.ok) return reply;
      const { code, message } = reply;
      return { ok: false, code: refusals.get(code) ?? "refused", message: `${message} (${code})` };
    } catch {
      return {
        ok: false,
        code: "unavailable",
        message: "identity cannot be reached, and nobody gets in unidentified",
      };
    }
  }

  function refuse(message: string): Refused {
    return { ok: false, code: "refused", message };
  }
}
