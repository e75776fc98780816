/**
 * One backend of the simulated server: takes frontend messages one after the other, each in its
 * time, and answers in pieces cut anywhere.
 *
 * Source: https://www.postgresql.org/docs/current/protocol-flow.html
 *
 * @module
 */
import type { Clock } from "#actors/_kit/clock.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeFrontend, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { TransactionStatus } from "#schemas/wire/postgres/ready_for_query.ts";
import type { Chance } from "./clock.ts";
import type { Trouble } from "./postgres.ts";
import { answerBytes, failure, type Statement, statementOf } from "./statements.ts";

export type BackendPorts = {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly trouble: () => Trouble;
  /** A change of definitions was committed. */
  readonly defined: () => void;
  readonly send: (bytes: Uint8Array) => void;
  readonly died: () => void;
};

export type Backend = {
  /** What follows a login. */
  greeting(): Uint8Array;
  receive(bytes: Uint8Array): void;
  cancel(): void;
  pause(): void;
  resume(): void;
  /** The client is gone. */
  leave(): void;
};

type Message = Extract<FrontendMessage, { kind: string }>;

/** Creates a backend of a fresh login. */
export function backend(ports: BackendPorts): Backend {
  const { clock, chance } = ports;
  const framer = new Framer({ messageBytesMax: 1 << 24 });
  const inbox: Message[] = [];
  const prepared = new Map<string, Statement>();
  const portals = new Map<string, Statement>();
  let transaction: TransactionStatus = "idle";
  let pendingDefinitions = 0;
  let skipping = false;
  let busy = false;
  let gone = false;
  let cancelled: (() => void) | null = null;
  const outbox = pieces(ports, () => gone);

  return {
    greeting: () =>
      backendBytes(
        { kind: "parameter_status", name: "server_version", value: "18.4" },
        { kind: "ready_for_query", status: "idle" },
      ),
    receive(bytes) {
      framer.push(bytes);
      for (let frame = framer.next(); frame.kind === "frame"; frame = framer.next()) {
        const message = decodeFrontend({ ...frame, raw: frame.raw.slice() }, "ready");
        if (message.kind !== "malformed") inbox.push(message);
      }
      work();
    },
    cancel: () => cancelled?.(),
    pause: () => outbox.pause(),
    resume: () => outbox.resume(),
    leave() {
      gone = true;
    },
  };

  function work(): void {
    if (busy || gone) return;
    const message = inbox.shift();
    if (message === undefined) return;
    if (skipping && message.kind !== "sync") return work();
    busy = true;
    take(message, () => {
      busy = false;
      work();
    });
  }

  function take(message: Message, done: () => void): void {
    switch (message.kind) {
      case "query":
        return query(message.text, done);
      case "parse": {
        const found = statementOf(message.text);
        if (found === undefined) return fail("42601", done);
        prepared.set(message.statement, found);
        return reply({ kind: "parse_complete" }, done);
      }
      case "bind": {
        const found = prepared.get(message.statement);
        if (found === undefined) return fail("26000", done);
        portals.set(message.portal, found);
        return reply({ kind: "bind_complete" }, done);
      }
      case "describe":
        return describe(message, done);
      case "execute": {
        const found = portals.get(message.portal);
        if (found === undefined) return fail("34000", done);
        return run(found, { described: false }, (how) => {
          if (how === "failed") skipping = true;
          done();
        });
      }
      case "close":
        return reply({ kind: "close_complete" }, done);
      case "sync":
        skipping = false;
        return ready(done);
      case "flush":
        return done();
      default:
        ports.died();
    }
  }

  function describe(message: Extract<Message, { kind: "describe" }>, done: () => void): void {
    const of = message.target === "portal" ? portals : prepared;
    const found = of.get(message.name);
    if (found === undefined) return fail("26000", done);
    if (message.target === "statement") {
      const types = /\$1/.test(found.sql) ? [23] : [];
      outbox.put(backendBytes({ kind: "parameter_description", types }));
    }
    const { fields } = found.answer;
    if (fields.length === 0) return reply({ kind: "no_data" }, done);
    reply({ kind: "row_description", fields }, done);
  }

  /** A simple query: statements one after the other until one fails. */
  function query(text: string, done: () => void): void {
    const texts = text.split(";").map((one) => one.trim()).filter((one) => one !== "");
    const next = () => {
      const sql = texts.shift();
      if (sql === undefined) return ready(done);
      const found = statementOf(sql);
      if (found === undefined) {
        outbox.put(backendBytes(failure("42601")));
        if (transaction === "in_transaction") transaction = "failed_transaction";
        return ready(done);
      }
      run(found, { described: true }, (how) => how === "done" ? next() : ready(done));
    };
    next();
  }

  function run(
    { answer }: Statement,
    { described }: { described: boolean },
    done: (how: "done" | "failed") => void,
  ): void {
    const slow = chance.of(ports.trouble().slow);
    const takesMs = slow ? chance.between(500, 30_000) : chance.between(0.1, 15);
    let over = false;
    const finish = (sqlstate: string | null) => {
      if (over || gone) return;
      over = true;
      cancelled = null;
      if (chance.of(ports.trouble().dies)) return ports.died();
      const failed = sqlstate ??
        (transaction === "failed_transaction" && answer.transaction === undefined
          ? "25P02"
          : answer.kind === "error"
          ? answer.tag
          : null);
      if (failed !== null) {
        outbox.put(backendBytes(failure(failed, failed === answer.tag ? answer.detail : "")));
        if (transaction === "in_transaction") transaction = "failed_transaction";
        return done("failed");
      }
      outbox.put(answerBytes(answer, described));
      settle(answer.transaction, answer.definesCatalog === true);
      done("done");
    };
    cancelled = () => finish("57014");
    clock.after(takesMs, () => finish(null));
  }

  function settle(move: "begin" | "commit" | "rollback" | undefined, defines: boolean): void {
    if (defines) pendingDefinitions++;
    const failed = transaction === "failed_transaction";
    if (move === "begin") transaction = "in_transaction";
    if (move === "commit" || move === "rollback") {
      if (failed || move === "rollback") pendingDefinitions = 0;
      transaction = "idle";
    }
    if (transaction !== "idle") return;
    for (; pendingDefinitions > 0; pendingDefinitions--) ports.defined();
  }

  function ready(done: () => void): void {
    reply({ kind: "ready_for_query", status: transaction }, done);
  }

  function fail(sqlstate: string, done: () => void): void {
    skipping = true;
    reply(errorResponse({ severity: "ERROR", sqlstate, message: "cannot" }), done);
  }

  function reply(message: BackendMessage, done: () => void): void {
    outbox.put(backendBytes(message));
    clock.after(chance.between(0, 1), done);
  }
}

/** What a backend writes comes in pieces, in order, and not while the reader is paused. */
function pieces(ports: BackendPorts, gone: () => boolean) {
  const { clock, chance } = ports;
  const queue: Uint8Array[] = [];
  let paused = false;
  let armed = false;
  return {
    put(bytes: Uint8Array) {
      for (let start = 0; start < bytes.length;) {
        const end = chance.of(0.5) ? bytes.length : start + 1 + chance.below(bytes.length - start);
        queue.push(bytes.subarray(start, end));
        start = end;
      }
      arm();
    },
    pause: () => void (paused = true),
    resume() {
      paused = false;
      arm();
    },
  };

  function arm(): void {
    if (armed || paused || queue.length === 0) return;
    armed = true;
    clock.after(chance.between(0, 2), () => {
      armed = false;
      if (paused || gone()) return;
      const next = queue.shift();
      if (next !== undefined) ports.send(next);
      arm();
    });
  }
}
