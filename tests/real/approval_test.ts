/** Held statements through the whole system: asked, approved, denied, expired, used once. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { decodeProtectedHeader } from "jose";
import { type Asked, askedBy, decide } from "./approver.ts";
import { frameHeaders } from "#actors/_kit/frame.ts";
import { encodeControl } from "#schemas/frames.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { connectAs, payloadsOf, sessionNamed } from "./bus_user.ts";
import { command } from "./command.ts";
import { verify } from "./guarantees.ts";
import { driver, failure } from "./driver.ts";
import { asSuperuser } from "./planted.ts";
import { type RunningPsql, startPsql } from "./psql.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const update = "update claims set status = 'appealed' where id = 1 returning id, status;\n";

Deno.test("approvals through the gateway", async (test) => {
  await using rig = await startRig({
    policy: (text) =>
      `${withVolume(text)}
@id("two-agree") @approval("compliance") @quorum("2") @expires("10m")
permit (principal in Group::"analysts", action == Action::"write", resource == Connection::"ehr")
  when { context.command == "INSERT" };
@id("soon-over") @approval("compliance") @quorum("1") @expires("2s")
permit (principal in Group::"analysts", action == Action::"write", resource == Connection::"ehr")
  when { context.command == "DELETE" };
`,
  });
  const { approver, approver2, agent } = rig.system.tokens;

  await scenario(test, rig, "approved: it runs, once, and its rows come back", async () => {
    const { psql, asked } = await hold(rig, "approved", `${update}select 'after';\n`);
    deepStrictEqual(await decide(rig, asked, approver, "approve"), ["granted"]);
    const result = await finish(psql);
    match(result.stdout, /1\|appealed\nUPDATE 1\nafter\n$/);
    match(result.stderr, /approvals\/[A-Za-z0-9_-]{16}/);
    deepStrictEqual(await decisions(rig, "approved", asked), ["hold", "allow"]);
    deepStrictEqual(await decide(rig, asked, approver2, "approve"), ["approval_not_pending"]);
    deepStrictEqual(await states(rig, asked), ["asked", "voted", "granted", "consumed"]);
    strictEqual(await claimStatus(rig), "appealed");
  });

  await scenario(test, rig, "the same statement again is asked for again", async () => {
    const { psql, asked } = await hold(rig, "again", update);
    deepStrictEqual(await decide(rig, asked, approver, "deny"), ["denied"]);
    const result = await finish(psql);
    match(result.stderr, /ERROR: {2}42501: sallyport: the request was denied by an approver/);
    doesNotMatch(result.stdout, /UPDATE/);
    deepStrictEqual(await decisions(rig, "again", asked), ["hold", "deny"]);
  });

  await scenario(test, rig, "who asked cannot approve, nor an agent, nor outsiders", async () => {
    const { psql, asked } = await hold(rig, "own", update);
    // An agent's token was not signed in at the console.
    match((await decide(rig, asked, agent, "approve"))[0] ?? "", /^token_/);
    match((await decide(rig, asked, rig.system.tokens.nurse, "approve"))[0] ?? "", /^token_/);
    const { accessToken: ana } = await rig.signIn("ana");
    deepStrictEqual(await decide(rig, asked, ana, "approve"), ["approver_is_requester"]);
    const { accessToken: nora } = await rig.signIn("nora");
    deepStrictEqual(await decide(rig, asked, nora, "approve"), ["approver_not_in_group"]);
    const other = { ...asked, binding: "0".repeat(64) };
    deepStrictEqual(await decide(rig, other, approver, "approve"), ["binding_mismatch"]);
    deepStrictEqual(await decide(rig, asked, approver, "approve", "ok"), ["justification_missing"]);
    psql.interrupt();
    match((await finish(psql)).stderr, /57014: sallyport: canceling statement/);
    deepStrictEqual(await decide(rig, asked, approver, "approve"), ["approval_not_pending"]);
  });

  await scenario(test, rig, "one person twice is no quorum of two", async () => {
    const insert = "insert into claims values (900001, 1, 1, 'x', 'x', 'paid');\n";
    const { psql, asked } = await hold(rig, "quorum", insert);
    deepStrictEqual(await decide(rig, asked, approver, "approve"), ["voted"]);
    deepStrictEqual(await decide(rig, asked, approver, "approve"), ["already_voted"]);
    const { accessToken: carlAgain } = await rig.signIn("carl");
    deepStrictEqual(await decide(rig, asked, carlAgain, "approve"), ["already_voted"]);
    strictEqual((await decisions(rig, "quorum", asked)).join(), "hold");
    deepStrictEqual(await decide(rig, asked, approver2, "approve"), ["granted"]);
    match((await finish(psql)).stdout, /INSERT 0 1\n$/);
  });

  await scenario(test, rig, "nobody decides in time", async () => {
    const { psql, asked } = await hold(rig, "late", "delete from claims where id = 1;\n");
    const result = await finish(psql);
    match(result.stderr, /42501: sallyport: nobody approved the request in time/);
    deepStrictEqual(await decide(rig, asked, approver, "approve"), ["approval_expired"]);
    deepStrictEqual(await states(rig, asked), ["asked", "expired"]);
    strictEqual(await claimStatus(rig), "appealed");
  });

  await scenario(test, rig, "settings are part of what is approved", async () => {
    const { psql, asked } = await hold(rig, "settings", update);
    psql.interrupt();
    await eventually("it is withdrawn", async () => {
      return (await states(rig, asked)).includes("withdrawn") || undefined;
    });
    await finish(psql);
    const { psql: second, asked: changed } = await hold(
      rig,
      "settings2",
      `set search_path = public, pg_temp;\n${update}`,
    );
    ok(changed.binding !== asked.binding, "another search path, another binding");
    const stolen = { ...changed, approval: asked.approval };
    deepStrictEqual(await decide(rig, stolen, approver, "approve"), ["approval_unknown"]);
    second.interrupt();
    await finish(second);
  });

  await scenario(
    test,
    rig,
    "in a transaction, and the agent leaves before the answer",
    async () => {
      const { psql, asked } = await hold(rig, "left", `begin;\n${update}commit;\n`);
      psql.kill();
      await psql.finished;
      await eventually("it is withdrawn", async () => {
        return (await states(rig, asked)).includes("withdrawn") || undefined;
      });
      deepStrictEqual(await decide(rig, asked, approver, "approve"), ["approval_not_pending"]);
    },
  );

  const many = "select n from generate_series(1, 50000) n";

  await scenario(test, rig, "a result ends at its limit of rows; the session goes on", async () => {
    const result = await run(rig, "limited", `${many};\nselect 'on';\n`);
    match(result.stderr, /54000: sallyport: the result is over the limit of 2000 rows for one/);
    match(result.stderr, /DETAIL: {2}No more than that was given out\. The request/);
    match(result.stderr, /HINT: {2}Ask for less/);
    strictEqual(result.stdout, "on\n");
    deepStrictEqual(await given(rig, "limited", 2), [["rows of the request", 2000], ["", 1]]);
  });

  await scenario(test, rig, "at its limit a transaction is aborted, early or late", async () => {
    // A few rows more than the limit have all left the server before anything can be cancelled.
    for (const statement of [many, "select n from generate_series(1, 2001) n"]) {
      const input = `begin;\n${statement};\nselect 'in';\ncommit;\nselect 'after';\n`;
      const result = await run(rig, "limited-block", input);
      strictEqual(result.stdout, "BEGIN\nROLLBACK\nafter\n");
      match(result.stderr, /54000: (.*\n)*.*25P02: /);
    }
  });

  await scenario(test, rig, "what is fetched in pieces has one limit", async () => {
    const fetched = "fetch 900 from c;\n".repeat(3);
    const input = `begin;\ndeclare c cursor for ${many};\n${fetched}rollback;\n${many} limit 3;\n`;
    const result = await run(rig, "limited-cursor", input);
    match(result.stderr, /54000: sallyport: the result is over the limit of 200 rows/);
    match(result.stdout, /^1800\nROLLBACK\n1\n2\n3\n$/m);
    await using sql = await driver(rig.system, { application: "limited-portal" });
    const numbers: number[] = [];
    const reading = async () => {
      for await (const rows of sql.unsafe(many).cursor(300)) {
        numbers.push(...rows.map((row) => Number(row["n"])));
      }
    };
    strictEqual(await failure(reading()), "54000");
    // Whole pieces of 300: the last one was ended at 200, and a driver gives no half of one.
    strictEqual(numbers.length, 1800);
    // The driver counts the rows of a piece that failed in with those of the next answer.
    deepStrictEqual((await sql`select 7 as n`).at(-1), { n: 7 });
  });

  await scenario(test, rig, "what people approve ends at the limit of their policy", async () => {
    for (const [index, format] of ["text", "csv, header", "binary"].entries()) {
      const application = `limited-copy-${index}`;
      const copy = `copy (${many}) to stdout with (format ${format});\n`;
      const { psql, asked } = await hold(rig, application, `${copy}select 'after';\n`);
      deepStrictEqual(await decide(rig, asked, approver, "approve"), ["granted"]);
      const { stdout, stderr } = await finish(psql);
      match(stderr, /54000: sallyport: the result is over the limit of 3000 rows/, format);
      match(stdout, /after\n$/, format);
      const [copied] = await given(rig, application, 1);
      deepStrictEqual(copied, ["rows of the request", 3000], format);
    }
  });

  await scenario(test, rig, "a session has a limit of its own", async () => {
    const visits = "select id from visits limit 60;\n";
    const input = `${visits}${visits}${visits}set work_mem = '1MB';\n`;
    const result = await run(rig, "limited-session", input, rig.system.tokens.nurse);
    match(
      result.stderr,
      /54000: sallyport: the result is over what the session's limit has left, 40/,
    );
    match(result.stderr, /54000: sallyport: the session was given all the rows/);
    match(result.stdout, /\nSET\n$/);
    const all = [["", 60], ["rows of the session", 40], ["", 0]];
    deepStrictEqual(await given(rig, "limited-session", all.length), all);
    const anew = await run(rig, "limited-anew", visits, rig.system.tokens.nurse);
    strictEqual(anew.stderr, "");
  });

  await scenario(test, rig, "identity's key is rotated between two votes", async () => {
    const insert = "insert into claims values (900002, 1, 1, 'x', 'x', 'paid');\n";
    const { psql, asked } = await hold(rig, "rotated", `${insert}select 'after';\n`);
    deepStrictEqual(await decide(rig, asked, approver, "approve"), ["voted"]);
    const { directory } = rig.system;
    const before = await Deno.readTextFile(`${directory}/keys/identity.jwk`);
    const { code, out, err } = await command(directory, ["rotate", "--json"]);
    strictEqual(code, 0, err);
    const { key, earlier, inForce } = JSON.parse(out);
    deepStrictEqual([earlier, inForce], [1, true]);
    ok(await Deno.readTextFile(`${directory}/keys/identity.jwk`) !== before);
    deepStrictEqual(await decide(rig, asked, approver2, "approve"), ["granted"]);
    match((await finish(psql)).stdout, /INSERT 0 1\nafter\n$/);
    // Who opens a session from now on is who the new key says.
    strictEqual((await run(rig, "rotated-after", "select 'in';\n")).stdout, "in\n");
    await using auditor = await rig.auditor();
    const signers = payloadsOf(await auditor.frames(), "approval").flatMap(({ payload }) => {
      const { id, state, by } = payload;
      const signed = id === asked.approval && (state === "voted" || state === "granted");
      return signed && by ? [decodeProtectedHeader(by.token).kid === key] : [];
    });
    deepStrictEqual(new Set(signers), new Set([false, true]));
    // Elsewhere, with nothing but the file: it brings what the new key says of the old one.
    const file = `${directory}/rotated.ndjson`;
    strictEqual((await command(directory, ["evidence", file])).code, 0);
    match((await command(directory, ["verify", "--from", file])).out, /^VERIFIED$/m);
  });

  // Last, for what is stored here verifies no more.
  await test.step("a stolen key of approval's consents to nothing, and verify names it", async () => {
    const { psql, asked } = await hold(rig, "forged", update);
    await consentAs(rig, asked, "grace");
    match((await finish(psql)).stderr, /ERROR: {2}42501: sallyport: policy, catalog or session ch/);
    deepStrictEqual(await decisions(rig, "forged", asked), ["hold", "deny"]);
    await using auditor = await rig.auditor();
    const { last } = await auditor.bus.state(auditStream(rig.system.epoch));
    const result = await verify(rig, auditor, last);
    ok(!result.ok);
    match(result.first.message, /vote on approval \S+: token_malformed/);
  });
});

/** With approval's own key: somebody agrees, and it is granted. */
async function consentAs(rig: Rig, asked: Asked, person: string): Promise<void> {
  await using auditor = await rig.auditor();
  const stored = payloadsOf(await auditor.frames(), "approval", asked.key.session).at(-1)?.payload;
  ok(stored !== undefined);
  const issuer = rig.system.config.issuer.url;
  const vote = { decision: "approve", justification: "as agreed with everybody" } as const;
  const by = { issuer, person, name: person, groups: ["compliance"], token: "t", ...vote };
  await using thief = await connectAs(rig.system, "approval");
  for (const state of ["voted", "granted"] as const) {
    const place = { request: asked.request, part: 0, more: false };
    const headers = frameHeaders(place, "n".repeat(22), undefined);
    const payload = encodeControl("approval", { ...stored, state, by, link: null });
    const stream = auditStream(asked.key.epoch);
    await thief.bus.publish(auditSubject(asked.key, "approval"), payload, headers, { stream });
  }
}

async function run(rig: Rig, application: string, input: string, token?: string) {
  const psql = await startPsql(rig.system, {
    application,
    input: `\\set VERBOSITY verbose\n${input}`,
    args: ["-At"],
    ...(token === undefined ? {} : { token, reader: "treatment" }),
  });
  return await finish(psql);
}

/** Of each outcome but the opening's: what it was ended at, and the rows that were given. */
async function given(
  rig: Rig,
  application: string,
  outcomes: number,
): Promise<(readonly [string, number])[]> {
  await using auditor = await rig.auditor();
  // An answer may be heard before its outcome is stored.
  return await eventually(`${outcomes} outcomes of ${application}`, async () => {
    const frames = await auditor.frames();
    const found = payloadsOf(frames, "outcome", sessionNamed(frames, application))
      .filter(({ payload }) => payload.request > 0);
    if (found.length < outcomes) return undefined;
    return found.map(({ payload: { cut, rows } }) => {
      return [cut === undefined ? "" : `${cut.by} of the ${cut.of}`, rows] as const;
    });
  });
}

/** The demo's policy, with limits that a test reaches. */
function withVolume(policy: string): string {
  const limits = [
    ["clinical-agents-read", `@rows_max("2000")`],
    ["bulk-needs-compliance", `@rows_max("3000")`],
    ["treatment-team-reads", `@session_rows_max("100")`],
  ] as const;
  return limits.reduce((text, [id, limit]) => {
    const limited = text.replace(`@id("${id}")`, `@id("${id}")\n${limit}`);
    if (limited === text) throw new Error(`The demo's policy has no ${id}`);
    return limited;
  }, policy.replaceAll(/^@(?:session_)?(?:rows|bytes)_max\(.*\)\n/gm, ""));
}

async function hold(
  rig: Rig,
  application: string,
  input: string,
): Promise<{ psql: RunningPsql; asked: Asked }> {
  const psql = await startPsql(rig.system, {
    application,
    input: `\\set VERBOSITY verbose\n${input}`,
    args: ["-At"],
  });
  return { psql, asked: await askedBy(rig, application) };
}

async function finish(psql: RunningPsql) {
  await psql.end();
  return await psql.finished;
}

/** The decisions on the held request so far. */
async function decisions(rig: Rig, application: string, asked: Asked): Promise<string[]> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  return payloadsOf(frames, "verdict", sessionNamed(frames, application)).flatMap(({ payload }) => {
    return payload.request === asked.request ? [payload.decision] : [];
  });
}

async function states(rig: Rig, asked: Asked): Promise<string[]> {
  await using auditor = await rig.auditor();
  return payloadsOf(await auditor.frames(), "approval").flatMap(({ payload }) => {
    return payload.id === asked.approval ? [payload.state] : [];
  });
}

function claimStatus(rig: Rig): Promise<string> {
  return asSuperuser(rig.system.postgres, async (sql) => {
    const [row] = await sql`select status from claims where id = 1`;
    return String(row?.["status"]);
  });
}
