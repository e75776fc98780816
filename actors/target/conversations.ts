/** The conversation of each protocol. @module */
import type { Protocol } from "#schemas/config.ts";
import { unreachable } from "#schemas/unreachable.ts";
import type { Conversation } from "./conversation.ts";
import { postgresConversation, type PostgresLimits } from "./postgres/conversation.ts";
import { sshConversation, type SshLimits } from "./ssh/conversation.ts";

export type ConversationLimits = PostgresLimits & SshLimits;

export function conversationOf(protocol: Protocol, limits: ConversationLimits): Conversation {
  switch (protocol) {
    case "postgres":
      return postgresConversation(limits);
    case "ssh":
      return sshConversation(limits);
    default:
      return unreachable(protocol);
  }
}
