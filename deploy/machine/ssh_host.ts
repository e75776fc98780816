/**
 * Starts a real OpenSSH server on the loopback address, for the demo and for tests: as an
 * unprivileged user, with a host key of its own, and one account that logs in by key.
 *
 * The account `lab` and its home exist for that server alone: libnss-wrapper answers its questions
 * about users, and the machine's own list of them stays as it is.
 *
 * **Invariant:** the server runs with the rights of an unprivileged user, and so does whatever an
 * agent starts there.
 *
 * @module
 */
import { endAbandoned } from "./abandoned.ts";
import { defaultCacheDir } from "./cache.ts";
import { findDebianTool, findLibrary } from "./debian.ts";
import { freePort } from "./free_port.ts";
import { findOnPath, type RunningProcess, type Say, startProcess } from "./process.ts";
import { newSshKeyPair } from "./ssh_key.ts";
import { reachableFolder, unprivilegedUser, type User } from "./unprivileged.ts";

export type SshHostOptions = {
  /** Holds keys, `sshd.log` and the account's home; what is there is kept. */
  readonly directory: string;
  readonly say: Say;
  /** Absent: a free one. */
  readonly port?: number;
  /** Fills a new home, which is empty. */
  readonly fill?: (home: string) => Promise<void>;
  /** Further lines of sshd_config. */
  readonly settings?: readonly string[];
  /** The folder is removed at `stop`. */
  readonly ephemeral?: boolean;
  readonly cacheDir?: string;
};

export type SshHost = {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly user: "lab";
  /** Where the account's files lie on this machine. */
  readonly home: string;
  /** The host's public key, type and base64. */
  readonly hostKey: string;
  /** The private key that the account takes, in OpenSSH's format. */
  readonly privateKey: string;
  readonly pid: number;
  readonly logFile: string;
  stop(): Promise<void>;
  /** SIGKILL to the server; connections that stand live on in processes of their own. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

type Place = {
  readonly sshd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: User | null;
  readonly folder: string;
};

/** Starts sshd and waits until it listens. */
export async function startSshHost(options: SshHostOptions): Promise<SshHost> {
  const place = await prepare(options);
  const { folder } = place;
  await endAbandoned(`${folder}/sshd.pid`, `${folder}/sshd_config`, {
    signal: "SIGTERM",
    waitMs: 5000,
  });
  const port = options.port ?? freePort();
  const home = `${folder}/home`;
  const hostKey = await keyPair(place, "host_key", "host");
  const account = await keyPair(place, "account_key", "gateway");
  await giveText(place, "authorized_keys", `${account.publicKey}\n`);
  await makeHome(place, home, options);
  await giveText(place, "sshd_config", configuration(place, port, options));
  const shell = await findOnPath("bash") ?? "/bin/sh";
  await giveText(place, "passwd", users(place, home, shell));
  await giveText(place, "group", `lab:x:${ids(place).gid}:\n`);
  const logFile = `${folder}/sshd.log`;
  let running = await startServer(place, logFile);
  options.say(`an SSH host runs on port ${port}`);
  const stop = async () => {
    await running.stop();
    if (options.ephemeral) await Deno.remove(folder, { recursive: true }).catch(() => {});
  };
  return {
    host: "127.0.0.1",
    port,
    user: "lab",
    home,
    hostKey: hostKey.publicKey.split(" ").slice(0, 2).join(" "),
    privateKey: account.privateKey,
    logFile,
    get pid() {
      return running.pid;
    },
    stop,
    kill: () => running.kill(),
    async restart() {
      await running.stop();
      running = await startServer(place, logFile);
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function prepare(options: SshHostOptions): Promise<Place> {
  const user = await unprivilegedUser();
  const cacheDir = await reachableFolder(options.cacheDir ?? defaultCacheDir(), user);
  const search = { cacheDir, say: options.say };
  const sshd = await findDebianTool(["openssh-server"], "sshd", search);
  const wrapper = await findLibrary(["libnss-wrapper"], "libnss_wrapper.so", search);
  if (sshd === null || wrapper === null) {
    throw new Error(
      "No SSH host can be had for the demo: install openssh-server and libnss-wrapper",
    );
  }
  await Deno.mkdir(options.directory, { recursive: true });
  const folder = await reachableFolder(await Deno.realPath(options.directory), user);
  await Deno.mkdir(folder, { recursive: true });
  // The caller handed us this folder; the server's user must pass through it.
  if (user !== null) await Deno.chmod(folder, 0o711);
  const env = {
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    ...sshd.env,
    LD_PRELOAD: wrapper,
    NSS_WRAPPER_PASSWD: `${folder}/passwd`,
    NSS_WRAPPER_GROUP: `${folder}/group`,
  };
  return { sshd: sshd.path, env, user, folder };
}

async function makeHome(place: Place, home: string, options: SshHostOptions): Promise<void> {
  if ((await Deno.stat(home).catch(() => null))?.isDirectory) return;
  const work = `${home}.making`;
  await Deno.remove(work, { recursive: true }).catch(() => {});
  await Deno.mkdir(work, { mode: 0o700 });
  await options.fill?.(work);
  await giveTree(place, work);
  await Deno.rename(work, home);
}

async function keyPair(
  place: Place,
  name: string,
  comment: string,
): Promise<{ privateKey: string; publicKey: string }> {
  const path = `${place.folder}/${name}`;
  const [privateKey, publicKey] = await Promise.all(
    [path, `${path}.pub`].map((file) => Deno.readTextFile(file).catch(() => null)),
  );
  if (privateKey && publicKey) return { privateKey, publicKey: publicKey.trim() };
  const pair = await newSshKeyPair(comment);
  await giveText(place, `${name}.pub`, `${pair.publicKey}\n`);
  await giveText(place, name, pair.privateKey);
  return pair;
}

function configuration(place: Place, port: number, options: SshHostOptions): string {
  const { folder, sshd } = place;
  // From OpenSSH 9.8 on, a server that was unpacked elsewhere must be told where its parts are.
  const parts = /^\/usr\/s?bin\//.test(sshd) ? [] : partsOf(sshd);
  return [
    // sshd takes the first of each.
    ...options.settings ?? [],
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    "PidFile none",
    "AllowUsers lab",
    "AuthenticationMethods publickey",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    // Its folders may lie in somebody else's.
    "StrictModes no",
    "UseDNS no",
    "PrintMotd no",
    "PermitUserRC no",
    "AllowAgentForwarding no",
    "X11Forwarding no",
    "AllowTcpForwarding local",
    "GatewayPorts no",
    "AcceptEnv LANG LC_*",
    "MaxStartups 1000",
    "MaxSessions 100",
    "LogLevel INFO",
    "Subsystem sftp internal-sftp",
    ...parts,
    "",
  ].join("\n");
}

function partsOf(sshd: string): readonly string[] {
  const library = `${sshd.replace(/\/usr\/s?bin\/sshd$/, "")}/usr/lib/openssh`;
  const known = [["SshdSessionPath", "sshd-session"], ["SshdAuthPath", "sshd-auth"]] as const;
  return known.flatMap(([setting, name]) => {
    try {
      return Deno.statSync(`${library}/${name}`).isFile ? [`${setting} ${library}/${name}`] : [];
    } catch {
      return [];
    }
  });
}

function users(place: Place, home: string, shell: string): string {
  const { uid, gid } = ids(place);
  return [
    `lab:x:${uid}:${gid}:Lab:${home}:${shell}`,
    // sshd asks for its own account, which it cannot become without root.
    "sshd:x:65533:65534::/nonexistent:/usr/sbin/nologin",
    "",
  ].join("\n");
}

function ids({ user }: Place): User {
  return user ?? { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
}

async function startServer(place: Place, logFile: string): Promise<RunningProcess> {
  const { folder, env, user, sshd } = place;
  return await startProcess({
    name: "sshd",
    command: sshd,
    args: ["-D", "-e", "-f", `${folder}/sshd_config`],
    env,
    clearEnv: true,
    cwd: folder,
    ...(user ?? {}),
    logFile,
    ready: /Server listening on/,
    stopWaitMs: 5000,
    pidFile: { path: `${folder}/sshd.pid`, serves: `${folder}/sshd_config` },
  });
}

async function giveText(place: Place, name: string, text: string): Promise<void> {
  const path = `${place.folder}/${name}`;
  await Deno.writeTextFile(path, text, { mode: 0o600 });
  await Deno.chmod(path, 0o600);
  if (place.user !== null) await Deno.chown(path, place.user.uid, place.user.gid);
}

async function giveTree(place: Place, path: string): Promise<void> {
  if (place.user === null) return;
  for await (const entry of Deno.readDir(path)) {
    if (entry.isDirectory) await giveTree(place, `${path}/${entry.name}`);
    else await Deno.chown(`${path}/${entry.name}`, place.user.uid, place.user.gid);
  }
  await Deno.chown(path, place.user.uid, place.user.gid);
}
