/**
 * `sallyport init` and `up` in front of a database of somebody's own: another server, other tables,
 * no demo.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import postgres from "postgres";
import { parseConfig } from "#schemas/config_file.ts";
import { reserve } from "#deploy/machine/free_port.ts";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";
import { type PostgresServer, startPostgres } from "#deploy/machine/postgres.ts";
import { command, commandOptions } from "./command.ts";
import { eventually } from "./support.ts";

const tables = `
create schema ward;
create table ward.person ("fullName" text, social_security text, birth_date date, mood text);
create table ward.stay (id int primary key, ward_no int, remark text);
insert into ward.person values ('Ada Planted', '536-22-1234', '1951-03-04', 'planted mood');
insert into ward.stay select n, n % 7, 'planted remark' from generate_series(1, 5000) n;
create role gateway login password 'right horse';
grant pg_read_all_data to gateway;
create role boss login superuser password 'right horse'`;

const tomorrow = `
create table ward.visitor (badge int, words text, social_security text);
insert into ward.visitor values (536221, 'planted words', '536-22-1234')`;

Deno.test("init puts a gateway in front of one's own PostgreSQL, and up runs it", async (test) => {
  const home = await Deno.makeTempDir({ prefix: "sallyport-init-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(home, { recursive: true }));
  const say = () => {};
  const authority = await ensureAuthority({ directory: `${home}/ca`, say });
  const tls = await issueCertificate({ authority, directory: `${home}/ca`, name: "server" });
  const server = stack.use(
    await startPostgres({ directory: `${home}/postgres`, say, ephemeral: true, tls }),
  );
  await asOwner(server, authority.certPem);
  await Deno.writeTextFile(`${home}/right`, "right horse\n");
  await Deno.writeTextFile(`${home}/wrong`, "wrong horse\n");
  const directory = `${home}/installation`;
  const url = (user: string) => `postgresql://${user}@localhost:${server.port}/postgres`;
  const init = (user: string, ...words: string[]) =>
    command(home, [
      "init",
      "--dir",
      directory,
      "--database",
      url(user),
      "--connection",
      "ward",
      ...words,
    ]);
  const right = ["--password-file", `${home}/right`, "--ca-file", authority.certFile];

  await test.step("what stands in the way is said, and nothing is written", async () => {
    const wrong = [
      [await init("gateway", "--password-file", `${home}/right`), /certificate.*\n.*--ca-file/],
      [
        await init("gateway", ...right.slice(2), "--password-file", `${home}/wrong`),
        /refused the login\n.*--password-file/,
      ],
      [await init("boss", ...right), /"boss" is a superuser.*\n.*create role/],
      [await init("gateway:secret", ...right), /others on this machine can read/],
    ] as const;
    for (const [{ code, err }, words] of wrong) {
      ok(code > 0);
      match(err, words);
      ok(!err.includes("horse") && !err.includes("secret@"));
    }
    await rejects(Deno.stat(directory), Deno.errors.NotFound);
  });

  await test.step("it writes a configuration that masks what it does not know", async () => {
    let { code, out, err } = await init("gateway", ...right, "--json");
    // What it was given is free again once it ends, and other tests start systems meanwhile.
    while (code === 0 && !await holdPorts(directory)) {
      await Deno.remove(directory, { recursive: true });
      ({ code, out, err } = await init("gateway", ...right, "--json"));
    }
    strictEqual(code, 0, err);
    const { connection, tables, plain, unlisted } = JSON.parse(out);
    deepStrictEqual([connection, tables, plain, unlisted], ["ward", 2, 2, 2]);
    const parsed = parseConfig(await Deno.readTextFile(`${directory}/sallyport.yaml`));
    ok(parsed.ok);
    const { name, ssn, dob } = parsed.config.classes;
    deepStrictEqual(
      [name?.columns, ssn?.columns, dob?.columns],
      [["ward.*.fullName"], ["ward.*.social_security"], ["ward.*.birth_date"]],
    );
    const { ward } = parsed.config.connections;
    ok(ward?.protocol === "postgres");
    deepStrictEqual([ward.unlisted, ward.plain], ["mask", ["ward.stay.id", "ward.stay.ward_no"]]);
    match((await init("gateway", ...right)).err, /is there already/);
  });

  await using telemetry = collectTelemetry();
  const options = commandOptions(directory, ["up", "--json"]);
  const child = new Deno.Command(Deno.execPath(), {
    ...options,
    env: { ...options.env, ...telemetry.env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value } = await reader.read();
    if (value === undefined) throw new Error(await said);
    match(value, /^\{"ready":\[/);

    await asOwner(server, authority.certPem, tomorrow);
    await test.step("an agent reads, masked, and is refused what is not permitted", async () => {
      const agent = await asAgent(directory);
      try {
        const [person] = await agent.unsafe("select * from ward.person");
        const { birth_date: born, ...rest } = { "birth_date": null, ...person };
        deepStrictEqual(rest, {
          fullName: "[name]",
          "social_security": "[ssn]",
          mood: "[unlisted]",
        });
        strictEqual(JSON.stringify(born)?.slice(1, 11), "1951-01-01");
        const counts = await agent.unsafe(
          "select ward_no, count(*)::int from ward.stay group by 1 order by 1 limit 2",
        );
        deepStrictEqual([...counts].map((row) => ({ ...row })), [
          { ward_no: 0, count: 714 },
          { ward_no: 1, count: 715 },
        ]);
        await rejects(
          agent.unsafe("select id from ward.stay where remark like 'p%'"),
          { code: "42501" },
        );
        await rejects(agent.unsafe("delete from ward.stay"), { code: "42501" });
      } finally {
        await agent.end({ timeout: 5 });
      }
    });

    await test.step("traces follow a statement through every actor, and hold nothing of it", async () => {
      const spans = ["authz request", "target verdict", "masking raw"];
      await eventually("the spans are there", () => {
        const seen = telemetry.seen();
        return spans.every((name) => seen.includes(`"${name}"`)) ? true : undefined;
      });
      ok(!/planted|536-22|right horse|ward_no/i.test(telemetry.seen()));
    });

    await test.step("a table made past the gateway is masked, and discover lists it", async () => {
      const found = await eventually("its columns are there", async () => {
        const { code, out, err } = await command(directory, ["discover", "--json"]);
        strictEqual(code, 0, err);
        return out.includes("ward.visitor") ? JSON.parse(out) : undefined;
      });
      const words = found.map((one: Record<string, unknown>) =>
        `${one["column"]} ${one["looksLike"]} ${one["masked"]}`
      );
      deepStrictEqual(words, [
        "ward.person.mood unknown true",
        "ward.stay.remark unknown true",
        "ward.visitor.badge plain true",
        "ward.visitor.words unknown true",
      ]);
      const { out, err } = await command(directory, ["discover", "--connection", "ward"]);
      match(out, /^masked {2}plain {4}ward {2}ward\.visitor\.badge {2}int4$/m);
      match(err, /4 columns are listed nowhere: 4 masked, 0 shown/);
      match(err, /under connections\.ward\.plain where it is harmless/);
      const proposed = await command(directory, ["discover", "--propose"]);
      match(
        proposed.out,
        /^ {4}plain:\n {6}- ward\.visitor\.badge\n#.*\n# {3}ward {2}ward\.person\.mood/m,
      );
      const agent = await asAgent(directory);
      try {
        const [visitor] = await agent.unsafe("select * from ward.visitor");
        deepStrictEqual({ ...visitor }, {
          badge: 0,
          words: "[unlisted]",
          social_security: "[ssn]",
        });
        await rejects(
          agent.unsafe("select 1 from ward.visitor where words like 'p%'"),
          { code: "42501" },
        );
      } finally {
        await agent.end({ timeout: 5 });
      }
    });

    await test.step("doctor finds nothing, and verify holds the record", async () => {
      const doctor = await command(directory, ["doctor"]);
      strictEqual(doctor.code, 0, doctor.out);
      match(doctor.out, /^good {3}columns of ward: 4 are listed nowhere, so masked: /m);
      const verified = await command(directory, ["verify"]);
      strictEqual(verified.code, 0, verified.out + verified.err);
      match(verified.out, /VERIFIED/);
    });
  } finally {
    child.kill("SIGTERM");
    strictEqual((await child.status).code, 0, await said);
    await reader.cancel();
  }
});

/** An OpenTelemetry collector, and what tells processes of it. */
function collectTelemetry() {
  const bodies: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    bodies.push(await request.text());
    return Response.json({});
  });
  return {
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
    seen: () => bodies.join("\n"),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** False when another test has one of the installation's ports by now. */
async function holdPorts(directory: string): Promise<boolean> {
  const { ports } = JSON.parse(await Deno.readTextFile(`${directory}/machine.json`));
  return Object.values(ports).map(Number).every((port) => reserve(port));
}

async function asOwner(server: PostgresServer, ca: string, text = tables): Promise<void> {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const ssl = { ca, servername: "localhost" };
  const sql = postgres({ host, port, user, password, database: "postgres", ssl, max: 1 });
  await sql.unsafe(text);
  await sql.unsafe("analyze");
  await sql.end({ timeout: 5 });
}

/** The demo's agent, who is there to try it with. */
async function asAgent(directory: string): Promise<postgres.Sql> {
  const password = await eventually("its token is there", () => {
    return Deno.readTextFile(`${directory}/tokens/agent`).catch(() => undefined);
  });
  const { ports } = JSON.parse(await Deno.readTextFile(`${directory}/machine.json`));
  return postgres({
    host: "127.0.0.1",
    port: ports.postgres,
    user: "agent",
    password,
    database: "ward",
    max: 1,
    ssl: {
      ca: Buffer.from(await Deno.readTextFile(`${directory}/certificates/ca.crt`)),
      servername: "localhost",
    },
    onnotice: () => {},
  });
}
