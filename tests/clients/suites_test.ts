/**
 * PostgreSQL's own regression and isolation suites, of the newest version that Debian has: what
 * passes direct passes through the gateway, every test of it.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type PostgresServer, startPostgres } from "#deploy/machine/postgres.ts";
import { runTool } from "#deploy/machine/process.ts";
import { libpqEnvironment, startOpenRig, type Way } from "#tests/real/open_gateway.ts";
import { withoutMoments } from "./isolation_output.ts";
import { type BuiltPostgres, builtPostgres } from "./postgres_source.ts";

type Suite = {
  readonly name: string;
  readonly database: string;
  /** Of the sources. */
  readonly folder: string;
  readonly runner: string;
  readonly schedule: string;
  /** How many tests there are at least: a schedule that is not read is no success. */
  readonly testsMin: number;
  /** Another form of what a test prints, in which it may be what is expected as well. */
  readonly canonical: ((text: string) => string) | null;
};

const suites: readonly Suite[] = [
  {
    name: "isolation",
    database: "isolation_regression",
    folder: "src/test/isolation",
    runner: "pg_isolation_regress",
    schedule: "isolation_schedule",
    testsMin: 100,
    canonical: withoutMoments,
  },
  {
    name: "regression",
    database: "regression",
    folder: "src/test/regress",
    runner: "pg_regress",
    schedule: "parallel_schedule",
    testsMin: 217,
    canonical: null,
  },
];
/** The longest that a suite may take. */
const suiteMsMax = 90 * 60_000;

Deno.test("PostgreSQL's own suites pass through the gateway as they pass direct", async (test) => {
  const built = await builtPostgres(say);
  for (const suite of suites) {
    if (!suite.name.includes(Deno.env.get("SCENARIO") ?? "")) continue;
    await test.step(suite.name, async () => {
      const direct = await withServer(built, (server) => runDirect(built, suite, server));
      const through = await withServer(built, async (server) => {
        await using rig = await startOpenRig({ server, database: suite.database });
        return await runSuite(built, suite, rig.gateway);
      });
      say(
        `${suite.name}, version ${built.binaries.version}: ` +
          `direct ${direct.passed.length} passed, ${direct.failed.length} failed; ` +
          `through the gateway ${through.passed.length} passed, ${through.failed.length} failed` +
          (suite.canonical === null ? "" : `; notices at other moments: ${through.otherMoments}`),
      );
      ok(direct.passed.length >= suite.testsMin, direct.failed.join(" "));
      deepStrictEqual(through.failed, direct.failed, through.differences);
      deepStrictEqual(through.passed, direct.passed);
    });
  }
});

type SuiteResult = {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  /** How many of those that passed printed the canonical form of what is expected only. */
  readonly otherMoments: number;
  /** The beginning of what differs from what was expected. */
  readonly differences: string;
};

async function withServer<T>(
  built: BuiltPostgres,
  work: (server: PostgresServer) => Promise<T>,
): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-suite-" });
  try {
    await using server = await startPostgres({
      directory: `${directory}/server`,
      say: () => {},
      binaries: built.binaries,
      ephemeral: true,
      settings: { "md5_password_warnings": "on" },
    });
    return await work(server);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function runDirect(built: BuiltPostgres, suite: Suite, server: PostgresServer) {
  const { host, port, superuser: user, superuserPassword: password } = server;
  const way = { name: "direct", host, port, user, password, caFile: null } as const;
  const args = ["-X", "-q", "-c", `create database ${suite.database} template template0`];
  const env = { ...libpqEnvironment({ ...way, database: "postgres" }), ...librariesOf(built) };
  const made = await runTool(`${built.programs}/psql`, args, { env });
  if (!made.success) throw new Error(made.stderr);
  return await runSuite(built, suite, { ...way, database: suite.database });
}

async function runSuite(built: BuiltPostgres, suite: Suite, way: Way): Promise<SuiteResult> {
  const { source, programs, user } = built;
  // Server and clients write files for each other, so both are of one user.
  const output = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sallyport-suite-" });
  try {
    await Deno.mkdir(`${output}/results`);
    await expectedOver(way, `${source}/${suite.folder}/expected`, `${output}/expected`);
    const caFile = way.caFile === null ? null : `${output}/ca.crt`;
    if (way.caFile !== null && caFile !== null) await Deno.copyFile(way.caFile, caFile);
    if (user !== null) await runTool("chown", ["-R", `${user.uid}:${user.gid}`, output]);
    const env = {
      ...libpqEnvironment({ ...way, caFile }),
      ...librariesOf(built),
      PATH: `${programs}:${Deno.env.get("PATH") ?? ""}`,
      HOME: output,
    };
    const settings = ["lc_messages", "lc_monetary", "lc_numeric", "lc_time"].map((name) => {
      return `alter database ${suite.database} set ${name} to 'C'`;
    });
    settings.push(`alter database ${suite.database} set bytea_output to 'hex'`);
    settings.push(`alter database ${suite.database} set timezone_abbreviations to 'Default'`);
    const set = ["-X", "-q", ...settings.flatMap((text) => ["-c", text])];
    const prepared = await runTool(`${programs}/psql`, set, { env });
    if (!prepared.success) throw new Error(prepared.stderr);
    const folder = `${source}/${suite.folder}`;
    const result = await runTool(`${folder}/${suite.runner}`, [
      `--inputdir=${folder}`,
      `--outputdir=${output}`,
      `--expecteddir=${output}`,
      `--bindir=${programs}`,
      `--dlpath=${source}/src/test/regress`,
      "--max-concurrent-tests=20",
      "--use-existing",
      `--dbname=${way.database}`,
      `--host=${way.host}`,
      `--port=${way.port}`,
      `--user=${way.user}`,
      `--schedule=${folder}/${suite.schedule}`,
    ], { cwd: folder, env, waitMs: suiteMsMax, ...(user ?? {}) });
    const names = (pattern: RegExp) => {
      return [...result.stdout.matchAll(pattern)].map((match) => match[1] ?? "").toSorted();
    };
    const differences = await Deno.readTextFile(`${output}/regression.diffs`).catch(() => "");
    const differing = names(/^not ok \d+ +[-+] (\S+)/gm);
    const same = new Set<string>();
    for (const name of differing) if (await isCanonical(suite, output, name)) same.add(name);
    return {
      passed: [...names(/^ok \d+ +[-+] (\S+)/gm), ...same].toSorted(),
      failed: differing.filter((name) => !same.has(name)),
      otherMoments: same.size,
      differences: differences.slice(0, 8000) || result.stderr.slice(0, 2000),
    };
  } finally {
    await Deno.remove(output, { recursive: true });
  }
}

/** Whether a test printed the canonical form of one of its expected outputs. */
async function isCanonical(suite: Suite, output: string, name: string): Promise<boolean> {
  const { canonical } = suite;
  if (canonical === null) return false;
  const printed = canonical(await Deno.readTextFile(`${output}/results/${name}.out`));
  for (const variant of ["", "_1", "_2", "_3"]) {
    const path = `${output}/expected/${name}${variant}.out`;
    const expected = await Deno.readTextFile(path).catch(() => null);
    if (expected !== null && canonical(expected) === printed) return true;
  }
  return false;
}

/** What is expected, in the words that libpq has for the end of a connection over TLS. */
async function expectedOver(way: Way, from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) {
    // In several encodings: only a file that has the words is read as text, and those are ASCII.
    const bytes = await Deno.readFile(`${from}/${name}`);
    const text = new TextDecoder().decode(bytes);
    const says = way.caFile !== null && text.includes(closedInPlain);
    if (says) await Deno.writeTextFile(`${to}/${name}`, text.replaceAll(closedInPlain, overTls));
    else await Deno.writeFile(`${to}/${name}`, bytes);
  }
}

const closedInPlain = "server closed the connection unexpectedly\n" +
  "\tThis probably means the server terminated abnormally\n" +
  "\tbefore or while processing the request.\n";
const overTls = "SSL connection has been closed unexpectedly\n";

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function librariesOf(built: BuiltPostgres): Readonly<Record<string, string>> {
  return { LD_LIBRARY_PATH: built.binaries.libraries };
}
