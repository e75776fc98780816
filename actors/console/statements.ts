/**
 * The statements of requests, as people read them: of each request what it runs, with literals
 * masked and parameters counted. What a request of the extended protocol runs may have been
 * prepared by an earlier one, so requests are taken in order.
 *
 * **Invariant:** what cannot be read to its last byte is not shown in part: a page says that it
 * cannot be shown, and nobody is asked to approve it.
 *
 * @module
 */
import { requestWords } from "#schemas/recording/ssh_words.ts";
import { decodeBind } from "#schemas/wire/postgres/bind.ts";
import { decodeClose } from "#schemas/wire/postgres/close.ts";
import { decodeExecute } from "#schemas/wire/postgres/execute.ts";
import { type Frame as Message, Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeParse } from "#schemas/wire/postgres/parse.ts";
import { decodeQuery } from "#schemas/wire/postgres/query.ts";
import type { MaskLiterals } from "./ports.ts";

export type ShownStatement = {
  /** Literals masked. */
  readonly text: string;
  /** How many parameters it is run with; null when it is only prepared. */
  readonly parameters: number | null;
  /** True when the text is longer than what is shown. */
  readonly cut: boolean;
};
export type ShownRequest =
  | { readonly ok: true; readonly statements: readonly ShownStatement[] }
  /** `not_prepared`: it runs what an earlier request prepared, which was not taken. */
  /** `not_masked`: the mask could not tell its literals. */
  | {
    readonly ok: false;
    readonly reason: "malformed" | "not_prepared" | "not_masked" | "too_many";
  };

export type StatementLimits = {
  readonly messageBytesMax: number;
  readonly preparedMax: number;
  readonly statementCharsMax: number;
  readonly statementsMax: number;
};
export type StatementReader = {
  /** Takes the exact bytes of the session's next request. */
  take(request: Uint8Array): ShownRequest;
};

/** Reads the requests of a session over SSH: commands, operations and forwardings in words. */
export function sshRequestReader(
  limits: Pick<StatementLimits, "statementCharsMax" | "statementsMax">,
): StatementReader {
  return {
    take(request) {
      const words = requestWords(request);
      if (words === null) return malformed;
      if (words.length > limits.statementsMax) return { ok: false, reason: "too_many" };
      const statements = words.map((whole) => {
        const cut = whole.length > limits.statementCharsMax;
        const text = cut ? whole.slice(0, limits.statementCharsMax) : whole;
        return { text, parameters: 0, cut };
      });
      return { ok: true, statements };
    },
  };
}

type Portal = { readonly statement: string; readonly parameters: number };
type Failure = Extract<ShownRequest, { ok: false }>;

/** Reads the requests of one session in order. `mask` masks the literals of a statement. */
export function statementReader(
  mask: MaskLiterals,
  limits: StatementLimits,
): StatementReader {
  const prepared = new Map<string, string>();
  const portals = new Map<string, Portal>();
  return { take };

  function take(request: Uint8Array): ShownRequest {
    const framer = new Framer(limits);
    framer.push(request);
    const statements: ShownStatement[] = [];
    const executed = new Set<string>();
    const parsed = new Map<string, string>();
    for (;;) {
      const message = framer.next();
      if (message.kind === "malformed") return { ok: false, reason: "malformed" };
      if (message.kind === "need") break;
      const failure = takeMessage(message, statements, parsed, executed);
      if (failure !== null) return failure;
      if (statements.length > limits.statementsMax) return { ok: false, reason: "too_many" };
    }
    if (framer.buffered > 0) return { ok: false, reason: "malformed" };
    for (const [name, text] of parsed) {
      if (executed.has(name)) continue;
      const failure = show(statements, text, null);
      if (failure !== null) return failure;
    }
    return { ok: true, statements };
  }

  function takeMessage(
    message: Message,
    statements: ShownStatement[],
    parsed: Map<string, string>,
    executed: Set<string>,
  ): Failure | null {
    switch (message.tag) {
      case "Q": {
        const query = decodeQuery(message);
        if (query.kind === "malformed") return malformed;
        return show(statements, query.text, 0);
      }
      case "P": {
        const parse = decodeParse(message);
        if (parse.kind === "malformed") return malformed;
        parsed.set(parse.statement, parse.text);
        return remember(prepared, parse.statement, parse.text);
      }
      case "B": {
        const bind = decodeBind(message);
        if (bind.kind === "malformed") return malformed;
        const text = prepared.get(bind.statement);
        if (text === undefined) return notPrepared;
        executed.add(bind.statement);
        const parameters = bind.parameters.length;
        return remember(portals, bind.portal, { statement: text, parameters });
      }
      case "E": {
        const execute = decodeExecute(message);
        if (execute.kind === "malformed") return malformed;
        const portal = portals.get(execute.portal);
        if (portal === undefined) return notPrepared;
        return show(statements, portal.statement, portal.parameters);
      }
      case "C": {
        const close = decodeClose(message);
        if (close.kind === "malformed") return malformed;
        (close.target === "statement" ? prepared : portals).delete(close.name);
        return null;
      }
      case "F":
        return malformed;
      default:
        return null;
    }
  }

  function remember<T>(map: Map<string, T>, name: string, value: T): Failure | null {
    if (!map.has(name) && map.size >= limits.preparedMax) return { ok: false, reason: "too_many" };
    map.set(name, value);
    return null;
  }

  function show(
    statements: ShownStatement[],
    whole: string,
    parameters: number | null,
  ): Failure | null {
    const masked = mask(whole);
    if (masked === null) return { ok: false, reason: "not_masked" };
    const cut = masked.length > limits.statementCharsMax;
    const text = cut ? masked.slice(0, limits.statementCharsMax) : masked;
    statements.push({ text, parameters, cut });
    return null;
  }
}

const malformed: Failure = { ok: false, reason: "malformed" };
const notPrepared: Failure = { ok: false, reason: "not_prepared" };
