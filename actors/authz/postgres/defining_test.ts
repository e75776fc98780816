/** What one session defines, and others read before the catalog shows it. */
import { deepStrictEqual } from "node:assert/strict";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { permitAll } from "../policy/testing.ts";
import type { SessionJudge } from "../session_judge.ts";
import { asked, executed, judgeOf } from "./testing.ts";

const policy = `${permitAll}
  @id("nothing-shown") forbid (principal, action == Action::"reveal", resource);`;

/** The mask of the first column of a statement's rows. */
function shown(session: SessionJudge, text: string): string | undefined {
  const { plan } = session.request(asked(frontendBytes({ kind: "query", text })));
  return plan.results[0]?.columns[0]?.mask.operator;
}

function run(session: SessionJudge, text: string, transaction: "I" | "T", digest: string | null) {
  const judged = session.request(asked(frontendBytes({ kind: "query", text })));
  deepStrictEqual(judged.decision, "allow", text);
  judged.consequence.allowed();
  return () => {
    judged.consequence.settled({ ...executed, transaction, completed: 1, catalogDigest: digest });
  };
}

Deno.test("what another session defines is not known until the catalog shows it", () => {
  const judge = judgeOf(policy);
  const [defining, other] = [judge.admit(), judge.admit()];
  const reason = "select upper(last_reason) from v_patient_summary";
  deepStrictEqual(shown(other, reason), "keep");
  run(defining, "begin", "T", null)();
  const replace =
    "create or replace view v_patient_summary as select id, name as last_reason from patients";
  const replaced = run(defining, replace, "T", null);
  deepStrictEqual(shown(other, reason), "redact", "as soon as it is allowed");
  deepStrictEqual(shown(other, "select upper(code) from departments"), "keep", "nothing else");
  replaced();
  deepStrictEqual(shown(other, reason), "redact", "while it is not committed");
  run(defining, "commit", "I", "next")();
  deepStrictEqual(shown(other, reason), "redact", "until the catalog is here");
  judge.catalogRead("next");
  deepStrictEqual(shown(other, reason), "keep", "the catalog says what it is");
});

Deno.test("what is undone, or ends with its session, was not defined", () => {
  const judge = judgeOf(policy);
  const [defining, other] = [judge.admit(), judge.admit()];
  const code = "select upper(code) from departments";
  run(defining, "begin", "T", null)();
  run(defining, "create function upper(text) returns text language sql as 'select 1'", "T", null)();
  deepStrictEqual(shown(other, code), "redact", "a function may have any name");
  run(defining, "rollback", "I", null)();
  deepStrictEqual(shown(other, code), "keep");
  run(defining, "begin", "T", null)();
  run(defining, "alter table departments add column x text", "T", null)();
  deepStrictEqual(shown(other, code), "redact");
  defining.closed?.();
  deepStrictEqual(shown(other, code), "keep");
});
