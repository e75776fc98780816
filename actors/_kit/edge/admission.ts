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
import { ExchangeReply, type ExchangeRequestInput, tokenBytesMax } from "#schemas/identity.ts";
import { exchangeSubject } from "#schemas/subjects.ts";

export type Admitted = Extract<ExchangeReply, { ok: true }>;
/** `unavailable`: nobody could say; `refused`: the token is not good. */
export type Refused = {
  readonly ok: false;
  readonly code: "refused" | "unavailable";
  readonly message: string;
};
export type Admission = (
  token: string,
  connection: string,
  session: string,
) => Promise<Admitted | Refused>;

/** Creates the way to identity. */
export function admission(bus: Bus, exchangeMsMax: number): Admission {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return async (token, connection, session) => {
    if (token.length > tokenBytesMax) return refuse("the token is too long");
    const request: ExchangeRequestInput = {
      version: 1,
      token,
      connection,
      session,
      audience: "edge",
    };
    try {
      const payload = encoder.encode(JSON.stringify(request));
      const answer = await bus.request(exchangeSubject, payload, exchangeMsMax);
      const reply = ExchangeReply.parse(JSON.parse(decoder.decode(answer)));
      if (!reply.ok) return refuse(`${reply.message} (${reply.code})`);
      return reply;
    } catch {
      return {
        ok: false,
        code: "unavailable",
        message: "identity cannot be reached, and nobody gets in unidentified",
      };
    }
  };

  function refuse(message: string): Refused {
    return { ok: false, code: "refused", message };
  }
}
