/**
 * The exchanges that conversations are made of: what is sent, and what tells that the answer is
 * complete.
 *
 * @module
 */
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { type Beginning, usual } from "./wire_client.ts";

/** Bytes, then reading until so many messages of a tag have come. */
export type Exchange = {
  readonly send: Uint8Array;
  readonly until: string;
  readonly times: number;
};

export type Conversation = {
  readonly name: string;
  readonly beginning: Beginning;
  readonly exchanges: readonly Exchange[];
};

export function talk(name: string, ...exchanges: readonly Exchange[]): Conversation {
  return { name, beginning: usual, exchanges };
}

/** A simple query, up to its ReadyForQuery. */
export function query(text: string): Exchange {
  return ask([{ kind: "query", text }]);
}

export function ask(messages: readonly FrontendMessage[], until = "Z", times = 1): Exchange {
  return { send: frontendBytes(...messages), until, times };
}

export const sync: FrontendMessage = { kind: "sync" };
export const flush: FrontendMessage = { kind: "flush" };

export function parse(
  text: string,
  statement = "",
  parameterTypes: number[] = [],
): FrontendMessage {
  return { kind: "parse", statement, text, parameterTypes };
}
export function bind(
  parameters: readonly (string | Uint8Array | null)[] = [],
  more: { portal?: string; statement?: string; formats?: (0 | 1)[]; given?: (0 | 1)[] } = {},
): FrontendMessage {
  return {
    kind: "bind",
    portal: more.portal ?? "",
    statement: more.statement ?? "",
    parameterFormats: more.given ?? [],
    parameters: parameters.map((value) => {
      return typeof value === "string" ? new TextEncoder().encode(value) : value;
    }),
    resultFormats: more.formats ?? [],
  };
}
export function execute(rowsMax = 0, portal = ""): FrontendMessage {
  return { kind: "execute", portal, rowsMax };
}
export function describe(target: "statement" | "portal", name = ""): FrontendMessage {
  return { kind: "describe", target, name };
}
export function close(target: "statement" | "portal", name = ""): FrontendMessage {
  return { kind: "close", target, name };
}
/** Parse, Bind, Describe and Execute of one statement. */
export function run(text: string, ...parameters: (string | null)[]): FrontendMessage[] {
  return [parse(text), bind(parameters), describe("portal"), execute()];
}
