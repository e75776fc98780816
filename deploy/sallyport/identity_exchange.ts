/**
 * Asks identity to exchange an organisation's token (RFC 8693), for the verbs that do.
 *
 * **Invariant:** tokens are read from files or standard input, never from the command line, where
 * every user of the machine sees them.
 *
 * @module
 */
import { z } from "zod";
import { type Flag, type Grammar, usage } from "./arguments.ts";
import { CommandError } from "./failure.ts";
import { readToken } from "./files.ts";
import { askJson } from "./http.ts";
import { findPlace, reachableHost, settingsOf } from "./place.ts";
import type { Call } from "./verb.ts";

export const exchangeFlags = {
  connection: { value: "<name>", help: "the connection it is for, as ehr" },
  "subject-token-file": {
    value: "<file>",
    help: "your organisation's token (default: -, standard input)",
  },
  "actor-token-file": { value: "<file>", help: "the token of the agent that acts for you" },
  purpose: { value: "<code>", help: "narrow to one purpose, as TREAT" },
  identity: { value: "<url>", help: "where identity is (default: this installation's)" },
} satisfies Record<string, Flag>;

const tokenType = "urn:ietf:params:oauth:token-type:access_token";
const Granted = z.object({ access_token: z.string(), expires_in: z.number() });
const Refused = z.object({
  error: z.string(),
  error_description: z.string().default(""),
  code: z.string().optional(),
});

export type Exchanged = {
  readonly connection: string;
  /** What was issued: a token, or what `more` asked for instead. */
  readonly issued: string;
  readonly expiresInSeconds: number;
};

/** Exchanges as `exchangeFlags` say, with further parameters. @throws CommandError when refused. */
export async function exchange(
  call: Call,
  grammar: Grammar,
  more: Readonly<Record<string, string>> = {},
): Promise<Exchanged> {
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
    ...more,
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
    const { access_token: issued, expires_in: expiresInSeconds } = granted.data;
    return { connection, issued, expiresInSeconds };
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
  if (identity !== undefined) return `http://${reachableHost(identity.host)}:${identity.port}`;
  throw new CommandError("the installation does not say where identity is", "give --identity");
}
