/**
 * PostgreSQL built from Debian's source package, the newest that the archive has: a server, psql,
 * and the suites that its developers run. Takes a C compiler, make, perl, dpkg-source and the
 * headers of OpenSSL, zlib and ICU from this machine; once built it stays in the cache.
 *
 * @module
 */
import { cachedFolder, defaultCacheDir } from "#deploy/machine/cache.ts";
import { type Archive, debianArchive, privateApt } from "#deploy/machine/debian.ts";
import type { PostgresBinaries } from "#deploy/machine/postgres_binaries.ts";
import { findOnPath, runTool } from "#deploy/machine/process.ts";
import { reachableFolder, unprivilegedUser, type User } from "#deploy/machine/unprivileged.ts";

export type BuiltPostgres = {
  readonly binaries: PostgresBinaries;
  /** Where `psql` and the others are. */
  readonly programs: string;
  /** The sources, with `src/test/regress` and `src/test/isolation` built. */
  readonly source: string;
  /** Whom the server runs as; null: as we do. */
  readonly user: User | null;
};

/** Where newer versions come first. */
const suites = ["unstable", "testing", "stable"];
const newestMajor = 30;
const oldestMajor = 15;

/** Builds it, or finds what was built. */
export async function builtPostgres(say: (line: string) => void): Promise<BuiltPostgres> {
  const source = await debianArchive();
  if (source === null) {
    throw new Error("This machine has no Debian archive to take PostgreSQL from");
  }
  const user = await unprivilegedUser();
  const cacheDir = await reachableFolder(defaultCacheDir(), user);
  const { name, version, suite } = await newest(source.archive, cacheDir, say);
  const key = `${name}-${version.replaceAll(/[^\w.+-]/g, "_")}-built`;
  const folder = await cachedFolder(cacheDir, key, async (work) => {
    const options = { archive: source.archive, suites: [suite], cacheDir, say, kind: "deb-src" };
    await using apt = await privateApt({ ...options, kind: "deb-src" });
    await apt.unpackSource(name, `${work}/source`);
    const env = await grammarTools(source.archive, source.codename, `${work}/tools`, say);
    await build(work, env, say);
  });
  return {
    binaries: {
      initdb: `${folder}/installed/bin/initdb`,
      postgres: `${folder}/installed/bin/postgres`,
      libraries: `${folder}/installed/lib`,
      version,
    },
    programs: `${folder}/installed/bin`,
    source: `${folder}/source`,
    user,
  };
}

async function newest(archive: Archive, cacheDir: string, say: (line: string) => void) {
  for (const suite of suites) {
    await using apt = await privateApt({ archive, suites: [suite], cacheDir, say });
    for (let major = newestMajor; major >= oldestMajor; major--) {
      const name = `postgresql-${major}`;
      const version = await apt.candidate(name);
      if (version !== null) return { name, version, suite };
    }
  }
  throw new Error("Debian has no PostgreSQL");
}

/** The environment in which bison and flex work: the machine's own, or unpacked beside it. */
async function grammarTools(
  archive: Archive,
  codename: string,
  folder: string,
  say: (line: string) => void,
): Promise<Record<string, string>> {
  if (await findOnPath("bison") !== null && await findOnPath("flex") !== null) return {};
  const options = { archive, suites: [codename], cacheDir: `${folder}/apt`, say };
  await Deno.mkdir(folder);
  await using apt = await privateApt(options);
  await apt.unpack(await apt.missing(["bison", "flex", "m4"]), folder);
  return {
    PATH: `${folder}/usr/bin:${Deno.env.get("PATH") ?? ""}`,
    BISON_PKGDATADIR: `${folder}/usr/share/bison`,
    M4: `${folder}/usr/bin/m4`,
    LD_LIBRARY_PATH: `${folder}/usr/lib/${Deno.build.arch}-linux-gnu`,
  };
}

async function build(
  work: string,
  env: Record<string, string>,
  say: (line: string) => void,
): Promise<void> {
  const cwd = `${work}/source`;
  const step = async (command: string, args: readonly string[]) => {
    const result = await runTool(command, args, { cwd, env, waitMs: 60 * 60_000 });
    if (result.success) return;
    throw new Error(`${command} ${args.join(" ")}: ${result.stderr.slice(-2000)}`);
  };
  const jobs = `-j${navigator.hardwareConcurrency}`;
  say("configuring PostgreSQL");
  // Paths inside are relative to the programs, so that the folder can be renamed afterwards.
  const prefix = `--prefix=${work}/installed`;
  await step("./configure", [prefix, "--with-openssl", "--without-readline", "CFLAGS=-O1"]);
  say("building PostgreSQL, which takes some minutes");
  await step("make", ["-s", jobs]);
  await step("make", ["-s", "install"]);
  for (const folder of ["src/test/regress", "src/test/isolation"]) {
    await step("make", ["-s", "-C", folder]);
  }
  await step("make", ["-s", "-C", "contrib/spi", "install"]);
  await step("chmod", ["-R", "a+rX", work]);
}
