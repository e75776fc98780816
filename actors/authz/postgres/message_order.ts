/**
 * What a message may be called and may stand behind, so that it means here what it means there.
 *
 * Theory of operation. The server keeps 63 bytes of a name that the protocol gives, in its own
 * encoding, and takes two names that begin alike for one. And it passes over the end of a COPY that
 * is over, which nobody knows before: an answer less would give each answer behind it to the
 * message before. So nothing stands behind the end of a COPY, nor behind what begins one, that has
 * an answer of its own.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 *
 * @module
 */
import type { Refusal, StatementAnalysis } from "#schemas/analysis.ts";
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";

/** What of a COPY the messages so far have come to. */
export type CopyStage = "none" | "asked" | "over";

/** NAMEDATALEN, without the byte that ends it. */
const nameBytesMax = 63;
/** A character beyond ASCII in the longest of the server's encodings. */
const characterBytesMax = 4;

const ofCopies: ReadonlySet<FrontendMessage["kind"]> = new Set(
  ["copy_data", "copy_done", "copy_fail", "sync", "flush"],
);
const behindCopies: ReadonlySet<FrontendMessage["kind"]> = new Set(["sync", "flush"]);

/** Why a message cannot be judged where it stands; null when it can. */
export function misplaced(message: FrontendMessage, stage: CopyStage): Refusal | null {
  if (namesOf(message).some((name) => serverBytes(name) > nameBytesMax)) {
    return refusal(`a name of a prepared statement or portal is longer than ${nameBytesMax} bytes`);
  }
  const { kind } = message;
  if (stage === "asked" && !ofCopies.has(kind)) {
    return refusal("COPY FROM STDIN must be the last statement of its batch");
  }
  if (stage === "over" && !behindCopies.has(kind)) {
    return refusal("behind the end of a COPY stands a Sync, before anything else");
  }
  return null;
}

/** The stage behind a message; `executed` is what it executes, if it does. */
export function stageBehind(
  message: FrontendMessage,
  stage: CopyStage,
  executed: StatementAnalysis | undefined,
): CopyStage {
  const { kind } = message;
  if (kind === "copy_done" || kind === "copy_fail") return "over";
  if (kind === "copy_data") return "asked";
  const executes = kind === "query" || kind === "execute";
  return executes && executed?.copy?.direction === "in" ? "asked" : stage;
}

function namesOf(message: FrontendMessage): readonly string[] {
  switch (message.kind) {
    case "parse":
      return [message.statement];
    case "bind":
      return [message.statement, message.portal];
    case "describe":
    case "close":
      return [message.name];
    case "execute":
      return [message.portal];
    default:
      return [];
  }
}

function serverBytes(name: string): number {
  let bytes = 0;
  for (const character of name) bytes += character < "\x80" ? 1 : characterBytesMax;
  return bytes;
}

function refusal(message: string): Refusal {
  return { code: "unsupported_statement", message, position: null };
}
