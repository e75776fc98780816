/**
 * The gateway's own connection to a PostgreSQL server: one query at a time, rows as text. It is
 * dialled when a query needs it and stays open, for each login may set off triggers of the server.
 *
 * **Invariant:** a query ends: with its rows, or with a code and without words of the server's.
 * After any failure the connection is closed, so that none is ever left in a transaction.
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import { decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { fieldCodes, fieldOf } from "#schemas/wire/postgres/error_response.ts";
import { type Frame, Framer } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { DialEvents, Upstream } from "../reach.ts";

export type QueryLimits = {
  /** The longest that a query may take, dialling included. */
  readonly queryMsMax: number;
  /** All rows of one answer together. */
  readonly answerBytesMax: number;
};

export type QueryConnection = {
  /** Whether a server is at the other end, with what its session was told before. */
  readonly isOpen: boolean;
  /** The rows of all statements of `text`, each its columns' text. @throws QueryError */
  query(text: string): Promise<(string | null)[][]>;
  /**
   * Prepares the one statement that `text` is, by the protocol: the server refuses a second one.
   * Gives the number of its parameters. @throws QueryError
   */
  prepare(name: string, text: string, parameterTypes: readonly number[]): Promise<number>;
  close(): void;
};

/**
 * `code`: the server's SQLSTATE, or the dial's; or `timeout`, `closed`, `too_large`, `malformed`,
 * or `busy` when another query runs.
 */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly code: string;
  /** Where the server could not be dialled: why, in fixed words of ours. */
  readonly reason: string | null;
  constructor(code: string, reason: string | null = null) {
    super(`The query failed (${code})`);
    this.code = code;
    this.reason = reason;
  }
}

type Answer = { readonly rows: (string | null)[][]; parameters: number };
type Asked = {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: QueryError) => void;
  readonly forgetTimer: () => void;
  readonly answer: Answer;
  bytes: number;
  sqlstate: string | null;
};

/**
 * Creates the connection, closed as yet. `dial` gives one that is logged in; `closed` is told
 * whenever one is no more.
 */
export function queryConnection(
  dial: (events: DialEvents) => { abandon(): void },
  clock: Clock,
  limits: QueryLimits,
  closed: () => void = () => {},
): QueryConnection {
  let link: { upstream: Upstream | null; abandon: () => void; framer: Framer } | null = null;
  let asked: Asked | null = null;
  return {
    get isOpen() {
      return link !== null && link.upstream !== null;
    },
    query: (text) => ask({ kind: "query", text }).then(({ rows }) => rows),
    async prepare(name, text, parameterTypes) {
      const { parameters } = await ask(
        { kind: "parse", statement: name, text, parameterTypes: [...parameterTypes] },
        { kind: "describe", target: "statement", name },
        { kind: "sync" },
      );
      return parameters;
    },
    close: () => fail("closed"),
  };

  /** Messages to which the server answers with one ReadyForQuery. */
  function ask(...messages: readonly FrontendMessage[]): Promise<Answer> {
    if (asked !== null) return Promise.reject(new QueryError("busy"));
    return new Promise((resolve, reject) => {
      const forgetTimer = clock.after(limits.queryMsMax, () => {
        link?.upstream?.cancel();
        fail("timeout");
      });
      const answer = { rows: [], parameters: 0 };
      asked = { resolve, reject, forgetTimer, answer, bytes: 0, sqlstate: null };
      const bytes = frontendBytes(...messages);
      if (link === null) open(bytes);
      else link.upstream?.write(bytes);
    });
  }

  function open(first: Uint8Array): void {
    const own = {
      upstream: null as Upstream | null,
      abandon: () => {},
      framer: new Framer({ messageBytesMax: limits.answerBytesMax }),
    };
    link = own;
    const { abandon } = dial({
      ready(upstream, greeting) {
        if (link !== own) return;
        received(own.framer, greeting);
        own.upstream = upstream;
        upstream.write(first);
      },
      failed(code, reason) {
        if (link === own) fail(code, reason);
      },
      received(bytes) {
        if (link === own) received(own.framer, bytes);
      },
      closed() {
        if (link === own) fail("closed");
      },
    });
    own.abandon = abandon;
  }

  function received(framer: Framer, bytes: Uint8Array): void {
    framer.push(bytes);
    const opened = link;
    while (link === opened) {
      const frame = framer.next();
      if (frame.kind === "need") return;
      if (frame.kind === "malformed") return fail("malformed");
      took(frame);
    }
  }

  function took(frame: Frame): void {
    // A greeting ends with ReadyForQuery, too.
    if (asked === null || link?.upstream === null) return;
    const message = decodeBackend(frame);
    switch (message.kind) {
      case "malformed":
        return fail("malformed");
      case "data_row":
        asked.bytes += frame.raw.length;
        if (asked.bytes > limits.answerBytesMax) return fail("too_large");
        asked.answer.rows.push(
          message.values.map((value) => value === null ? null : utf8.decode(value)),
        );
        return;
      case "parameter_description":
        asked.answer.parameters = message.types.length;
        return;
      case "error_response":
        asked.sqlstate = fieldOf(message, fieldCodes.sqlstate) ?? "XX000";
        return;
      case "ready_for_query": {
        if (asked.sqlstate !== null) return fail(asked.sqlstate);
        const { resolve, answer, forgetTimer } = asked;
        asked = null;
        forgetTimer();
        return resolve(answer);
      }
      default:
        return;
    }
  }

  function fail(code: string, reason: string | null = null): void {
    const failed = asked;
    const { abandon } = link ?? { abandon: () => {} };
    asked = null;
    link = null;
    abandon();
    failed?.forgetTimer();
    failed?.reject(new QueryError(code, reason));
    closed();
  }
}

const utf8 = new TextDecoder();
