/**
 * PostgreSQL as this machine's Debian has it: a server of another version than the package's, and
 * the client programs that go with it. Installed, or unpacked into the cache.
 *
 * @module
 */
import { defaultCacheDir } from "#deploy/machine/cache.ts";
import { debianArchive, findDebianTool, privateApt } from "#deploy/machine/debian.ts";
import type { PostgresBinaries } from "#deploy/machine/postgres_binaries.ts";
import { runTool } from "#deploy/machine/process.ts";
import { libpqEnvironment, type Way } from "./open_gateway.ts";

export type DebianPostgres = {
  readonly binaries: PostgresBinaries;
  /** Runs `psql`, `pgbench`, `pg_dump` or another of its programs to the end. */
  run(way: Way, program: string, args: readonly string[], input?: string): Promise<ToolOutput>;
};
export type ToolOutput = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Finds it. @throws where there is none: these tests are for Debian. */
export async function debianPostgres(): Promise<DebianPostgres> {
  const { folder, env } = await installed() ?? await unpacked();
  const version = await runTool(`${folder}/postgres`, ["--version"], { env });
  const found = /PostgreSQL\) (\d+[.\d]*)/.exec(version.stdout)?.[1];
  if (found === undefined) throw new Error("Debian's PostgreSQL does not tell its version");
  return {
    binaries: {
      initdb: `${folder}/initdb`,
      postgres: `${folder}/postgres`,
      libraries: env["LD_LIBRARY_PATH"] ?? `${folder}/../lib`,
      version: found,
    },
    run: (way, program, args, input = "") => run(`${folder}/${program}`, way, args, input, env),
  };
}

type Place = { readonly folder: string; readonly env: Readonly<Record<string, string>> };

async function installed(): Promise<Place | null> {
  const root = "/usr/lib/postgresql";
  const majors: number[] = [];
  try {
    for await (const { name } of Deno.readDir(root)) majors.push(Number(name));
  } catch {
    return null;
  }
  for (const major of majors.filter(Number.isInteger).toSorted((a, b) => b - a)) {
    const folder = `${root}/${major}/bin`;
    const programs = ["initdb", "postgres", "pgbench", "pg_restore"];
    const found = await Promise.all(programs.map((name) => Deno.stat(`${folder}/${name}`)))
      .catch(() => null);
    if (found !== null) return { folder, env: {} };
  }
  return null;
}

async function unpacked(): Promise<Place> {
  const source = await debianArchive();
  if (source === null) {
    throw new Error("This machine has no Debian archive to take PostgreSQL from");
  }
  const options = { cacheDir: defaultCacheDir(), say: () => {} };
  const { archive, codename } = source;
  const newest = await (async () => {
    await using apt = await privateApt({ archive, suites: [codename], ...options });
    return await apt.candidate("postgresql");
  })();
  const major = Number.parseInt(newest ?? "");
  const packages = [`postgresql-${major}`, `postgresql-client-${major}`];
  const tool = await findDebianTool(packages, "initdb", options);
  if (tool === null) throw new Error("Debian has no PostgreSQL");
  return { folder: tool.path.slice(0, tool.path.lastIndexOf("/")), env: tool.env };
}

async function run(
  program: string,
  way: Way,
  args: readonly string[],
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<ToolOutput> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...env, ...libpqEnvironment(way), LC_ALL: "C.UTF-8", PSQL_PAGER: "", PGTZ: "UTC" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A program that ends before it has read everything says why by itself.
  const written = writer.write(new TextEncoder().encode(input))
    .then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await written;
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
