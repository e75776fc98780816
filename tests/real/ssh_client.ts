/**
 * OpenSSH's own clients, as an agent or a person runs them through the gateway: a folder with a
 * key, what `sallyport connect` would write, and programs started with it.
 *
 * @module
 */
import { defaultCacheDir } from "#deploy/machine/cache.ts";
import { findDebianTool } from "#deploy/machine/debian.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import type { System, SystemOptions } from "#deploy/demo/system.ts";
import type { ProcessKind } from "#deploy/processes.ts";
import { findPlanted } from "./planted.ts";
import { eventually } from "./support.ts";

/** The actors of a gateway that serves SSH alone. */
export const sshKinds: readonly ProcessKind[] = [
  "identity",
  "audit",
  "target",
  "authz",
  "approval",
  "masking",
  "edge_ssh",
];

/** Everything on the lab but what single rules forbid, so that clients may show what they do. */
function openLab(text: string): string {
  return `${text}
@id("test-lab")
permit (principal, action in [Action::"connect", Action::"session", Action::"read",
  Action::"write", Action::"execute", Action::"network", Action::"interpret", Action::"shell",
  Action::"forward"], resource == Connection::"lab");
@id("test-little") @bytes_max("3000")
permit (principal, action == Action::"execute", resource == Connection::"lab")
when { context.command == "yes" };
@id("test-no-reboot")
forbid (principal, action == Action::"execute", resource == Connection::"lab")
when { context.command == "reboot" };
@id("test-no-forbidden-file")
forbid (principal, action, resource == Connection::"lab")
when { context.path like "*forbidden*" };
`;
}
export const openLabSystem: Partial<SystemOptions> = { kinds: sshKinds, policy: openLab };

export type SshResult = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};
export type RunningClient = {
  readonly pid: number;
  readonly finished: Promise<SshResult>;
  /** What it has printed so far, both outputs. */
  printed(): string;
  type(text: string | Uint8Array): Promise<void>;
  end(): Promise<void>;
  kill(signal?: Deno.Signal): void;
};
export type SshClient = {
  /** Holds the key, the configuration and whatever a test puts there. */
  readonly folder: string;
  /** The configuration in which the gateway's connection is called `gw`. */
  readonly config: string;
  /** Starts `ssh`; its input stays open. */
  start(args: readonly string[]): Promise<RunningClient>;
  /** Runs `ssh` with this input to its end. */
  ssh(
    args: readonly string[],
    input?: string | Uint8Array,
    env?: Readonly<Record<string, string>>,
  ): Promise<SshResult>;
  /** Runs another program that speaks SSH: sftp, scp, rsync, git. */
  run(program: SshProgram, args: readonly string[], input?: string): Promise<SshResult>;
  /** Runs a program on a terminal of its own and types as `script` says. */
  terminal(args: readonly string[]): Promise<RunningClient>;
  [Symbol.asyncDispose](): Promise<void>;
};
export type SshProgram = "sftp" | "scp" | "rsync" | "git" | "ssh-keygen";

const packages: Readonly<Record<SshProgram | "ssh" | "script", string>> = {
  ssh: "openssh-client",
  sftp: "openssh-client",
  scp: "openssh-client",
  "ssh-keygen": "openssh-client",
  rsync: "rsync",
  git: "git",
  script: "util-linux",
};

/** Makes a key, registers it for the demo's agent, and writes the configuration. */
export async function sshClient(
  system: System,
  token = system.tokens.agent,
  more: readonly string[] = [],
): Promise<SshClient> {
  const folder = await Deno.makeTempDir({ prefix: "sallyport-ssh-client-" });
  const { privateKey, publicKey } = await newSshKeyPair("test");
  await Deno.writeTextFile(`${folder}/id`, privateKey, { mode: 0o600 });
  await registerKey(system, token, publicKey);
  const { host, port } = system.ssh;
  const known = `[${host}]:${port} ${system.sshHostKey}\n`;
  await Deno.writeTextFile(`${folder}/known_hosts`, known);
  const config = `${folder}/config`;
  const lines = [
    "Host gw",
    `HostName ${host}`,
    `Port ${port}`,
    "User lab",
    "Host *",
    `IdentityFile ${folder}/id`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile ${folder}/known_hosts`,
    "StrictHostKeyChecking yes",
    "BatchMode yes",
    "LogLevel ERROR",
    ...more,
    "",
  ];
  await Deno.writeTextFile(config, lines.join("\n"));
  return {
    folder,
    config,
    start: (args) => start("ssh", ["-F", config, ...args], folder),
    ssh: (args, input = "", env = {}) =>
      toEnd(start("ssh", ["-F", config, ...args], folder, env), input),
    run: (program, args, input = "") =>
      toEnd(start(program, withConfig(program, config, args), folder), input),
    terminal: async (args) => {
      const ssh = await toolOf("ssh");
      const line = [ssh.path, "-F", config, "-tt", ...args].map(quoted).join(" ");
      return await start("script", ["-qefc", line, "/dev/null"], folder);
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Lets a public key stand for the token's holder on the lab. */
async function registerKey(
  system: System,
  token: string,
  publicKey: string,
): Promise<Response> {
  const type = "urn:ietf:params:oauth:token-type:access_token";
  const body = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: type,
    audience: "lab",
    requested_token_type: "urn:sallyport:ssh-key",
    ssh_public_key: publicKey,
  });
  const answer = await fetch(`${system.identityUrl}/token`, { method: "POST", body });
  if (!answer.ok) throw new Error(`The key is not registered: ${await answer.text()}`);
  await answer.body?.cancel();
  return answer;
}

/** Runs `ssh` as it is called, without a configuration. */
export function openSsh(
  args: readonly string[],
  input: string,
  folder: string,
): Promise<SshResult> {
  return toEnd(start("ssh", args, folder), input);
}

/** Waits until a client has printed something. */
export async function printed(client: RunningClient, what: RegExp): Promise<void> {
  await eventually(`${what} is printed`, () => what.test(client.printed()) || undefined);
}

function withConfig(program: SshProgram, config: string, args: readonly string[]): string[] {
  switch (program) {
    case "sftp":
    case "scp":
      return ["-F", config, ...args];
    case "rsync":
      return ["-e", `ssh -F ${config}`, ...args];
    case "git":
      return ["-c", `core.sshCommand=ssh -F ${config}`, ...args];
    default:
      return [...args];
  }
}

async function toEnd(
  starting: Promise<RunningClient>,
  input: string | Uint8Array,
): Promise<SshResult> {
  const running = await starting;
  if (input.length > 0) await running.type(input).catch(() => undefined);
  await running.end().catch(() => undefined);
  return await running.finished;
}

async function start(
  program: SshProgram | "ssh" | "script",
  args: readonly string[],
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningClient> {
  const tool = await toolOf(program);
  const child = new Deno.Command(tool.path, {
    args: [...args],
    cwd: folder,
    env: {
      ...tool.env,
      ...more,
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: "1",
      TERM: "xterm",
      LANG: "C.UTF-8",
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const texts = { stdout: "", stderr: "" };
  const reading = (["stdout", "stderr"] as const).map(async (name) => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) texts[name] += decoder.decode(chunk, { stream: true });
  });
  const writer = child.stdin.getWriter();
  const finished = Promise.all([child.status, ...reading]).then(([{ code }]) => {
    // What a client shows is what an agent has seen.
    const found = findPlanted(texts.stdout + texts.stderr, "agent");
    if (found !== null) throw new Error(`A client shows ${found}`);
    return { code, ...texts };
  });
  return {
    pid: child.pid,
    finished,
    printed: () => texts.stdout + texts.stderr,
    type: (text) => writer.write(typeof text === "string" ? encoder.encode(text) : text),
    end: () => writer.close(),
    kill: (signal = "SIGKILL") => child.kill(signal),
  };
}

async function toolOf(program: keyof typeof packages) {
  const tool = await findDebianTool([packages[program]], program, {
    say: () => undefined,
    cacheDir: defaultCacheDir(),
  });
  if (tool === null) throw new Error(`There is no ${program}, and no Debian to take it from`);
  return tool;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

const encoder = new TextEncoder();
