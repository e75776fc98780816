/** postgres.js through the gateway: the extended protocol as a driver speaks it. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { driver, failure } from "./driver.ts";
import { asSuperuser, findPlanted, isRunning } from "./planted.ts";
import { message, rawSession } from "./raw_client.ts";
import { eventually, scenario, startRig } from "./support.ts";

/** Bulk reads and writes need nobody's approval here: the protocol is what is tried. */
const policy = (text: string) =>
  `${text}
@id("test-bulk")
permit (principal in Group::"analysts", action in [Action::"export", Action::"write"],
  resource == Connection::"ehr");
`;

Deno.test("postgres.js through the gateway", async (test) => {
  await using rig = await startRig({
    policy,
    prepare: (postgres) => prepareTables(postgres),
  });
  const { system } = rig;

  await scenario(test, rig, "parameters and types; classes are masked", async () => {
    await using sql = await driver(system, { types: true });
    const [row] = await sql`select id, mrn, name, ssn, dob, email, ${"ä'\\"}::text as text,
      ${42}::int as number, ${true}::bool as flag, ${[1, 2]}::int[] as list,
      ${null}::text as nothing from patients where id = ${1}`;
    ok(row !== undefined);
    match(String(row["mrn"]), /^tok_mrn_[a-z2-7]{24}$/);
    deepStrictEqual({ ...row, mrn: "", dob: "" }, {
      id: 1,
      mrn: "",
      name: "[name]",
      ssn: "[ssn]",
      dob: "",
      email: "[contact]",
      text: "ä'\\",
      number: 42,
      flag: true,
      list: [1, 2],
      nothing: null,
    });
    ok(row["dob"] instanceof Date, "a masked date is a date");
  });

  await scenario(test, rig, "tokens join as their values do", async () => {
    await using sql = await driver(system);
    const [a] = await sql`select mrn from patients where id = 7`;
    const [b] = await sql`select p.mrn from visits v join patients p on p.id = v.patient_id
      where p.id = 7 limit 1`;
    const [c] = await sql`select mrn from patients where id = 8`;
    strictEqual(a?.["mrn"], b?.["mrn"]);
    ok(a?.["mrn"] !== c?.["mrn"]);
  });

  await scenario(test, rig, "a prepared statement many times, pipelined", async () => {
    await using sql = await driver(system);
    const ids = Array.from({ length: 100 }, (_, index) => index + 1);
    const rows = await Promise.all(ids.map((id) => {
      return sql`select id, ssn from patients where id = ${id}`;
    }));
    deepStrictEqual(rows.map(([row]) => row), ids.map((id) => ({ id, ssn: "[ssn]" })));
  });

  await scenario(test, rig, "simple queries of several statements", async () => {
    await using sql = await driver(system);
    const [first, second] = await sql.unsafe("select 1 as n; select ssn from patients limit 2")
      .simple();
    deepStrictEqual([...first ?? []], [{ n: 1 }]);
    deepStrictEqual([...second ?? []], [{ ssn: "[ssn]" }, { ssn: "[ssn]" }]);
  });

  await scenario(test, rig, "transactions commit, roll back, and have savepoints", async () => {
    await using sql = await driver(system);
    await sql.begin(async (transaction) => {
      await transaction`insert into tally (what) values ('kept')`;
      await rejects(transaction.savepoint(async (inner) => {
        await inner`insert into tally (what) values ('undone')`;
        await inner`select 1/0`;
      }));
    });
    await rejects(sql.begin(async (transaction) => {
      await transaction`insert into tally (what) values ('refused')`;
      await transaction`drop table tally`;
    }));
    const rows = await sql`select what from tally order by id limit 10`;
    deepStrictEqual([...rows], [{ what: "kept" }]);
  });

  await scenario(test, rig, "a refusal has its SQLSTATE, and the connection goes on", async () => {
    await using sql = await driver(system);
    strictEqual(await failure(sql`drop table patients`), "42501");
    strictEqual(await failure(sql`select id from patients where ssn = ${"x"} limit 1`), "42501");
    strictEqual(await failure(sql`select nope from patients limit 1`), "42703");
    strictEqual(await failure(sql`select from where`), "42601");
    strictEqual(await failure(sql`insert into patients (id) values (1)`), "23502");
    deepStrictEqual([...await sql`select 1 as n`], [{ n: 1 }]);
  });

  await scenario(test, rig, "50,000 rows, and a cursor over them", async () => {
    await using sql = await driver(system);
    const rows = await sql`select n, 'row ' || n as text from generate_series(1, 50000) as t(n)`;
    strictEqual(rows.length, 50_000);
    deepStrictEqual(rows[49_999], { n: 50_000, text: "row 50000" });
    const wide = await sql`select p.id, p.name, v.id as visit, v.department
      from patients p join visits v on v.patient_id = p.id
      join generate_series(1, 3) s(n) on true limit 50000`;
    strictEqual(wide.length, 50_000);
    strictEqual(findPlanted(JSON.stringify(wide), "agent"), null);
    let seen = 0;
    await sql`select id, ssn from patients order by id`.cursor(500, (page) => {
      seen += page.length;
      ok(page.every((row) => row["ssn"] === "[ssn]"));
    });
    strictEqual(seen, 5000);
  });

  await scenario(test, rig, "COPY streams out, masked", async () => {
    await using sql = await driver(system);
    let text = "";
    for await (const chunk of await sql`copy patients (id, name, ssn) to stdout`.readable()) {
      text += new TextDecoder().decode(chunk);
    }
    const lines = text.split("\n");
    strictEqual(lines.length, 5001);
    ok(lines.slice(0, -1).every((line) => /^\d+\t\[name\]\t\[ssn\]$/.test(line)), lines[0]);
  });

  await scenario(test, rig, "COPY streams in", async () => {
    // A session of its own: after reading a COPY the driver may leave its socket paused.
    await using sql = await driver(system);
    const total = 20_000;
    const data = Readable.from(
      Array.from({ length: total / 100 }, (_, chunk) => {
        return Array.from({ length: 100 }, (_, at) => `copied ${chunk * 100 + at}\n`).join("");
      }),
    );
    await pipeline(data, await sql`copy loaded (what) from stdin`.writable());
    const [count] = await sql`select count(*)::int as n from loaded`;
    strictEqual(count?.["n"], total);
  });

  await scenario(test, rig, "what is seen masked is not written back", async () => {
    const stored = () =>
      asSuperuser(
        system.postgres,
        async (sql) => [...await sql`select * from patients order by id`],
      );
    const before = await stored();
    await using sql = await driver(system);
    const [seen] = await sql`select mrn, name, ssn, zip, email from patients where id = 7`;
    const { mrn, name, ssn, zip, email } = seen ?? {};
    const writes = [
      sql`update patients set ${sql({ mrn, name, ssn, zip, email })} where id = 7`,
      sql`update patients set mrn = ${mrn} where id = 7`,
      sql`update patients set zip = ${zip} where id = 7`,
      sql`insert into patients (id, mrn, name, ssn, dob, sex, zip)
        values (99001, 'MRN-1', 'New', ${ssn}, '1990-02-03', 'F', '02139')`,
      sql.unsafe(`update patients set name = '${name}' where id = 7`),
      sql.unsafe(`select 1; update patients set name = e'${name}'`).simple(),
      sql.unsafe(`prepare put(text) as update patients set ssn = $1; execute put('${ssn}')`)
        .simple(),
    ];
    for (const write of writes) await rejects(write, { code: "42501", message: /a masked value/ });
    await rejects(sql`update patients set ssn = ${ssn}`, {
      detail: /"ssn" \(ssn\)/,
      hint: /Leave out/,
    });
    const [visits] = await sql`select count(*)::int as n from visits v join patients p
      on p.id = v.patient_id where p.mrn = ${mrn}`;
    deepStrictEqual(visits, { n: 0 }, "a token may be compared with, and nothing has it");
    await sql`update patients set sex = sex where mrn = ${mrn}`;
    deepStrictEqual(await stored(), before);

    using raw = await rawSession(system, "copies-back");
    const columns = "id, mrn, name, ssn, dob, sex, zip";
    await raw.send(message("Q", `copy patients (${columns}) from stdin\0`));
    await raw.until("G");
    const row = (id: number, number: unknown) =>
      message("d", `${id}\tMRN-${id}\tNew\t${number}\t1990-02-03\tF\t02139\n`);
    // All of it is under way before the refusal is known.
    await raw.send(row(99_002, "900-00-0001"), row(99_003, ssn), row(99_004, "900-00-0002"));
    await raw.send(message("c", ""));
    const answer = await raw.until("Z\0\0\0\u0005I");
    match(answer, /SERROR.*C42501.*a masked value.*"ssn" \(ssn\)/s);
    await raw.send(message("Q", "select 'on'\0"));
    match(await raw.until("Z\0\0\0\u0005I"), /on/);
    deepStrictEqual(await stored(), before, "nothing of a COPY is kept of which a part is refused");
  });

  await scenario(test, rig, "many connections at once do not mix", async () => {
    await using sql = await driver(system, { max: 8 });
    const answers = await Promise.all(Array.from({ length: 80 }, (_, index) => {
      return sql`select ${index}::int as n, id, name from patients where id = ${index + 1}`;
    }));
    answers.forEach(([row], index) => {
      deepStrictEqual(row, { n: index, id: index + 1, name: "[name]" });
    });
  });

  await scenario(test, rig, "a query is cancelled, and the connection goes on", async () => {
    await using sql = await driver(system);
    await sql`select 1`;
    const sleeping = sql`select pg_sleep(120)`;
    const ended = failure(sleeping);
    await eventually("pg_sleep runs", () => isRunning(system.postgres, "select pg_sleep(120)"));
    sleeping.cancel();
    strictEqual(await ended, "57014");
    deepStrictEqual([...await sql`select 1 as n`], [{ n: 1 }]);
  });
});

async function prepareTables(postgres: Parameters<typeof asSuperuser>[0]): Promise<void> {
  await asSuperuser(postgres, async (sql) => {
    await sql`create table tally (id serial primary key, what text not null)`;
    await sql`create table loaded (what text not null)`;
    await sql`grant select, insert on tally, loaded to gateway_ehr`;
    await sql`grant usage on sequence tally_id_seq to gateway_ehr`;
  });
}
