/**
 * `sallyport approve`: decides about a held request through the console, as the page does.
 *
 * **Invariant:** the decision is for the bytes that were shown: it carries the binding that the
 * console named, and is refused when that is no longer it.
 *
 * @module
 */
import { z } from "zod";
import { parseConfig } from "#schemas/config_file.ts";
import { blockText, lineText } from "#actors/audit/replay/text.ts";
import { type Grammar, usage } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed, readToken } from "./files.ts";
import { type Answer, askJson } from "./http.ts";
import { findPlace, settingsOf } from "./place.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "approve",
  summary: "decide about a held request",
  operands: [{ name: "<id>", help: "the approval's id, as the agent and the inbox show it" }],
  flags: {
    decision: { value: "approve|deny", help: "what you decide" },
    justification: { value: "<text>", help: "why; it goes on the record" },
    "token-file": { value: "<file>", help: "your token of the console (default: -, stdin)" },
    console: { value: "<url>", help: "where the console is (default: this installation's)" },
  },
};
const lineCharactersMax = 200;
const statementLinesMax = 40;

const Shown = z.object({
  binding: z.string(),
  state: z.string(),
  /** Literals masked; null when they cannot be shown. */
  statements: z.array(z.object({ text: z.string() })).nullable().default(null),
  connection: z.string().nullable().default(null),
  principal: z.object({ person: z.string(), actors: z.array(z.string()) }).nullable().default(null),
});
const Decided = z.object({ id: z.string(), state: z.string() });
const Refused = z.object({ code: z.string(), message: z.string() });

export const approve: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal } = call;
  const decision = given.value("decision");
  if (decision !== "approve" && decision !== "deny") {
    throw usage(grammar, "--decision is approve or deny");
  }
  const justification = given.value("justification");
  if (justification === null) throw usage(grammar, "--justification is missing: say why");
  const id = given.operand(0);
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw usage(grammar, "<id> is not an approval's id");
  const origin = given.value("console") ?? await consoleOf(call);
  if (!/^https?:\/\/[^/]+\/?$/.test(origin)) throw usage(grammar, "--console is an http(s) URL");
  const bearer = await readToken(given.value("token-file") ?? "-", "your token");
  const headers = { authorization: `Bearer ${bearer}` };
  const url = new URL(`/api/approvals/${id}`, origin).href;
  terminal.say(`asking the console at ${origin}`);
  const shown = Shown.safeParse(taken(await askJson(url, { headers }, "the console", signal)));
  if (!shown.success) throw new CommandError("the console's answer is not understood");
  const { binding, state, connection, principal, statements } = shown.data;
  const who = principal === null
    ? ""
    : `, asked by ${[principal.person, ...principal.actors.toReversed()].join(" ← ")}`;
  const what = `approval ${id} is ${state}, connection ${connection ?? "unknown"}${who}`;
  terminal.say(lineText(what, lineCharactersMax));
  for (const { text } of statements ?? []) {
    for (const line of blockText(text, statementLinesMax, lineCharactersMax)) {
      terminal.say(`> ${line}`);
    }
  }
  const answer = await askJson(
    url,
    {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ decision, justification, binding }),
    },
    "the console",
    signal,
  );
  const decided = Decided.safeParse(taken(answer));
  if (!decided.success) throw new CommandError("the console's answer is not understood");
  terminal.print(
    given.has("json")
      ? JSON.stringify(decided.data, null, 2)
      : `approval ${id} is ${decided.data.state}`,
  );
  return exitCodes.done;
}

/** The body of an answer that is none of failure. @throws CommandError with the console's words. */
function taken({ status, body }: Answer): unknown {
  if (status === 200) return body;
  const refused = Refused.safeParse(body);
  const words = refused.success
    ? `${refused.data.message} (${refused.data.code})`
    : `status ${status}`;
  const hint = status === 401
    ? "take a token that was issued at the console's own sign-in"
    : "the console's page of the approval says what is possible";
  throw new CommandError(`the console refuses: ${lineText(words, lineCharactersMax)}`, hint);
}

async function consoleOf(call: Call): Promise<string> {
  const { configFile } = settingsOf(await findPlace(call), "auditor");
  const text = new TextDecoder().decode(await readNamed(configFile, "the configuration"));
  const parsed = parseConfig(text);
  if (parsed.ok) return new URL(parsed.config.console.url).origin;
  throw new CommandError("the configuration is wrong", "sallyport policy check says where");
}
