/**
 * Holds a recorded conversation one way or the other; what came is told so that both compare.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { bodyOf, type Frame } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { conversationTables } from "./conversations.ts";
import type { Conversation } from "./exchanges.ts";
import type { Way } from "./open_gateway.ts";
import { usual, wireSession } from "./wire_client.ts";

/** Makes what the conversations find in their database. */
export async function makeConversationTables(way: Way): Promise<void> {
  const { client } = await wireSession(way, usual);
  await client.send(frontendBytes({ kind: "query", text: conversationTables }));
  const answer = await client.until("Z");
  client[Symbol.dispose]();
  ok(answer.every(({ tag }) => tag === "C" || tag === "Z"), "the tables are made");
}

/** What the server says in it, one line a message. */
export async function holdConversation(way: Way, conversation: Conversation): Promise<string[]> {
  const { client, greeting } = await wireSession(way, conversation.beginning);
  const lines = greetingLines(greeting);
  for (const { send, until, times } of conversation.exchanges) {
    await client.send(send);
    lines.push(...(await client.until(until, times)).map(lineOf));
  }
  await client.send(frontendBytes({ kind: "terminate" }));
  lines.push(...(await client.toEnd()).map(lineOf), "closed");
  client[Symbol.dispose]();
  return lines;
}

/** The key stands at another place, and is another. */
function greetingLines(greeting: readonly Frame[]): string[] {
  ok(greeting.some(({ tag }) => tag === "K"));
  return greeting.filter(({ tag }) => tag !== "K").map(lineOf);
}

/** A message as text; without the number of the process in a notification. */
export function lineOf(frame: Frame): string {
  const body = bodyOf(frame);
  const shown = frame.tag === "A" ? body.subarray(4) : body;
  return `${frame.tag} ${latin1.decode(shown)}`;
}

const latin1 = new TextDecoder("latin1");
