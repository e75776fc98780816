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
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
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
  close(): void;
};

/**
 * `code`: the server's SQLSTATE, or the dial's; or `timeout`, `closed`, `too_large`, `malformed`,
 * or `busy` when another query runs.
 */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly code: string;
  constructor(code: string) {
    super(`The query failed (${code})`);
    this.code = code;
  }
}

type Asked = {
  readonly resolve: (rows: (string | null)[][]) => void;
  readonly reject: (error: QueryError) => void;
  readonly forgetTimer: () => void;
  readonly rows: (string | null)[][];
  bytes: number;
  sqlstate: string | null;
};

/** Creates the connection, closed as yet. `dial` gives one that is logged in. */
export function queryConnection(
  dial: (events: DialEvents) => { abandon(): void },
  clock: Clock,
  limits: QueryLimits,
): QueryConnection {
  let link: { upstream: Upstream | null; abandon: () => void; framer: Framer } | null = null;
  let asked: Asked | null = null;
  return {
    get isOpen() {
      return link !== null && link.upstream !== null;
    },
    query(text) {
      if (asked !== null) return Promise.reject(new QueryError("busy"));
      return new Promise((resolve, reject) => {
        const forgetTimer = clock.after(limits.queryMsMax, () => {
          link?.upstream?.cancel();
          fail("timeout");
        });
        asked = { resolve, reject, forgetTimer, rows: [], bytes: 0, sqlstate: null };
        const bytes = frontendBytes({ kind: "query", text });
        if (link === null) open(bytes);
        else link.upstream?.write(bytes);
      });
    },
    close: () => fail("closed"),
  };

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
      failed(code) {
        if (link === own) fail(code);
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
        asked.rows.push(message.values.map((value) => value === null ? null : utf8.decode(value)));
        return;
      case "error_response":
        asked.sqlstate = fieldOf(message, fieldCodes.sqlstate) ?? "XX000";
        return;
      case "ready_for_query": {
        if (asked.sqlstate !== null) return fail(asked.sqlstate);
        const { resolve, rows, forgetTimer } = asked;
        asked = null;
        forgetTimer();
        return resolve(rows);
      }
      default:
        return;
    }
  }

  function fail(code: string): void {
    const failed = asked;
    const { abandon } = link ?? { abandon: () => {} };
    asked = null;
    link = null;
    abandon();
    failed?.forgetTimer();
    failed?.reject(new QueryError(code));
  }
}

const utf8 = new TextDecoder();
