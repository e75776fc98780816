/**
 * What simulated agents send, and what may come back.
 *
 * @module
 */
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { Chance } from "./clock.ts";
import {
  begin,
  commit,
  createScratch,
  heldStatements,
  padded,
  patientById,
  plainStatements,
  refusedStatements,
  rollback,
  type Statement,
} from "./statements.ts";

/** One request and what answers it; complete at its ReadyForQuery, or after a Flush as told. */
export type Exchange = {
  readonly bytes: Uint8Array;
  /** Statements that are executed, in order. */
  readonly runs: readonly Statement[];
  /** What of it completes without being executed: Parse and Describe up to a Flush. */
  readonly ends: "ready" | "described";
};

/** What an agent does next: exchanges that are sent without waiting in between. */
export type Move = {
  readonly exchanges: readonly Exchange[];
  /** What happens after a while, if it is not over before. */
  readonly then: "wait" | "cancel" | "vanish";
};

/** Moves that belong together, in order. */
export function nextMoves(chance: Chance, names: () => string): readonly Move[] {
  const kind = chance.below(12);
  switch (kind) {
    case 0:
      return transaction(chance);
    case 1:
      return prepared(chance, names());
    case 2:
      return flushed();
    case 3:
      return [wait(...Array.from({ length: 2 + chance.below(4) }, () => simple(anyOf(chance))))];
    case 4:
      return [wait(...Array.from({ length: 2 + chance.below(5) }, () => batch(chance)))];
    case 5:
      return [{ exchanges: [simple(anyOf(chance))], then: chance.of(0.7) ? "cancel" : "vanish" }];
    case 6:
      return [wait(simple(chance.pick(heldStatements)))];
    case 7:
      return [wait(simple(chance.pick(refusedStatements)))];
    case 8:
      return [wait(simple(createScratch)), wait(simple(chance.pick(plainStatements)))];
    case 9:
      return [wait(several([begin, chance.pick(plainStatements), commit]))];
    default:
      return [wait(simple(anyOf(chance)))];
  }
}

function anyOf(chance: Chance): Statement {
  const found = chance.of(0.8)
    ? chance.pick(plainStatements)
    : chance.of(0.5)
    ? chance.pick(heldStatements)
    : chance.pick(refusedStatements);
  return chance.of(0.15) ? padded(found, 500 + chance.below(5000)) : found;
}

function transaction(chance: Chance): Move[] {
  const inside = Array.from({ length: 1 + chance.below(3) }, () => wait(simple(anyOf(chance))));
  return [wait(simple(begin)), ...inside, wait(simple(chance.of(0.7) ? commit : rollback))];
}

/** Prepared once, then executed several times, pipelined. */
function prepared(chance: Chance, name: string): Move[] {
  const parse: FrontendMessage[] = [
    { kind: "parse", statement: name, text: patientById.sql, parameterTypes: [] },
    { kind: "describe", target: "statement", name },
  ];
  const executions = Array.from(
    { length: 1 + chance.below(4) },
    () => extended([bind(name), executeUnnamed], [patientById]),
  );
  return [wait(extended(parse, [])), wait(...executions)];
}

/** Describe and Flush first, as drivers do; then Bind and Execute. */
function flushed(): Move[] {
  const described = frontendBytes(
    { kind: "parse", statement: "", text: patientById.sql, parameterTypes: [] },
    { kind: "describe", target: "statement", name: "" },
    { kind: "flush" },
  );
  return [
    wait({ bytes: described, runs: [], ends: "described" }),
    wait(extended([bind(""), executeUnnamed], [patientById])),
  ];
}

function batch(chance: Chance): Exchange {
  const found = chance.of(0.3) ? patientById : anyOf(chance);
  // COPY to a client and statements without rows are described as such, and run the same.
  return extended([
    { kind: "parse", statement: "", text: found.sql, parameterTypes: [] },
    found === patientById ? bind("") : bind("", []),
    { kind: "describe", target: "portal", name: "" },
    executeUnnamed,
  ], [found]);
}

function wait(...exchanges: Exchange[]): Move {
  return { exchanges, then: "wait" };
}

export function simple(statement: Statement): Exchange {
  return several([statement]);
}

function several(statements: readonly Statement[]): Exchange {
  const text = statements.map(({ sql }) => sql).join("; ");
  return { bytes: frontendBytes({ kind: "query", text }), runs: statements, ends: "ready" };
}

function extended(messages: readonly FrontendMessage[], runs: readonly Statement[]): Exchange {
  return { bytes: frontendBytes(...messages, { kind: "sync" }), runs, ends: "ready" };
}

const executeUnnamed: FrontendMessage = { kind: "execute", portal: "", rowsMax: 0 };

function bind(statement: string, parameters = [new TextEncoder().encode("7")]): FrontendMessage {
  return {
    kind: "bind",
    portal: "",
    statement,
    parameterFormats: [],
    parameters,
    resultFormats: [],
  };
}
