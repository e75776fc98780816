/** How much a session may still be given, as its outcomes come. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Outcome } from "#schemas/frames.ts";
import type { VolumeLimit } from "#schemas/volume.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { loadPolicy } from "../policy/cedar.ts";
import { config, permitAll } from "../policy/testing.ts";
import type { Judgement } from "../session_judge.ts";
import { admitted, asked, executed } from "./testing.ts";

const limited = `
@id("reads") @rows_max("100") @session_rows_max("150")
permit (principal, action, resource == Connection::"ehr")
  when { !context.effects.contains("export") };
@id("exports") @approval("compliance") @rows_max("1000") @session_rows_max("1500")
permit (principal, action, resource == Connection::"ehr")
  when { context.effects.contains("export") };`;
const few = "select id from patients limit 5";
const copy = "copy (select id from patients limit 5) to stdout";

Deno.test("every permit that matched tightens, and the connection holds without one", () => {
  const wide = opened(permitAll);
  deepStrictEqual(wide.limit(few), {
    rowsMax: 10_000_000,
    rowsOf: "request",
    bytesMax: 17_179_869_184,
    bytesOf: "request",
  });
  const tight = opened(`${permitAll}
    @id("a") @rows_max("70") @bytes_max("9000") permit (principal, action, resource);
    @id("b") @rows_max("80") @session_bytes_max("8000") permit (principal, action, resource);
    @id("c") @rows_max("1") permit (principal, action, resource)
      when { context.estimated_rows > 1000 };`);
  deepStrictEqual(tight.limit(few), {
    rowsMax: 70,
    rowsOf: "request",
    bytesMax: 8000,
    bytesOf: "session",
  });
});

Deno.test("a session is given what is left of its limit, then nothing that returns rows", () => {
  const session = opened(limited);
  session.run(few, { rows: 90 });
  const { rowsMax, rowsOf } = session.limit(few) ?? {};
  deepStrictEqual([rowsMax, rowsOf], [60, "session"]);
  session.run(few, { rows: 60 });
  const refused = session.judge(query(few));
  strictEqual(refused.decision, "deny");
  strictEqual(refused.reasons[0]?.code, "volume_exhausted");
  strictEqual(session.judge(query("set work_mem = '1MB'")).decision, "allow");
  strictEqual(session.judge(query("rollback")).decision, "allow");
});

Deno.test("what people approve has limits of its own, and takes nothing from the others", () => {
  const session = opened(limited);
  const held = session.judge(query(copy));
  strictEqual(held.decision, "hold");
  strictEqual(held.volume?.rowsMax, 1000);
  session.settle(held, { rows: 1000 });
  strictEqual(session.limit(few)?.rowsMax, 100);
  session.run(few, { rows: 100 });
  strictEqual(session.limit(copy)?.rowsMax, 500);
});

Deno.test("pieces of cursors and portals are one result until all are closed", () => {
  const session = opened(limited.replaceAll("session_rows_max", "session_bytes_max"));
  const block = { transaction: "T" } as const;
  session.run("begin", block);
  session.run("declare c cursor for select id from patients", block);
  session.run("fetch 30 from c", { rows: 30, ...block });
  strictEqual(session.limit("fetch 30 from c")?.rowsMax, 70);
  strictEqual(session.limit(few)?.rowsMax, 100, "another statement");
  session.run("close c", block);
  session.run("declare c cursor for select id from patients", block);
  strictEqual(session.limit("fetch 30 from c")?.rowsMax, 100, "another result");
  session.run("close c", block);

  const again: readonly FrontendMessage[] = [
    { kind: "execute", portal: "p", rowsMax: 20 },
    { kind: "sync" },
  ];
  const first = frontendBytes(
    { kind: "parse", statement: "s", text: few, parameterTypes: [] },
    {
      kind: "bind",
      portal: "p",
      statement: "s",
      parameterFormats: [],
      parameters: [],
      resultFormats: [],
    },
    ...again,
  );
  session.settle(session.judge(first), { rows: 20, ...block });
  session.settle(session.judge(frontendBytes(...again)), { rows: 20, ...block });
  strictEqual(session.judge(frontendBytes(...again)).volume?.rowsMax, 60);
  session.run("commit");
  session.run("begin", block);
  session.run("declare c cursor for select id from patients", block);
  strictEqual(session.limit("fetch 30 from c")?.rowsMax, 100);
});

Deno.test("a response that was ended when the server was done leaves an aborted transaction", () => {
  const session = opened(limited);
  session.run("begin", { transaction: "T" });
  const cut = { by: "rows", of: "request" } as const;
  session.run(few, { rows: 100, transaction: "T", cut });
  strictEqual(session.judge(query(few)).reasons[0]?.code, "transaction_aborted");
  strictEqual(session.judge(query("rollback")).decision, "allow");
});

Deno.test("limits in a policy are numbers, on permits of a connection", () => {
  for (
    const [annotation, message] of [
      [
        `@rows_max("many") permit (principal, action, resource)`,
        /@rows_max must be a whole number/,
      ],
      [`@rows_max("0") permit (principal, action, resource)`, /@rows_max must be a whole number/],
      [`@bytes_max("5") forbid (principal, action, resource)`, /@bytes_max says nothing here/],
      [
        `@session_rows_max("5") permit (principal, action == Action::"reveal", resource)`,
        /@session_rows_max says nothing here/,
      ],
      [`@row_max("5") permit (principal, action, resource)`, /did you mean .?rows_max/i],
    ] as const
  ) {
    const loaded = loadPolicy(`@id("a") ${annotation};`, config);
    match(loaded.ok ? "" : loaded.problems.map((one) => one.message).join("\n"), message);
  }
});

const query = (text: string): Uint8Array => frontendBytes({ kind: "query", text });

/** A session under a policy, in which requests are judged and settled. */
function opened(policy: string) {
  const session = admitted(policy);
  const judged = (bytes: Uint8Array): Judgement => session.request(asked(bytes));
  const settle = (judgement: Judgement, more: Partial<Outcome>) =>
    judgement.consequence.settled({ ...executed, ...more });
  return {
    judge: judged,
    settle,
    run: (text: string, more: Partial<Outcome> = {}) => settle(judged(query(text)), more),
    limit: (text: string): VolumeLimit | null => judged(query(text)).volume,
  };
}
