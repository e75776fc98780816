/**
 * Portals and prepared statements: what was bound is what runs, whatever its name means since. Each
 * case ends with an Execute, of which the last column's classes are told.
 */
import { strictEqual } from "node:assert/strict";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { defaultLimits } from "../analysis/analyse.ts";
import { applyChange, applyRequest } from "../analysis/session.ts";
import { fresh, parser, schema } from "../analysis/testing.ts";
import { castingParameters, createAnalyser } from "./analyser.ts";
import { createDigest } from "./probes.ts";
import type { Portals } from "./portals.ts";
import { understand } from "./request.ts";

const limits = { parametersMax: 10, portalsMax: 10, preparedMax: 10, messagesMax: 50 };
const secret = "select upper(ssn) from patients";
const plain = "select lower(label) from departments";

const cases: Readonly<Record<string, readonly (readonly FrontendMessage[])[]>> = {
  "bound and executed": [[parse("s", secret), bind("p", "s"), execute("p")]],
  "its unnamed statement replaced": [
    [parse("", secret), bind("p", ""), parse("", plain), execute("p")],
  ],
  "its statement closed and made again": [
    [parse("s", secret), bind("p", "s"), execute("p", 1)],
    [{ kind: "close", target: "statement", name: "s" }, parse("s", plain), execute("p")],
  ],
  "its statement deallocated and made again": [
    [parse("s", secret), bind("p", "s")],
    [query(`deallocate s; prepare s as ${plain}`)],
    [execute("p")],
  ],
  "EXECUTE of a name that was given again": [
    [query(`prepare k as ${plain}; begin`)],
    [parse("s", "execute k"), bind("p", "s")],
    [query(`deallocate k; prepare k as ${secret}`)],
    [execute("p")],
  ],
  "EXECUTE of a name that another session has given": [
    [query(`prepare k as ${plain}; execute k`)],
    [query(`deallocate k; prepare k as ${secret}`)],
    [parse("s", "execute k"), bind("p", "s"), execute("p")],
  ],
};

for (const [name, requests] of Object.entries(cases)) {
  Deno.test(`a portal keeps what was bound: ${name}`, () => {
    strictEqual(lastOf(requests), "ssn");
  });
}

const opened = [parse("s", plain), bind("p", "s"), execute("p", 1)];

Deno.test("a portal whose name SQL closed, or gave to a cursor, is not known", () => {
  strictEqual(lastOf([opened, [execute("p")]]), "");
  strictEqual(lastOf([opened, [query("close p")], [execute("p")]]), "unknown_cursor");
  strictEqual(lastOf([opened, [query("close all")], [execute("p")]]), "unknown_cursor");
  const cursor = query(`rollback to a; declare p cursor for ${secret}`);
  const begun = query("begin; savepoint a");
  strictEqual(lastOf([[begun], opened, [cursor], [execute("p")]]), "unknown_cursor");
});

Deno.test("a portal that would keep a name is not run under other names", () => {
  const begun = [parse("s", `declare c cursor for ${plain}`), bind("p", "s")];
  strictEqual(lastOf([begun, [execute("p")]]), "-");
  const moved = query("set search_path = other");
  strictEqual(lastOf([begun, [moved], [execute("p")]]), "unsupported_statement");
});

Deno.test("what a Bind plans is judged, though it is not run", () => {
  const result = ask([parse("s", secret), bind("p", "s"), parse("t", plain), bind("q", "t")]);
  strictEqual(result.prepared, 4);
  const run = ask([parse("s", secret), bind("p", "s"), bind("q", "s"), execute("q")]);
  strictEqual(run.prepared, 1);
});

Deno.test("parameters of users' types may be checked by code", () => {
  const hidden = { ...schema.hidden, types: new Map([["careful", [[]]]]) };
  const analysed = createAnalyser(parser, defaultLimits).analyse("select $1", fresh, schema);
  const details = (types: readonly number[], code: typeof schema) => {
    const result = castingParameters(analysed, types, fresh, code);
    const [statement] = result.kind === "analysed" ? result.statements : [];
    const how = statement?.plannable === null ? "not to be planned" : "";
    return [...statement?.analysis.details ?? [], how].join();
  };
  strictEqual(details([16_400], { ...schema, hidden }), "cast,hidden_code,not to be planned");
  strictEqual(details([25], { ...schema, hidden }), "");
  strictEqual(details([16_400], schema), "");
});

/** Classes of the last answer's last column; "-" without rows; the refusal's code. */
function lastOf(requests: readonly (readonly FrontendMessage[])[]): string {
  let state: State = { session: fresh, portals: new Map() };
  let told = "";
  for (const messages of requests) {
    const result = ask(messages, state);
    ({ state, told } = result);
  }
  return told;
}

type State = { readonly session: typeof fresh; readonly portals: Portals };

const analyser = createAnalyser(parser, defaultLimits);

function ask(
  messages: readonly FrontendMessage[],
  before: State = { session: fresh, portals: new Map() },
): { readonly state: State; readonly told: string; readonly prepared: number } {
  const result = understand(
    frontendBytes(...messages, { kind: "sync" }),
    before.session,
    before.portals,
    (sql, session) => analyser.analyse(sql, session, schema),
    limits,
    createDigest("key"),
  );
  if (result.kind === "refused") return { state: before, told: result.refusal.code, prepared: 0 };
  const { changes, protocolChanges, portals, positions, prepared } = result;
  const ran = applyRequest(before.session, changes, changes.length);
  const session = protocolChanges.reduce(applyChange, ran);
  const columns = positions.at(-1)?.analysis.columns ?? null;
  const told = columns === null ? "-" : columns.at(-1)?.classes.join() ?? "";
  return { state: { session, portals }, told, prepared: prepared.length };
}

function query(text: string): FrontendMessage {
  return { kind: "query", text };
}

function parse(statement: string, text: string): FrontendMessage {
  return { kind: "parse", statement, text, parameterTypes: [] };
}

function bind(portal: string, statement: string): FrontendMessage {
  return {
    kind: "bind",
    portal,
    statement,
    parameterFormats: [],
    parameters: [],
    resultFormats: [],
  };
}

function execute(portal: string, rowsMax = 0): FrontendMessage {
  return { kind: "execute", portal, rowsMax };
}
