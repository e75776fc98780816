/**
 * A simulated agent: connects, sends what a client library sends, holds every byte that comes back
 * against the protocol and against what was asked, and connects again when a connection ends.
 *
 * @module
 */
import { Writer } from "#schemas/wire/cursor.ts";
import { type BackendMessage, decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { fieldOf } from "#schemas/wire/postgres/error_response.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { encodeStartupPacket } from "#schemas/wire/postgres/startup_message.ts";
import { planted, rowsMax } from "./clinic.ts";
import { type Chance } from "./clock.ts";
import { type Exchange, type Move, nextMoves } from "./exchanges.ts";
import { organisationToken, type Person } from "./people.ts";
import { connect, type Wire } from "./wire.ts";
import type { World } from "./world.ts";

export type Agent = {
  readonly name: string;
  /** True when it has done all it wanted. */
  done(): boolean;
  /** Milliseconds that it has been waiting for an answer; null when it waits for none. */
  waitedMs(): number | null;
  readonly counts: Record<string, number>;
};

export type AgentOptions = {
  readonly name: string;
  readonly who: Person;
  readonly chance: Chance;
  /** How many moves it makes before it is done. */
  readonly moves: number;
  /** Hands the wire to an edge; false when none runs there. */
  readonly dial: (wire: Wire) => boolean;
};

/** The longest that an answer may take: a hold, a statement, an outage, each at its worst. */
const answerMsMax = 240_000;

type Talk = {
  readonly wire: Wire;
  readonly framer: Framer;
  phase: "login" | "ready" | "over";
  /** The end was announced by a FATAL error, or the agent itself leaves. */
  told: boolean;
  cancelKey: { readonly processId: number; readonly secretKey: Uint8Array } | null;
  readonly expected: Exchange[];
  seen: Seen;
  sinceMs: number;
};
/** What came of the first expected exchange so far. */
type Seen = { rows: number[]; tags: string[]; errors: string[]; described: boolean };

/** Starts the agent. */
export function startAgent(world: World, options: AgentOptions): Agent {
  const { clock } = world;
  const { name, chance } = options;
  const counts: Record<string, number> = {};
  let left = options.moves;
  let queued: Move[] = [];
  let connections = 0;
  let prepared = 0;
  let talk: Talk | null = null;
  let finished = false;
  clock.after(chance.between(0, 3000), dial);
  return {
    name,
    counts,
    done: () => finished,
    waitedMs: () => talk === null || !waits(talk) ? null : clock.nowMs() - talk.sinceMs,
  };

  function dial(): void {
    if (left <= 0) return void (finished = true);
    connections++;
    queued = [];
    const mine: Talk = {
      wire: connect({
        clock,
        chance,
        bytesPerMs: chance.of(0.2) ? 5 : 10_000,
        received: (bytes) => received(mine, bytes),
        closed: (how) => closed(mine, how),
      }),
      framer: new Framer({ messageBytesMax: 1 << 24 }),
      phase: "login",
      told: false,
      cancelKey: null,
      expected: [],
      seen: unseen(),
      sinceMs: clock.nowMs(),
    };
    talk = mine;
    if (!options.dial(mine.wire)) return closed(mine, "reset");
    mine.wire.agent.send(startup());
  }

  function startup(): Uint8Array {
    const parameters = new Map([
      ["user", options.who.person],
      ["database", "ehr"],
      ["application_name", `${name}-${connections}`],
    ]);
    const packet = { kind: "startup_message", minor: 0, parameters, options: new Map() } as const;
    return encodeStartupPacket(packet, new Writer()).bytes();
  }

  function closed(mine: Talk, how: "ended" | "reset"): void {
    count(`closed ${how}`);
    if (how === "ended" && !mine.told) world.find(`${name}: the connection ended without a word`);
    over(mine);
  }

  function over(mine: Talk): void {
    if (mine.phase === "over") return;
    mine.phase = "over";
    talk = null;
    clock.after(chance.between(200, 4000), dial);
  }

  function received(mine: Talk, bytes: Uint8Array): void {
    if (planted.test(new TextDecoder("latin1").decode(bytes))) {
      world.find(`${name}: a planted value reached the agent`);
    }
    mine.framer.push(bytes);
    for (let frame = mine.framer.next(); frame.kind !== "need"; frame = mine.framer.next()) {
      const message = frame.kind === "malformed" ? frame : decodeBackend(frame);
      if (message.kind === "malformed") {
        world.find(`${name}: malformed bytes from the edge`);
        return leave(mine);
      }
      if (
        planted.test(new TextDecoder("latin1").decode(frame.kind === "frame" ? frame.raw : bytes))
      ) {
        world.find(`${name}: a planted value reached the agent`);
      }
      if (mine.phase !== "over") take(mine, message);
    }
  }

  function take(mine: Talk, message: BackendMessage): void {
    const { seen } = mine;
    switch (message.kind) {
      case "authentication_cleartext_password": {
        const password = organisationToken(options.who);
        return mine.wire.agent.send(frontendBytes({ kind: "password", password }));
      }
      case "backend_key_data":
        mine.cancelKey = message;
        return;
      case "error_response":
        return failed(mine, fieldOf(message, "S") ?? "", fieldOf(message, "C") ?? "");
      case "row_description":
      case "no_data":
        seen.described = true;
        return describedAll(mine);
      case "data_row":
      case "copy_data":
        seen.rows[seen.tags.length] = (seen.rows[seen.tags.length] ?? 0) + 1;
        return;
      case "command_complete":
        seen.tags.push(message.tag);
        return;
      case "ready_for_query":
        return ready(mine);
      default:
        return;
    }
  }

  function failed(mine: Talk, severity: string, sqlstate: string): void {
    count(`${severity} ${sqlstate}`);
    if (severity === "FATAL") mine.told = true;
    mine.seen.errors.push(sqlstate);
    describedAll(mine);
  }

  /** A Flush is answered by the description, or by an error. */
  function describedAll(mine: Talk): void {
    const [first] = mine.expected;
    if (first?.ends !== "described") return;
    const ok = mine.seen.errors.length === 0;
    mine.expected.shift();
    mine.seen = unseen();
    // After an error everything is passed over up to a Sync, which the next move brings.
    if (!ok) queued.unshift({ exchanges: [syncAlone], then: "wait" });
    next(mine);
  }

  function ready(mine: Talk): void {
    if (mine.phase === "login") {
      mine.phase = "ready";
      count("logins");
      return next(mine);
    }
    const exchange = mine.expected.shift();
    if (exchange === undefined) {
      return world.find(`${name}: ReadyForQuery that nothing asked for`);
    }
    judge(exchange, mine.seen);
    mine.seen = unseen();
    mine.sinceMs = clock.nowMs();
    if (mine.expected.length === 0) next(mine);
  }

  /** Every answer is what was asked for, or an error. */
  function judge({ runs }: Exchange, seen: Seen): void {
    const failed = seen.errors.length > 0;
    count(failed ? "failed" : "answered");
    if (!failed && seen.tags.length !== runs.length) {
      world.find(`${name}: ${seen.tags.length} answers to ${runs.length} statements`);
    }
    const rows = seen.rows.reduce((sum, one) => sum + one, 0);
    if (rows > rowsMax) world.find(`${name}: ${rows} rows, ${rowsMax} are allowed`);
    for (const [index, tag] of seen.tags.entries()) {
      const statement = runs[index];
      if (statement === undefined) return world.find(`${name}: an answer too many`);
      if (statement.judged === "refused") world.find(`${name}: refused, but it ran: ${tag}`);
      const { answer } = statement;
      const rows = seen.rows[index] ?? 0;
      if (tag !== answer.tag || rows !== answer.rows.length) {
        const due = `${answer.tag} of ${answer.rows.length} rows`;
        world.find(`${name}: ${tag} of ${rows} rows where ${due} were due`);
      }
      if (statement.judged === "held") count("held and answered");
    }
    if (!failed && runs.some(({ answer }) => answer.kind === "error")) {
      world.find(`${name}: a statement that fails did not`);
    }
  }

  function next(mine: Talk): void {
    if (mine.phase !== "ready" || mine.expected.length > 0) return;
    const move = queued.shift();
    if (move !== undefined) return start(mine, move);
    if (left <= 0) return leave(mine);
    // Now and then an agent ends its connection and begins anew.
    if (chance.of(0.08)) return leave(mine);
    left--;
    queued = [...nextMoves(chance, () => `s${++prepared}`)];
    const pauseMs = chance.of(0.2) ? chance.between(100, 8000) : chance.between(0, 60);
    mine.sinceMs = clock.nowMs();
    clock.after(pauseMs, () => next(mine));
  }

  function start(mine: Talk, { exchanges, then }: Move): void {
    if (mine.phase !== "ready") return;
    mine.sinceMs = clock.nowMs();
    mine.expected.push(...exchanges);
    for (const { bytes } of exchanges) mine.wire.agent.send(bytes);
    const soonMs = chance.of(0.5) ? chance.between(0, 50) : chance.between(50, 15_000);
    if (then === "cancel") clock.after(soonMs, () => cancel(mine));
    if (then === "vanish") clock.after(soonMs, () => vanish(mine));
  }

  /** A CancelRequest comes over a connection of its own. */
  function cancel(mine: Talk): void {
    if (mine.phase !== "ready" || mine.cancelKey === null) return;
    count("cancels");
    const { processId, secretKey } = mine.cancelKey;
    const other = connect({ clock, chance, bytesPerMs: 10_000, received() {}, closed() {} });
    if (!options.dial(other)) return;
    const packet = { kind: "cancel_request", processId, secretKey } as const;
    other.agent.send(encodeStartupPacket(packet, new Writer()).bytes());
  }

  function vanish(mine: Talk): void {
    if (mine.phase !== "ready") return;
    count("vanished");
    mine.wire.agent.close();
    over(mine);
  }

  function leave(mine: Talk): void {
    if (mine.phase === "over") return;
    mine.told = true;
    mine.wire.agent.send(frontendBytes({ kind: "terminate" }));
    clock.after(chance.between(0, 20), () => mine.wire.agent.close());
    over(mine);
  }

  function count(what: string): void {
    counts[what] = (counts[what] ?? 0) + 1;
  }
}

/** Says whether an agent has waited longer than any answer may take. */
export function hangs(agent: Agent): boolean {
  return (agent.waitedMs() ?? 0) > answerMsMax;
}

function waits(talk: Talk): boolean {
  return talk.phase === "login" || talk.expected.length > 0;
}

function unseen(): Seen {
  return { rows: [], tags: [], errors: [], described: false };
}

const syncAlone: Exchange = {
  bytes: frontendBytes({ kind: "sync" }),
  runs: [],
  ends: "ready",
};
