/** Requests as what they ask for: what a batch without Sync may leave open. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import { tagged } from "#schemas/wire/postgres/testing.ts";
import { freshSession, type SessionChange } from "../analysis/session.ts";
import { understand } from "./request.ts";
import { createDigest } from "./probes.ts";

const limits = { parametersMax: 10, portalsMax: 10, preparedMax: 10, messagesMax: 50 };
const path: SessionChange = { kind: "search_path", path: ["other"], local: false };
const changes: Readonly<Record<string, SessionChange | null>> = {
  select: null,
  set: path,
  begin: { kind: "begin" },
};

Deno.test("without Sync a batch may read, but not change the session", () => {
  strictEqual(outcomeOf(["select"], "H"), "understood");
  strictEqual(outcomeOf(["set"], "S"), "understood");
  strictEqual(outcomeOf(["set"], "H"), "unsupported_statement");
  strictEqual(outcomeOf(["select", "set"], "H"), "unsupported_statement");
  strictEqual(outcomeOf(["begin", "set"], "H"), "understood");
});

Deno.test("a portal lives on to the next request", () => {
  const first = ask([parse("select"), bind, execute, message("H", "")]);
  strictEqual(first.kind, "understood");
  const portals = first.kind === "understood" ? first.portals : new Map();
  deepStrictEqual([...portals.keys()], [""]);
});

Deno.test("a request of too many messages is refused", () => {
  const flushes = (count: number) => Array.from({ length: count }, () => message("H", ""));
  strictEqual(ask(flushes(limits.messagesMax)).kind, "understood");
  const result = ask(flushes(limits.messagesMax + 1));
  strictEqual(result.kind === "refused" && result.refusal.code, "too_complex");
});

function outcomeOf(statements: readonly string[], end: "H" | "S"): string {
  const batch = statements.flatMap((sql) => [parse(sql), bind, execute]);
  const result = ask([...batch, message(end, "")]);
  return result.kind === "refused" ? result.refusal.code : result.kind;
}

function ask(messages: readonly Uint8Array[]) {
  const bytes = Uint8Array.from(messages.flatMap((one) => [...one]));
  const session = freshSession(["public"]);
  return understand(
    bytes,
    session,
    new Map(),
    (sql) => {
      const change = changes[sql] ?? null;
      const statement = {
        analysis,
        start: 0,
        end: sql.length,
        change,
        probes: [],
        plannable: null,
      };
      return { kind: "analysed", statements: [statement], shapeIndependent: false };
    },
    limits,
    createDigest("key"),
  );
}

function parse(sql: string): Uint8Array {
  return message("P", `\0${sql}\0\0\0`);
}
const bind = message("B", "\0\0\0\0\0\0\0\0");
const execute = message("E", "\0\0\0\0\0");

function message(tag: string, body: string): Uint8Array {
  return tagged(tag, new TextEncoder().encode(body));
}

const analysis: StatementAnalysis = { ...emptyAnalysis, command: "SELECT", effects: ["read"] };
