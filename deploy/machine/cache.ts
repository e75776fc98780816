/**
 * The folder of things that are fetched or unpacked once for all runs on a machine.
 *
 * **Invariant:** an entry appears whole or not at all: it is made beside its place and renamed, so
 * that two runs at once cannot see each other's half.
 *
 * @module
 */

/** `$XDG_CACHE_HOME/sallyport`, or `$HOME/.cache/sallyport`. */
export function defaultCacheDir(): string {
  const xdg = Deno.env.get("XDG_CACHE_HOME");
  if (xdg !== undefined && xdg.startsWith("/")) return `${xdg}/sallyport`;
  const home = Deno.env.get("HOME");
  if (home !== undefined && home.startsWith("/")) return `${home}/.cache/sallyport`;
  throw new Error("no place for the cache: neither XDG_CACHE_HOME nor HOME is an absolute path");
}

/**
 * The folder `<cacheDir>/<name>`; when it is missing, `make` fills an empty folder that then
 * becomes it. Whoever comes second keeps the first one's.
 */
export async function cachedFolder(
  cacheDir: string,
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const place = `${cacheDir}/${name}`;
  if (await isFolder(place)) return place;
  await Deno.mkdir(cacheDir, { recursive: true });
  await removeAbandoned(cacheDir);
  const work = await Deno.makeTempDir({ dir: cacheDir, prefix: `.making-${name}-` });
  try {
    await make(work);
    await Deno.chmod(work, 0o755);
    await Deno.rename(work, place);
  } catch (error) {
    await Deno.remove(work, { recursive: true }).catch(() => {});
    if (!(await isFolder(place))) throw error;
  }
  return place;
}

/** Work folders of runs that were ended in the middle, more than an hour ago. */
async function removeAbandoned(cacheDir: string): Promise<void> {
  for await (const entry of Deno.readDir(cacheDir)) {
    if (!/^\.(making|apt)-/.test(entry.name)) continue;
    const path = `${cacheDir}/${entry.name}`;
    const made = (await Deno.stat(path).catch(() => null))?.mtime?.getTime() ?? Date.now();
    if (Date.now() - made < 3_600_000) continue;
    await Deno.remove(path, { recursive: true }).catch(() => {});
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => null))?.isDirectory ?? false;
}

/** Copies a tree: folders, files with their mode, symbolic links as they are. */
export async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const source = `${from}/${entry.name}`;
    const target = `${to}/${entry.name}`;
    if (entry.isDirectory) await copyTree(source, target);
    else if (entry.isSymlink) await Deno.symlink(await Deno.readLink(source), target);
    else await Deno.copyFile(source, target);
  }
}
