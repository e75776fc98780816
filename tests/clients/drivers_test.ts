/** Drivers of PyPI and Maven Central, direct and through the gateway: they print the same. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { runTool } from "#deploy/machine/process.ts";
import { libpqEnvironment, startOpenRig, type Way } from "#tests/real/open_gateway.ts";
import { scenario } from "#tests/real/support.ts";

const pythonPackages = ["psycopg[binary]==3.3.9", "SQLAlchemy==2.1.9"];
const jdbcDriver = "org.postgresql:postgresql:42.7.8";
const here = new URL(".", import.meta.url).pathname;

/** What the metadata of a driver is asked about. */
const library = `create table reader (id int primary key, name text not null unique);
create table lending (id serial primary key, reader int references reader, due date default now());
create view late as select * from lending where due < now();
create function owed(int) returns numeric language sql as 'select $1 * 0.1';`;

Deno.test("drivers of PyPI and Maven Central", async (test) => {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-drivers-" });
  try {
    await using rig = await startOpenRig();
    await scenario(test, rig, "psycopg 3 and SQLAlchemy", async () => {
      const python = await pythonWith(directory);
      const print = (way: Way) => printed(python, [`${here}python_client.py`], way);
      const expected = await print(rig.direct);
      ok(expected.length > 30);
      deepStrictEqual(await print(rig.gateway), expected);
    });
    await scenario(test, rig, "pgjdbc, and what tools ask of the catalog on connect", async () => {
      const jar = await jdbcJar(directory);
      const psql = ["-X", "-q", "-c", library];
      const made = await runTool("psql", psql, { env: libpqEnvironment(rig.direct) });
      ok(made.success, made.stderr);
      const print = (way: Way) => {
        const { host, port, database, caFile } = way;
        const url = `jdbc:postgresql://${host}:${port}/${database}` +
          `?sslmode=verify-full&sslrootcert=${caFile}`;
        return printed("java", ["-cp", jar, `${here}JdbcClient.java`, url], way);
      };
      const expected = await print(rig.direct);
      ok(expected.length > 200);
      deepStrictEqual(await print(rig.gateway), expected);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

async function printed(program: string, args: readonly string[], way: Way): Promise<string[]> {
  const env = { ...libpqEnvironment(way), TZ: "UTC", PYTHONWARNINGS: "error" };
  const result = await runTool(program, args, { env, waitMs: 300_000 });
  if (!result.success) throw new Error(`${way.name}: ${result.stderr.slice(-3000)}`);
  return result.stdout.split("\n");
}

/** A Python that has the packages, from PyPI by its own client. */
async function pythonWith(directory: string): Promise<string> {
  const folder = `${directory}/python`;
  await run("python3", ["-m", "venv", folder]);
  await run(`${folder}/bin/pip`, ["install", "--quiet", ...pythonPackages]);
  return `${folder}/bin/python`;
}

async function jdbcJar(directory: string): Promise<string> {
  const copy = ["--quiet", "--batch-mode", "dependency:copy", `-Dartifact=${jdbcDriver}`];
  await run("mvn", [...copy, `-DoutputDirectory=${directory}/jdbc`]);
  const [, name, version] = jdbcDriver.split(":");
  return `${directory}/jdbc/${name}-${version}.jar`;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const result = await runTool(program, args, { waitMs: 600_000 });
  if (!result.success) throw new Error(`${program}: ${result.stderr.slice(-2000)}`);
}
