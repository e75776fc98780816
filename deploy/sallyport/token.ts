/**
 * `sallyport token`: exchanges an organisation's token for one that is bound to a connection and
 * good for minutes (RFC 8693). The one that is obtained is the only thing printed.
 *
 * @module
 */
import type { Grammar } from "./arguments.ts";
import { exitCodes } from "./failure.ts";
import { exchange, exchangeFlags } from "./identity_exchange.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "token",
  summary: "exchange your organisation's token for a short one bound to a connection",
  flags: exchangeFlags,
  details: [
    "It is the password of the connection:\n" +
    '  PGPASSWORD="$(sallyport token --connection ehr < my.jwt)" psql "host=… dbname=ehr user=me"',
  ],
};

export const token: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const { connection, issued, expiresInSeconds } = await exchange(call, grammar);
  terminal.say(`good for ${expiresInSeconds} seconds, on connection ${connection}`);
  const json = { token: issued, connection, expiresInSeconds };
  terminal.print(given.has("json") ? JSON.stringify(json, null, 2) : issued);
  return exitCodes.done;
}
