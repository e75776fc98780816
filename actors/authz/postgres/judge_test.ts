/** The judge: what is not understood, and start-up parameters that are not harmless. */
import { emptyAnalysis } from "#schemas/analysis.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Outcome } from "#schemas/frames.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { abortTransaction } from "#schemas/wire/postgres/refused_transaction.ts";
import { freshSession } from "../analysis/session.ts";
import { settleSession } from "./changes.ts";
import { createDigest } from "./probes.ts";
import { initialPostgresState } from "./state.ts";
import { admitted, asked, executed } from "./testing.ts";
import { permitAll } from "../policy/testing.ts";
import { startupSession } from "./startup_parameters.ts";

const wrong = frontendBytes({ kind: "query", text: "selekt ssn from patients" });
const right = frontendBytes({ kind: "query", text: "select ssn from patients limit 1" });
const mostly = `${permitAll}
  @id("not-opaque") forbid (principal, action == Action::"reveal",
    resource == DataClass::"opaque");`;

Deno.test("what is not understood is the server's to answer, for who may do and see all", () => {
  const { request } = judgeUnder(permitAll);
  const judgement = request(wrong);
  strictEqual(judgement.decision, "allow");
  ok(judgement.plan.verbatim);

  const state = initialPostgresState(freshSession(["public"]), createDigest("key"));
  const known = freshSession(["public"]);
  state.session = { ...known, prepared: new Map([["p", prepared]]) };
  settleSession(state, null, { ...outcome, transaction: "T" });
  strictEqual(state.session.searchPath, null);
  ok(state.session.unsettled);
  strictEqual(state.session.prepared.size, 0, "a name may mean anything now");
  strictEqual(state.session.transaction.kind, "block", "as the server says");
});

Deno.test("what is not understood is refused to anybody else", () => {
  const { request } = judgeUnder(mostly);
  const judgement = request(wrong);
  strictEqual(judgement.decision, "deny");
  strictEqual(judgement.reasons[0]?.code, "syntax_error");
  strictEqual(request(right).plan.verbatim, undefined);
});

Deno.test("what checks deferred constraints is answered in generic words", () => {
  const { request } = judgeUnder(mostly);
  for (const text of ["commit", "set constraints all immediate", "select 1; commit", ""]) {
    strictEqual(request(frontendBytes({ kind: "query", text })).plan.errors, "generic", text);
  }
  strictEqual(request(frontendBytes({ kind: "query", text: "begin" })).plan.errors, "keep");
});

Deno.test("after a refusal a transaction takes its end, or what aborts it at the server", () => {
  const { session, request } = judgeUnder(mostly);
  strictEqual(request(abortTransaction).decision, "deny", "there is nothing to abort");
  const begun = request(frontendBytes({ kind: "query", text: "begin" }));
  begun.consequence.settled({ ...outcome, status: "executed", transaction: "T", completed: 1 });
  session.denied(null);
  strictEqual(request(right).reasons[0]?.code, "transaction_aborted");
  strictEqual(request(frontendBytes({ kind: "query", text: "rollback" })).decision, "allow");
  const aborts = request(abortTransaction);
  strictEqual(aborts.decision, "allow");
  aborts.consequence.settled({ ...outcome, transaction: "E" });
  strictEqual(request(right).decision, "allow", "the server itself refuses from here on");
});

Deno.test("a start-up parameter that is not harmless takes the right to administer", () => {
  const odd = startupSession({ role: "admin" }, ["public"]);
  strictEqual(odd.administers, "role");
  strictEqual(odd.session.searchPath, null, "its path may hold a schema of that role");
  strictEqual(startupSession({ options: "-c geqo=off" }, ["public"]).administers, null);
  deepStrictEqual(startupSession({ options: "--bogus" }, ["public"]), {
    session: freshSession(null),
    administers: "options",
    unread: true,
  });
  const mixed = startupSession({ role: "a", options: "-c Client_Encoding=GBK" }, ["public"]);
  ok(mixed.unread, "whatever else is set");
  const parameters = { role: "admin" };
  strictEqual(judgeUnder(permitAll, parameters).session.connect().decision, "allow");
  const text = `${permitAll}
    @id("never") forbid (principal, action == Action::"administer", resource);`;
  const refused = judgeUnder(text, parameters).session.connect();
  strictEqual(refused.decision, "deny");
  strictEqual(refused.reasons[0]?.code, "parameter_refused");
});

function judgeUnder(policy: string, parameters: Record<string, string> = {}) {
  const session = admitted(policy, { parameters });
  const request = (bytes: Uint8Array) => session.request(asked(bytes));
  return { session, request };
}

const prepared = { sql: "select 1", analysis: emptyAnalysis, probes: [], names: 0 };
const outcome: Outcome = { ...executed, status: "failed", sqlstate: "42601", completed: 0 };
