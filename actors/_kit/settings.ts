/**
 * The settings of one process: a JSON file named as its only argument, read once in `main.ts`.
 * Secrets are named by file and never stand in it.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { StartError } from "#actors/_kit/start_error.ts";

const Path = z.string().min(1);

/** What every actor needs. */
export const Settings = z.strictObject({
  /** The name of this process, a subject token; for an edge, the edge's name. */
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  nats: z.strictObject({ url: z.string(), seedFile: Path, inboxPrefix: z.string() }),
  epoch: z.string().regex(/^\d{4}_(0[1-9]|1[0-2])$/),
  configFile: Path,
  /** Ed25519 public keys of identity, a JWKS; by which others check its signatures. */
  identityKeysFile: Path,
  edge: z.strictObject({
    host: z.string(),
    port: z.int(),
    certificateFile: Path,
    keyFile: Path,
  }).optional(),
  edgeSsh: z.strictObject({
    host: z.string(),
    port: z.int(),
    /** The gateway's private host key, in OpenSSH's format. */
    hostKeyFile: Path,
  }).optional(),
  authz: z.strictObject({ policyFile: Path }).optional(),
  target: z.strictObject({ secretsDirectory: Path }).optional(),
  masking: z.strictObject({ keyFile: Path }).optional(),
  audit: z.strictObject({
    logName: z.string(),
    signingKeyFile: Path,
    /** Keeps the newest checkpoint of each log over a restart; audit may write there. */
    checkpointsDirectory: Path,
  }).optional(),
  identity: z.strictObject({
    host: z.string(),
    port: z.int(),
    signingKeyFile: Path,
    /** Keeps revocations over a restart, in a folder that identity may write to. */
    revocationsFile: Path,
    /** Keeps registered SSH keys over a restart, in the same folder; nothing else is there. */
    sshKeysFile: Path,
  }).optional(),
  console: z.strictObject({ host: z.string(), port: z.int(), logKeyFile: Path }).optional(),
});
export type Settings = z.infer<typeof Settings>;

/** Files that the configuration names are relative to it. */
export function configuredFile({ configFile }: Pick<Settings, "configFile">, file: string): string {
  return resolve(dirname(configFile), file);
}

/**
 * Reads and checks a settings file.
 * @throws StartError naming the field that is wrong, not its value; what reading the file throws.
 */
export function readSettings(path: string | undefined): Settings {
  if (path === undefined) {
    throw new StartError("no settings file is named", "name it as the only argument");
  }
  const parsed = Settings.safeParse(jsonOf(path, Deno.readTextFileSync(path)));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new StartError(`${path} is wrong: ${problems.join("; ")}`, installAnew);
}

const installAnew = "it is written by the installation: start that anew";

function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own words quote the file.
    throw new StartError(`${path} is no JSON`, installAnew, { cause });
  }
}

/** The part of the settings that a kind of process needs. @throws StartError when it is missing. */
export function needed<K extends keyof Settings>(
  settings: Settings,
  part: K,
): NonNullable<Settings[K]> {
  const found = settings[part];
  if (found !== undefined) return found;
  throw new StartError(`the settings of ${settings.name} lack ${part}`, installAnew);
}
