/**
 * Takes programs from the Debian archive that this machine already trusts, without root and without
 * changing the machine: a private apt state in the cache, packages unpacked and never installed.
 *
 * The archive's address and keyring are read from the machine's own apt sources, so that mirrors
 * and proxies an administrator set up are used.
 *
 * **Invariant:** a package is unpacked only after apt verified it by the keyring that the machine's
 * own source names; nothing here turns a signature check off.
 *
 * @module
 */
import { cachedFolder } from "./cache.ts";
import { findOnPath, runTool, type Say } from "./process.ts";

/** What lists a private apt fetches: of programs, or of what they are built from. */
export type PackageKind = "deb" | "deb-src";

/** The longest that a download or an unpacking may take. */
const packageMsMax = 20 * 60_000;

/** One archive of the machine's sources. */
export type Archive = {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** A keyring's path or an inline key, as the source says; null: apt's default trust. */
  readonly signedBy: string | null;
};

/** A private apt whose lists hold the named suites only. */
export type PrivateApt = {
  /** The version apt would take, or null when the suites have no such package. */
  candidate(packageName: string): Promise<string | null>;
  /** The packages that these need and this machine has not installed, themselves included. */
  missing(packageNames: readonly string[]): Promise<string[]>;
  /** Downloads, verifies and unpacks the packages into `folder`. */
  unpack(packageNames: readonly string[], folder: string): Promise<void>;
  /** Downloads, verifies and unpacks a source package as `folder`, which must not be there. */
  unpackSource(packageName: string, folder: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Reads `deb` entries of one-line sources.list text (sources.list(5)). */
export function parseOneLineSources(text: string): Archive[] {
  return text.split("\n").flatMap((raw) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+\S+)*)$/
      .exec(raw.replace(/#.*/, "").trim());
    if (match === null) return [];
    const [, options = "", uri = "", suite = "", components = ""] = match;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null;
    return [{ uri, suites: [suite], components: words(components), signedBy }];
  });
}

/** Reads enabled `deb` stanzas of deb822 text (sources.list(5)). */
export function parseDeb822Sources(text: string): Archive[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = stanzaFields(stanza);
    if (!words(fields.get("types") ?? "").includes("deb")) return [];
    if (/^(no|false|0)$/i.test(fields.get("enabled") ?? "")) return [];
    return words(fields.get("uris") ?? "").map((uri) => ({
      uri,
      suites: words(fields.get("suites") ?? ""),
      components: words(fields.get("components") ?? ""),
      signedBy: fields.get("signed-by") ?? null,
    }));
  });
}

/**
 * The archive that this machine's own Debian release comes from: the first source that has the
 * release's codename (or its class, such as `stable`) as a suite, with component main. Null on a
 * machine without apt or of another distribution.
 */
export async function debianArchive(): Promise<{ archive: Archive; codename: string } | null> {
  const release = await Deno.readTextFile("/etc/os-release").catch(() => "");
  if (!/^ID=("?)debian\1$/m.test(release)) return null;
  const codename = /^VERSION_CODENAME=("?)([a-z]+)\1$/m.exec(release)?.[2];
  if (codename === undefined || (await findOnPath("apt-get")) === null) return null;
  const own = new Set([codename, "stable", "oldstable", "testing", "unstable", "sid"]);
  const archive = (await machineSources()).find((source) =>
    source.components.includes("main") && source.suites.some((suite) => own.has(suite))
  );
  return archive === undefined ? null : { archive, codename };
}

/**
 * Fetches the package lists of `suites` into a private folder and answers from them.
 * Throws with apt's own words when a list cannot be fetched or its signature is not trusted.
 */
export async function privateApt(
  options: {
    archive: Archive;
    suites: readonly string[];
    cacheDir: string;
    say: Say;
    kind?: PackageKind;
  },
): Promise<PrivateApt> {
  await Deno.mkdir(options.cacheDir, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: options.cacheDir, prefix: ".apt-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  const env = { APT_CONFIG: `${folder}/apt.conf`, LC_ALL: "C" };
  try {
    await writeConfiguration(folder, options.archive, options.suites, options.kind ?? "deb");
    const update = await runTool("apt-get", ["update", "-q", "--error-on=any"], { env });
    if (!update.success) throw new Error(firstErrors(update.stderr));
  } catch (error) {
    await remove();
    throw error;
  }
  const apt = async (program: string, args: readonly string[], cwd = folder) => {
    const result = await runTool(program, args, { env, cwd, waitMs: packageMsMax });
    if (!result.success) throw new Error(`${program} ${args[0]}: ${firstErrors(result.stderr)}`);
    return result.stdout;
  };
  return {
    async candidate(packageName) {
      const policy = await apt("apt-cache", ["policy", packageName]);
      const version = /^\s+Candidate: (\S+)$/m.exec(policy)?.[1];
      return version === undefined || version === "(none)" ? null : version;
    },
    async missing(packageNames) {
      const plan = await apt("apt-get", [
        "install",
        "-qq",
        "--simulate",
        "--no-install-recommends",
        ...packageNames,
      ]);
      const names = [...plan.matchAll(/^Inst (\S+) /gm)].map((match) => match[1] ?? "");
      return [...new Set([...packageNames, ...names])];
    },
    async unpack(packageNames, into) {
      const downloads = await Deno.makeTempDir({ dir: folder });
      options.say(`downloading ${packageNames.join(", ")}`);
      await apt("apt-get", ["download", "-q", ...packageNames], downloads);
      for await (const entry of Deno.readDir(downloads)) {
        await apt("dpkg-deb", ["--extract", `${downloads}/${entry.name}`, into]);
      }
    },
    async unpackSource(packageName, into) {
      const downloads = await Deno.makeTempDir({ dir: folder });
      options.say(`downloading the source of ${packageName}`);
      await apt("apt-get", ["source", "-q", "--download-only", packageName], downloads);
      for await (const { name } of Deno.readDir(downloads)) {
        if (!name.endsWith(".dsc")) continue;
        // apt has held it against the signed list of sources.
        await apt("dpkg-source", ["--no-check", "--extract", `${downloads}/${name}`, into]);
      }
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** A program of a package, unpacked in the cache with the libraries it needs. */
export type DebianTool = {
  readonly path: string;
  /** To be set for the program, so that it finds its libraries; empty when PATH had it. */
  readonly env: Readonly<Record<string, string>>;
};

/**
 * Finds `binary` on PATH, else unpacks `packageNames` of this machine's own release, with all they
 * need that is not installed here, into the cache. Null when this machine has no Debian archive.
 */
export async function findDebianTool(
  packageNames: readonly string[],
  binary: string,
  options: { readonly cacheDir: string; readonly say: Say },
): Promise<DebianTool | null> {
  const installed = await findOnPath(binary);
  if (installed !== null) return { path: installed, env: {} };
  const folder = await debianFolder(packageNames, options);
  if (folder === null) return null;
  const path = await findInTree(folder, binary);
  if (path === null) throw new Error(`${packageNames.join(", ")} holds no program ${binary}`);
  return { path, env: { LD_LIBRARY_PATH: await libraryPath(folder) } };
}

/** Finds a shared library of packages, unpacked in the cache. Null as with `findDebianTool`. */
export async function findLibrary(
  packageNames: readonly string[],
  library: string,
  options: { readonly cacheDir: string; readonly say: Say },
): Promise<string | null> {
  const folder = await debianFolder(packageNames, options);
  if (folder === null) return null;
  for await (const path of walkFiles(folder)) if (path.endsWith(`/${library}`)) return path;
  throw new Error(`${packageNames.join(", ")} holds no library ${library}`);
}

/** The cache's folder of these packages and of all they need that is not installed here. */
async function debianFolder(
  packageNames: readonly string[],
  options: { readonly cacheDir: string; readonly say: Say },
): Promise<string | null> {
  const source = await debianArchive();
  if (source === null) return null;
  const { archive, codename } = source;
  const title = packageNames.join("+").replace(/[^a-z0-9+.-]/g, "_");
  return await cachedFolder(options.cacheDir, `debian-${codename}-${title}`, async (work) => {
    options.say(`taking ${packageNames.join(", ")} from Debian ${codename}`);
    const suites = archive.suites.filter((suite) => !suite.endsWith("-backports"));
    await using apt = await privateApt({ archive, suites, ...options });
    await apt.unpack(await apt.missing(packageNames), work);
  });
}

/** `psql` of PATH, or null: it is the reader's own client, and not needed to run anything. */
export function psqlPath(): Promise<string | null> {
  return findOnPath("psql");
}

async function machineSources(): Promise<Archive[]> {
  const archives: Archive[] = [];
  const read = async (path: string) => await Deno.readTextFile(path).catch(() => "");
  archives.push(...parseOneLineSources(await read("/etc/apt/sources.list")));
  const folder = "/etc/apt/sources.list.d";
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) names.push(entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const name of names.toSorted()) {
    if (name.endsWith(".list")) {
      archives.push(...parseOneLineSources(await read(`${folder}/${name}`)));
    }
    if (name.endsWith(".sources")) {
      archives.push(...parseDeb822Sources(await read(`${folder}/${name}`)));
    }
  }
  return archives;
}

/**
 * The machine's `Acquire` settings (proxies, mirrors' quirks) are kept; hooks and lists are not.
 */
async function writeConfiguration(
  folder: string,
  archive: Archive,
  suites: readonly string[],
  kind: PackageKind,
): Promise<void> {
  const dump = await runTool("apt-config", ["dump"], { env: { LC_ALL: "C" } });
  const acquire = dump.stdout.split("\n").filter((line) =>
    line.startsWith("Acquire::") && !line.startsWith("Acquire::IndexTargets") &&
    !line.startsWith("Acquire::Languages")
  );
  for (const path of ["state/lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${folder}/${path}`, { recursive: true });
  }
  const signedBy = archive.signedBy === null ? [] : [`Signed-By: ${archive.signedBy}`];
  await Deno.writeTextFile(
    `${folder}/archive.sources`,
    [
      `Types: ${kind}`,
      `URIs: ${archive.uri}`,
      `Suites: ${suites.join(" ")}`,
      "Components: main",
      ...signedBy,
      "",
    ].join("\n"),
  );
  await Deno.writeTextFile(
    `${folder}/apt.conf`,
    [
      ...acquire,
      'Acquire::Languages "none";',
      `Dir::State "${folder}/state";`,
      `Dir::Cache "${folder}/cache";`,
      `Dir::Etc::SourceList "${folder}/archive.sources";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::Parts "/dev/null";',
      'Dir::Etc::Main "/dev/null";',
      // What is installed is the machine's own knowledge: only what it lacks is unpacked.
      'Dir::State::status "/var/lib/dpkg/status";',
      // As root, apt cannot hand a private folder to its sandbox user and warns about it.
      'APT::Sandbox::User "root";',
      "",
    ].join("\n"),
  );
}

function stanzaFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = "";
  for (const line of stanza.split("\n")) {
    if (line.startsWith("#")) continue;
    const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (field !== null) {
      name = (field[1] ?? "").toLowerCase();
      fields.set(name, field[2] ?? "");
    } else if (/^\s/.test(line) && name !== "") {
      // A continued field: an inline key keeps its lines.
      fields.set(name, `${fields.get(name) ?? ""}\n${line}`);
    }
  }
  return fields;
}

async function findInTree(folder: string, binary: string): Promise<string | null> {
  const found: string[] = [];
  for await (const path of walkFiles(folder)) {
    if (path.endsWith(`bin/${binary}`)) found.push(path);
  }
  // Debian's /usr/bin/psql is a wrapper that needs an installed system; the real one is in lib.
  return found.find((path) => path.includes("/usr/lib/")) ?? found[0] ?? null;
}

async function libraryPath(folder: string): Promise<string> {
  const folders = new Set<string>();
  for await (const path of walkFiles(folder)) {
    if (/\.so(\.|$)/.test(path)) folders.add(path.slice(0, path.lastIndexOf("/")));
  }
  return [...folders].toSorted().join(":");
}

async function* walkFiles(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walkFiles(path);
    else yield path;
  }
}

function firstErrors(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => /^[EW]: /.test(line));
  return (errors.length > 0 ? errors : lines).slice(0, 4).join("; ");
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
