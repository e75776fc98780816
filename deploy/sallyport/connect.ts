/**
 * `sallyport connect`: makes an SSH key, registers it for some minutes, and writes what OpenSSH's
 * client needs, so that `ssh`, `scp`, `sftp`, `rsync`, `git` and `ansible` reach a connection by
 * the organisation's own host names and without a prompt.
 *
 * All that it writes stands in a folder of its own below the user's SSH folder; of the user's
 * `config` only the line that includes it.
 *
 * @module
 */
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import type { Config } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { type Grammar, usage } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { exchange, exchangeFlags } from "./identity_exchange.ts";
import { findPlace, type Place, reachableHost, settingsOf } from "./place.ts";
import { hostBlock, withInclude, withoutBlock } from "./ssh_config.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "connect",
  summary: "let ssh and all that runs over it reach a connection, for some minutes",
  flags: {
    ...exchangeFlags,
    hosts: { value: "<names>", help: "host names to reach it by (default: the target's, its own)" },
    gateway: { value: "<host:port>", help: "where SSH is served (default: this installation's)" },
    "host-key-file": { value: "<file>", help: "the gateway's public host key (default: likewise)" },
    "ssh-dir": { value: "<folder>", help: "the SSH folder to write to (default: ~/.ssh)" },
  },
  details: [
    "Afterwards, as long as the key is good, and again after another `sallyport connect`:\n" +
    "  ssh lab 'ls reports'    scp lab:reports/a.txt .    git clone lab:notes.git",
  ],
};

export const connect: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const connection = given.value("connection");
  if (connection === null || !/^[a-z][a-z0-9_-]{0,62}$/.test(connection)) {
    throw usage(grammar, "--connection is missing or is no name of one");
  }
  const gateway = await gatewayOf(call);
  const folder = `${sshFolder(call)}/sallyport`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const publicKey = await ensureKey(`${folder}/${connection}`);
  const { issued, expiresInSeconds } = await exchange(call, grammar, {
    requested_token_type: "urn:sallyport:ssh-key",
    ssh_public_key: publicKey,
  });
  const names = hostNames(call, connection, await targetHost(call, connection));
  await writeConfig(sshFolder(call), connection, names, gateway);
  terminal.say(`key ${issued} is good for ${expiresInSeconds} seconds`);
  const [name = connection] = names;
  const json = { connection, hosts: names, fingerprint: issued, expiresInSeconds };
  terminal.print(given.has("json") ? JSON.stringify(json, null, 2) : `ssh ${name}`);
  return exitCodes.done;
}

type Gateway = { readonly host: string; readonly port: number; readonly hostKey: string };

async function gatewayOf(call: Call): Promise<Gateway> {
  const { given } = call;
  const [named, file] = [given.value("gateway"), given.value("host-key-file")];
  const found = named === null || file === null ? await ownGateway(await findPlace(call)) : null;
  const match = named === null ? null : /^\[?([A-Za-z0-9.:-]+?)\]?:(\d{1,5})$/.exec(named);
  if (named !== null && match === null) throw usage(grammar, "--gateway is a host and a port");
  const keyFile = file ?? found?.hostKeyFile ?? "";
  const line = await Deno.readTextFile(keyFile).catch(() => {
    throw new CommandError(`cannot read the host key ${keyFile}`, "give --host-key-file");
  });
  const hostKey = /^(ssh-|ecdsa-)[a-z0-9-]+ [A-Za-z0-9+/=]+/.exec(line)?.[0];
  if (hostKey === undefined) throw new CommandError(`${keyFile} is no public key`, null);
  const host = match?.[1] ?? found?.host ?? "";
  return { host, port: Number(match?.[2] ?? found?.port), hostKey };
}

/** The SSH edge of this installation. */
async function ownGateway(place: Place) {
  for await (const { name: file } of Deno.readDir(`${place.directory}/settings`)) {
    if (!file.endsWith(".json")) continue;
    const name = file.slice(0, -".json".length);
    const { edgeSsh } = settingsOf(place, name);
    if (edgeSsh === undefined) continue;
    const hostKeyFile = `${place.directory}/public/${name}.host_key.pub`;
    return { host: reachableHost(edgeSsh.host), port: edgeSsh.port, hostKeyFile };
  }
  throw new CommandError("this installation serves no SSH", "give --gateway and --host-key-file");
}

/** The name of the target's host, where it is one that only this connection leads to. */
async function targetHost(call: Call, connection: string): Promise<string | null> {
  const config = await configOf(call).catch(() => null);
  const target = config?.connections[connection];
  if (config === null || target === undefined) return null;
  if (target.protocol !== "ssh") {
    throw new CommandError(`${connection} is no SSH connection`, "see sallyport.yaml");
  }
  const others = Object.values(config.connections).filter(({ host }) => host === target.host);
  const isName = /[a-z]/i.test(target.host) && target.host !== "localhost";
  return isName && !target.host.includes(":") && others.length === 1 ? target.host : null;
}

async function configOf(call: Call): Promise<Config | null> {
  const { directory } = await findPlace(call);
  const parsed = parseConfig(await Deno.readTextFile(`${directory}/sallyport.yaml`));
  return parsed.ok ? parsed.config : null;
}

function hostNames({ given }: Call, connection: string, target: string | null): string[] {
  const named = given.value("hosts")?.split(",") ??
    [connection, ...target === null ? [] : [target]];
  if (named.every((name) => /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(name))) return named;
  throw usage(grammar, "--hosts are host names, separated by commas");
}

function sshFolder({ given, cwd, environment }: Call): string {
  const named = given.value("ssh-dir");
  if (named !== null) return named.startsWith("/") ? named : `${cwd}/${named}`;
  if (environment.HOME === undefined) throw usage(grammar, "there is no HOME; give --ssh-dir");
  return `${environment.HOME}/.ssh`;
}

/** The public half of the key; a new pair when there is none. */
async function ensureKey(path: string): Promise<string> {
  const kept = await Deno.readTextFile(`${path}.pub`).catch(() => null);
  if (kept !== null) return kept.trim();
  const { privateKey, publicKey } = await newSshKeyPair("sallyport");
  await Deno.writeTextFile(path, privateKey, { mode: 0o600 });
  await Deno.writeTextFile(`${path}.pub`, `${publicKey}\n`);
  return publicKey;
}

async function writeConfig(
  sshDirectory: string,
  connection: string,
  names: readonly string[],
  gateway: Gateway,
): Promise<void> {
  const folder = `${sshDirectory}/sallyport`;
  const read = (path: string) => Deno.readTextFile(path).catch(() => "");
  const block = hostBlock({ connection, names, folder, ...gateway });
  const others = withoutBlock(await read(`${folder}/config`), connection);
  await Deno.writeTextFile(`${folder}/config`, others + block, { mode: 0o600 });
  const known = `[${gateway.host}]:${gateway.port} ${gateway.hostKey}\n`;
  await Deno.writeTextFile(`${folder}/${connection}.known_hosts`, known, { mode: 0o600 });
  const own = await read(`${sshDirectory}/config`);
  await Deno.writeTextFile(`${sshDirectory}/config`, withInclude(own, folder), { mode: 0o600 });
}
