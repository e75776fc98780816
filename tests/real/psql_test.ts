/** Real psql through the gateway: what a person or an agent types, and what comes back. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { payloadsOf, sessionNamed } from "./bus_user.ts";
import { isRunning } from "./planted.ts";
import { psql, type PsqlOptions, startPsql } from "./psql.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const verbose = "\\set VERBOSITY verbose\n";
const waits = /NOTICE: {2}sallyport: this request waits for approval by compliance/;

Deno.test("psql through the gateway", async (test) => {
  await using rig = await startRig();
  const run = (options: PsqlOptions) => psql(rig.system, options);
  const type = (input: string) => run({ input, args: ["-At"] });

  await scenario(test, rig, "plain reads; every class is masked", async () => {
    const result = await type(
      "select count(*) from patients;\n" +
        "select id, mrn, name, ssn, dob, zip, email, phone from patients where id = 1;\n" +
        "select author, body from notes where id = 1;\n" +
        "select upper(name), length(ssn), left(email, 3) from patients where id = 1;\n",
    );
    strictEqual(result.stderr, "");
    const [count, patient = "", note, derived, ...rest] = result.stdout.split("\n");
    strictEqual(count, "5000");
    match(patient, /^1\|tok_mrn_[a-z2-7]{24}\|\[name\]\|\[ssn\]\|19\d\d-01-01\|\d{3}\*\*\|/);
    match(patient, /\|\[contact\]\|\[contact\]$/);
    match(note ?? "", /^[^|]+\|\[note\]$/);
    match(derived ?? "", /^\[name\]\|\|?.*\[contact\]$/);
    deepStrictEqual(rest, [""]);
  });

  await scenario(test, rig, "the nurse sees whom she treats, and no other identifier", async () => {
    const { nurse } = rig.system.tokens;
    const result = await run({
      input: "select mrn, name, ssn, phone from patients where id = 1;\n" +
        "select body from notes where id = 1;\n",
      args: ["-At"],
      token: nurse,
      reader: "treatment",
    });
    strictEqual(result.stderr, "");
    match(result.stdout, /^MRN-77180001\|Zebulina Quorxplanted\|\[ssn\]\|\[contact\]\n/);
    match(result.stdout, /\nZqplantednote: reachable at \[contact\], SSN \[ssn\]\.\n$/);
  });

  await scenario(
    test,
    rig,
    "DROP is refused with its policy, and the session goes on",
    async () => {
      const result = await type(`${verbose}drop table patients;\nselect 'on';\n`);
      match(result.stderr, /ERROR: {2}42501: sallyport: policy "never-drop" forbids/);
      match(
        result.stderr,
        /DETAIL: {2}Refused: define \(drop, drop_table\) of DROP TABLE on patients\./,
      );
      match(result.stderr, /HINT: {2}Use the relations that exist/);
      strictEqual(result.stdout, "on\n");
    },
  );

  await scenario(test, rig, "\\d tells of the tables", async () => {
    const result = await run({ input: "\\d patients\n\\dt\n\\dv\n" });
    strictEqual(result.stderr, "");
    match(result.stdout, /^\s+Table "public\.patients"\n/);
    match(result.stdout, / ssn {8}\| text/);
    match(result.stdout, /"patients_pkey" PRIMARY KEY, btree \(id\)/);
    match(result.stdout, / public \| notes +\| table/);
    match(result.stdout, / public \| patient_summary +\| view/);
  });

  await scenario(test, rig, "errors keep SQLSTATE and position", async () => {
    const result = await type(
      `${verbose}select nope from patients limit 1;\nselect 1/0;\nselect 'ä', syntax error here;\n`,
    );
    match(result.stderr, /ERROR: {2}42703: column "nope" does not exist\nLINE 1: .*\n {15}\^/);
    match(result.stderr, /ERROR: {2}22012: division by zero/);
    match(result.stderr, /ERROR: {2}42601: sallyport: .*syntax error\nLINE 1: .*\n {33}\^/);
  });

  await scenario(test, rig, "a transaction with a refusal inside is aborted", async () => {
    const result = await type(
      `${verbose}begin;\nselect 1;\ndrop table visits;\nselect 2;\ncommit;\nselect 3;\n`,
    );
    strictEqual(result.stdout, "BEGIN\n1\nROLLBACK\n3\n");
    match(result.stderr, /42501: .*\n(.*\n)*.*25P02: current transaction is aborted/);
  });

  await scenario(test, rig, "a savepoint survives a refusal behind it", async () => {
    const result = await type(
      "begin;\nsavepoint a;\ndrop table visits;\nrollback to a;\nselect 2;\n" +
        "select ssn from patients where id = 1;\ncommit;\nselect 3;\n",
    );
    strictEqual(result.stdout, "BEGIN\nSAVEPOINT\nROLLBACK\n2\n[ssn]\nCOMMIT\n3\n");
  });

  await scenario(test, rig, "a transaction with an error inside is aborted", async () => {
    const result = await type(`${verbose}begin;\nselect 1/0;\nselect 2;\ncommit;\nselect 3;\n`);
    strictEqual(result.stdout, "BEGIN\nROLLBACK\n3\n");
    match(result.stderr, /22012: (.*\n)*.*25P02: current transaction is aborted/);
  });

  await scenario(
    test,
    rig,
    "a value of megabytes comes whole, and the session goes on",
    async () => {
      const big = "select repeat('note ', 700000)";
      const { code, stdout, stderr } = await run({ args: ["-Atc", big, "-c", "select 7"] });
      strictEqual(code, 0, stderr);
      strictEqual(stdout, `${"note ".repeat(700_000)}\n7\n`);
    },
  );

  await scenario(test, rig, "statements in one string", async () => {
    const result = await run({
      args: ["-At", "-c", "select 1; select ssn from patients where id = 1; select 1/0; select 3"],
    });
    strictEqual(result.stdout, "1\n[ssn]\n");
    match(result.stderr, /division by zero/);
    const refused = await run({ args: ["-At", "-c", "select 1; drop table visits; select 3"] });
    strictEqual(refused.stdout, "", "nothing of a refused string runs");
    match(refused.stderr, /never-drop/);
  });

  await scenario(test, rig, "cursors and prepared statements", async () => {
    const result = await type(
      "begin;\ndeclare c cursor for select id, ssn from patients order by id limit 20;\n" +
        "fetch 2 from c;\nmove 1 in c;\nfetch 1 from c;\nclose c;\ncommit;\n" +
        "prepare s(int) as select id, name from patients where id = $1;\nexecute s(1);\n" +
        "deallocate s;\nexecute s(1);\n",
    );
    strictEqual(
      result.stdout,
      "BEGIN\nDECLARE CURSOR\n1|[ssn]\n2|[ssn]\nMOVE 1\n4|[ssn]\nCLOSE CURSOR\nCOMMIT\n" +
        "PREPARE\n1|[name]\nDEALLOCATE\n",
    );
    match(result.stderr, /No prepared statement of that name is known/);
  });

  await scenario(test, rig, "LISTEN works, NOTIFY is refused, EXPLAIN is masked", async () => {
    const result = await type(
      "listen x;\nnotify x, 'hello';\nexplain select * from patients where id = 1;\n",
    );
    match(result.stdout, /^LISTEN\n(\[opaque\]\n)+$/);
    match(result.stderr, /Refused: administer \(notify\)/);
  });

  await scenario(
    test,
    rig,
    "\\copy and COPY TO wait for approval; COPY FROM is refused",
    async () => {
      const held = await startPsql(rig.system, {
        application: "held-copy",
        input: "\\copy (select id from visits limit 3) to stdout\nselect 'after';\n",
        args: ["-At"],
      });
      await eventually("the COPY is held", () => waits.test(held.printed()) || undefined);
      held.interrupt();
      await held.end();
      const result = await held.finished;
      match(result.stderr, /canceling statement due to user request/);
      await isSettled(rig, "held-copy", ["hold", "deny"]);
      const refused = await type("copy visits from stdin;\n");
      match(refused.stderr, /Refused: write \(copy_from\) of COPY on public\.visits/);
    },
  );

  await scenario(test, rig, "the planner says what is bulk, where the catalog cannot", async () => {
    // A third of 5,000 by the catalog's statistics.
    const few = await type("begin;\nselect id from patients where zip = '00000';\ncommit;\n");
    deepStrictEqual([few.stdout, few.stderr], ["BEGIN\nCOMMIT\n", ""]);
    // Of a view the catalog counts nothing.
    const held = await startPsql(rig.system, {
      application: "held-view",
      input: "select id from visits;\nselect id, mrn from patient_summary;\n",
      args: ["-At"],
    });
    const expects = /DETAIL: .* Expected: about [\d,]{5,} rows by the server's planner\./;
    await eventually("the view is held", () => expects.test(held.printed()) || undefined);
    held.interrupt();
    await held.end();
    match((await held.finished).stderr, /canceling statement due to user request/);
    await isSettled(rig, "held-view", ["hold", "deny"]);
    await using auditor = await rig.auditor();
    const frames = await auditor.frames();
    const session = sessionNamed(frames, "held-view");
    const [explain, ...others] = payloadsOf(frames, "explain", session);
    const [estimate] = payloadsOf(frames, "estimate", session);
    strictEqual(others.length, 0, "what rows have no bearing on is not asked about");
    strictEqual(estimate?.payload.explain, explain?.frame.sequence);
    ok((estimate?.payload.rows[0] ?? 0) > 1000);
  });

  await scenario(test, rig, "Ctrl-C cancels what runs and what waits", async () => {
    const running = await startPsql(rig.system, {
      application: "cancel-running",
      input: "select 'here';\nselect pg_sleep(120);\nselect 'after';\n",
      args: ["-At"],
    });
    const { postgres } = rig.system;
    await eventually("pg_sleep runs", () => isRunning(postgres, "select pg_sleep(120)"));
    running.interrupt();
    await running.end();
    const result = await running.finished;
    match(result.stderr, /canceling statement due to user request/);
    doesNotMatch(result.stdout, /after/, "psql stops reading its input at Ctrl-C");
    await using auditor = await rig.auditor();
    const frames = await auditor.frames();
    const session = sessionNamed(frames, "cancel-running");
    const statuses = payloadsOf(frames, "outcome", session).map(({ payload }) => payload.status);
    ok(statuses.includes("cancelled"), statuses.join(" "));
  });
});

/** Waits until the session of `application` has closed; compares its last request's verdicts. */
async function isSettled(rig: Rig, application: string, decisions: readonly string[]) {
  await using auditor = await rig.auditor();
  const frames = await eventually(`${application} is closed`, async () => {
    const frames = await auditor.frames();
    const session = sessionNamed(frames, application);
    return payloadsOf(frames, "close", session).length > 0 ? frames : undefined;
  });
  const verdicts = payloadsOf(frames, "verdict", sessionNamed(frames, application));
  const held = verdicts.find(({ payload }) => payload.decision === "hold")?.payload.request;
  const made = verdicts.filter(({ payload }) => payload.request === held);
  deepStrictEqual(made.map(({ payload }) => payload.decision), decisions);
}
