/** Held statements through the whole system: asked, approved, denied, expired, used once. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { type Asked, askedBy, decide } from "./approver.ts";
import { payloadsOf, sessionNamed } from "./bus_user.ts";
import { asSuperuser } from "./planted.ts";
import { type RunningPsql, startPsql } from "./psql.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const update = "update claims set status = 'appealed' where id = 1 returning id, status;\n";

Deno.test("approvals through the gateway", async (test) => {
  await using rig = await startRig({
    policy: (text) =>
      `${text}
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
});

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
