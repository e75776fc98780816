/**
 * Finds a nats-server that is new enough, or fetches one, without root and without changing the
 * machine.
 *
 * **Invariant:** what is run was either put on PATH by the machine's administrator or verified
 * before it was unpacked: by apt with the machine's own keyring, or by a pinned SHA-256.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { cachedFolder, defaultCacheDir, isFolder } from "./cache.ts";
import { debianArchive, privateApt } from "./debian.ts";
import { findOnPath, runTool, type Say } from "./process.ts";

/** 2.12 is the first whose JetStream API refuses fields that it does not know. */
export const natsVersionMin = [2, 12, 0] as const;

export type NatsBinary = { readonly path: string; readonly version: string };

type Search = { readonly cacheDir: string; readonly say: Say };

/**
 * A nats-server of at least `natsVersionMin`: on PATH, in the cache, from a newer suite of the
 * machine's own Debian archive, or the project's release. The error names all that was tried.
 */
export async function findNatsServer(
  options: { readonly cacheDir?: string; readonly say: Say },
): Promise<NatsBinary> {
  const search = { cacheDir: options.cacheDir ?? defaultCacheDir(), say: options.say };
  const attempts = [
    ["PATH", onPath],
    ["the cache", inCache],
    ["Debian", fromDebian],
    ["the project's release", fromRelease],
  ] as const;
  const reasons: string[] = [];
  for (const [name, attempt] of attempts) {
    const found = await attempt(search).catch((error: unknown) =>
      error instanceof Error ? error.message : String(error)
    );
    if (typeof found !== "string") return found;
    reasons.push(`- ${name}: ${found}`);
    if (name === "the cache") search.say(`no nats-server ${natsVersionMin.join(".")} here yet`);
  }
  throw new Error(
    `no nats-server of at least ${natsVersionMin.join(".")} can be had:\n${reasons.join("\n")}\n` +
      "Install one and put it on PATH.",
  );
}

/** True when `version`, such as `2.15.1` or `2.15.1-1`, is at least `minimum`. */
export function isAtLeast(version: string, minimum: readonly number[]): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  for (const [index, least] of minimum.entries()) {
    const part = numbers[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** The machine's kernel and processor, as Go names them. */
type Platform = "linux-amd64" | "linux-arm64" | "other";

function platform(): Platform {
  if (Deno.build.os !== "linux") return "other";
  return Deno.build.arch === "x86_64" ? "linux-amd64" : "linux-arm64";
}

async function onPath(): Promise<NatsBinary | string> {
  const path = await findOnPath("nats-server");
  return path === null ? "there is none" : await checked(path);
}

async function inCache({ cacheDir }: Search): Promise<NatsBinary | string> {
  if (!(await isFolder(cacheDir))) return "it is empty";
  const names: string[] = [];
  for await (const entry of Deno.readDir(cacheDir)) {
    if (entry.name.startsWith("nats-server-")) names.push(entry.name);
  }
  for (const name of names.toSorted().toReversed()) {
    const found = await checked(`${cacheDir}/${name}/nats-server`);
    if (typeof found !== "string") return found;
  }
  return "it holds none";
}

/**
 * Tries suites newer than most releases, in the order of how far they are from one: backports of
 * the stable release, testing, unstable. The keyring is the machine's; when a suite is signed by a
 * key newer than it, apt refuses and says so, and the next attempt follows.
 */
async function fromDebian({ cacheDir, say }: Search): Promise<NatsBinary | string> {
  const source = await debianArchive();
  if (source === null) return "this machine has no Debian archive in its apt sources";
  const reasons: string[] = [];
  for (const suite of ["stable-backports", "testing", "unstable"]) {
    say(`looking for nats-server in Debian ${suite}`);
    try {
      await using apt = await privateApt({
        archive: source.archive,
        suites: [suite],
        cacheDir,
        say,
      });
      const version = await apt.candidate("nats-server");
      if (version === null || !isAtLeast(version, natsVersionMin)) {
        reasons.push(`${suite} has ${version ?? "none"}`);
        continue;
      }
      const name = `nats-server-${version.replace(/[^0-9A-Za-z.+-]/g, "_")}-debian`;
      const folder = await cachedFolder(cacheDir, name, async (work) => {
        const tree = `${work}/tree`;
        await apt.unpack(["nats-server"], tree);
        await Deno.rename(await programIn(tree), `${work}/nats-server`);
        await Deno.remove(tree, { recursive: true });
      });
      const found = await checked(`${folder}/nats-server`);
      if (typeof found !== "string") return found;
      reasons.push(`${suite}: ${found}`);
    } catch (error) {
      reasons.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return reasons.join("; ");
}

/**
 * The last attempt: the project's own release, whose archive must have exactly the digest pinned
 * here. The digests are those that the official container image of this release checks.
 */
const release = {
  version: "2.15.0",
  origin: "https://github.com/nats-io/nats-server/releases/download",
  sha256: {
    "linux-amd64": "5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92",
    "linux-arm64": "cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112",
  },
} as const;

async function fromRelease({ cacheDir, say }: Search): Promise<NatsBinary | string> {
  const machine = platform();
  if (machine === "other") return `no digest is pinned for ${Deno.build.target}`;
  const { version, origin } = release;
  const title = `nats-server-v${version}-${machine}`;
  say(`downloading ${title} from the project's releases`);
  const response = await fetch(`${origin}/v${version}/${title}.tar.gz`, {
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok) {
    await response.body?.cancel();
    return `the download answers ${response.status}`;
  }
  const archive = new Uint8Array(await response.arrayBuffer());
  const problem = digestProblem(archive, release.sha256[machine]);
  if (problem !== null) return problem;
  const folder = await cachedFolder(cacheDir, `nats-server-${version}-release`, async (work) => {
    await Deno.writeFile(`${work}/archive.tar.gz`, archive);
    const program = `${title}/nats-server`;
    const args = ["-xzf", `${work}/archive.tar.gz`, "-C", work, "--strip-components=1", program];
    const result = await runTool("tar", args);
    if (!result.success) throw new Error("tar cannot unpack the release");
    await Deno.remove(`${work}/archive.tar.gz`);
  });
  return await checked(`${folder}/nats-server`);
}

/** Null when the bytes have the pinned digest; only then may they be unpacked. */
export function digestProblem(bytes: Uint8Array, sha256: string): string | null {
  const digest = createHash("sha256").update(bytes).digest("hex");
  return digest === sha256 ? null : `the download's SHA-256 is ${digest}, not the pinned ${sha256}`;
}

async function programIn(tree: string): Promise<string> {
  for (const path of ["usr/sbin/nats-server", "usr/bin/nats-server"]) {
    if ((await Deno.stat(`${tree}/${path}`).catch(() => null))?.isFile) return `${tree}/${path}`;
  }
  throw new Error("the package holds no nats-server program");
}

/** Runs it to learn its version, which also shows that it runs on this machine at all. */
async function checked(path: string): Promise<NatsBinary | string> {
  const result = await runTool(path, ["--version"], { waitMs: 10_000 });
  const version = /v(\d+\.\d+\.\d+\S*)/.exec(result.stdout)?.[1];
  if (!result.success || version === undefined) return `${path} does not run`;
  if (!isAtLeast(version, natsVersionMin)) return `${path} is ${version}`;
  return { path, version };
}
