/**
 * `sallyport token`: exchanges an organisation's token for one that is bound to a connection and
 * good for minutes (RFC 8693).
 *
 * **Invariant:** tokens are read from files or standard input, never from the command line, where
 * every user of the machine sees them; the one that is obtained is the only thing printed.
 *
 * @module
 */
import { z } from "zod";
import { type Grammar, usage } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readToken } from "./files.ts";
import { askJson } from "./http.ts";
import { findPlace, settingsOf } from "./place.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "token",
  summary: "exchange your organisation's token for a short one bound to a connection",
  flags: {
    connection: { value: "<name>", help: "the connection it is for, as ehr" },
    "subject-token-file": {
      value: "<file>",
      help: "your organisation's token (default: -, standard input)",
    },
    "actor-token-file": { value: "<file>", help: "the token of the agent that acts for you" },
    purpose: { value: "<code>", help: "narrow to one purpose, as TREAT" },
    identity: { value: "<url>", help: "where identity is (default: this installation's)" },
  },
  details: [
    "It is the password of the connection:\n" +
    '  PGPASSWORD="$(sallyport token --connection ehr < my.jwt)" psql "host=… dbname=ehr user=me"',
  ],
};

const tokenType = "urn:ietf:params:oauth:token-type:access_token";
const Granted = z.object({ access_token: z.string(), expires_in: z.number() });
const Refused = z.object({
  error: z.string(),
  error_description: z.string().default(""),
  code: z.string().optional(),
});

export const token: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal } = call;
  const connection = given.value("connection");
  if (connection === null) throw usage(grammar, "--connection is missing: the name of one");
  const origin = given.value("identity") ?? await identityOf(call);
  if (!/^https?:\/\/[^/]+\/?$/.test(origin)) throw usage(grammar, "--identity is an http(s) URL");
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: await readToken(given.value("subject-token-file") ?? "-", "the subject token"),
    subject_token_type: tokenType,
    audience: connection,
  });
  const actorFile = given.value("actor-token-file");
  if (actorFile !== null) {
    form.set("actor_token", await readToken(actorFile, "the actor token"));
    form.set("actor_token_type", tokenType);
  }
  const purpose = given.value("purpose");
  if (purpose !== null) form.set("scope", `purpose:${purpose}`);
  terminal.say(`asking identity at ${origin}`);
  const url = new URL("/token", origin).href;
  const { status, body } = await askJson(url, { method: "POST", body: form }, "identity", signal);
  const granted = Granted.safeParse(body);
  if (status === 200 && granted.success) {
    const { access_token, expires_in } = granted.data;
    terminal.say(`good for ${expires_in} seconds, on connection ${connection}`);
    const json = { token: access_token, connection, expiresInSeconds: expires_in };
    terminal.print(given.has("json") ? JSON.stringify(json, null, 2) : access_token);
    return exitCodes.done;
  }
  const refused = Refused.safeParse(body);
  const why = refused.success
    ? `${refused.data.error_description || refused.data.error}` +
      (refused.data.code === undefined ? "" : ` (${refused.data.code})`)
    : `status ${status}`;
  throw new CommandError(
    `identity gives no token: ${why}`,
    "sign in again for a fresh organisation token, and check the connection's name",
  );
}

async function identityOf(call: Call): Promise<string> {
  const { identity } = settingsOf(await findPlace(call), "identity");
  if (identity !== undefined) return `http://${identity.host}:${identity.port}`;
  throw new CommandError("the installation does not say where identity is", "give --identity");
}
