/**
 * An installation's folder: keys, secrets, settings. What is there is kept; what is missing is
 * made.
 *
 * ```
 * sallyport.yaml  policy.cedar
 * keys/<name>.nk          one bus key for each actor (0600)
 * keys/identity.jwk       what identity signs with      keys/log.key  what audit signs with
 * keys/masking.key        what masking hashes with
 * public/identity.jwks    public/log.vkey               what anybody verifies with
 * settings/<name>.json    what each process is started with
 * keys/<edge>.host_key    public/<edge>.host_key.pub    what an SSH edge proves itself with
 * revocations/            what identity keeps over a restart
 * checkpoints/            the newest of each log, kept apart from the bus
 * ```
 *
 * **Invariant:** each secret stands in one file that its owner alone may read, and is named by one
 * process's settings.
 *
 * @module
 */
import type { Settings } from "#actors/_kit/settings.ts";
import { ensureIdentityKey } from "#deploy/identity_key.ts";
import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
import { ensureSecret, LostSecretError } from "#deploy/secret_file.ts";
import {
  type IssuedKey,
  issueKeys,
  keysOf,
  renderAuthorization,
  seedFileOf,
} from "#deploy/nats/accounts.ts";
import { type BusKey, inboxPrefixOf } from "#deploy/nats/permissions.ts";
import { installedEpochs } from "#schemas/epochs.ts";
import { logName } from "#schemas/log/epoch.ts";
import { signerOf } from "#schemas/log/key.ts";

export type Installation = {
  readonly directory: string;
  readonly keys: readonly IssuedKey[];
  /** Public verifier of the log (C2SP vkey). */
  readonly logVerifier: string;
};

/**
 * Opens the folder and makes what is missing in it.
 * @throws LostSecretError where a key is gone whose signatures are in the record.
 */
export async function openInstallation(
  directory: string,
  options: {
    readonly edges: readonly string[];
    readonly sshEdges: readonly string[];
    readonly logName: string;
  },
): Promise<Installation> {
  for (
    const folder of ["", "keys", "public", "settings", "secrets", "revocations", "checkpoints"]
  ) {
    await Deno.mkdir(`${directory}/${folder}`, { recursive: true, mode: 0o700 });
  }
  const keys = await issueKeys(keysOf(options.edges, options.sshEdges), `${directory}/keys`);
  await ensureSecret(`${directory}/keys/masking.key`, () => {
    return crypto.getRandomValues(new Uint8Array(32)).toBase64();
  });
  await ensureIdentityKey(directory);
  for (const name of options.sshEdges) {
    await ensureSecret(
      hostKeyFileOf(directory, name),
      () => newHostKey(`${directory}/public`, name),
    );
  }
  const seed = await ensureSecret(
    `${directory}/keys/log.seed`,
    () => crypto.getRandomValues(new Uint8Array(32)).toBase64(),
    `${directory}/public/log.vkey`,
  );
  const { signer, skey } = signerOf(options.logName, Uint8Array.fromBase64(seed));
  const keyFile = `${directory}/keys/log.key`;
  if (await ensureSecret(keyFile, () => skey) !== skey) {
    throw new LostSecretError(`what ${keyFile} was made of`, keyFile);
  }
  await Deno.writeTextFile(`${directory}/public/log.vkey`, `${signer.vkey}\n`);
  return { directory, keys, logVerifier: signer.vkey };
}

/** The bus server's list of users, with rights to the months of the installation. */
export function busAuthorization(
  installation: Installation,
  scope: { readonly epoch: string; readonly shards: number },
): string {
  const { epoch, shards } = scope;
  return renderAuthorization(installation.keys, {
    epochs: installedEpochs(epoch),
    shards,
    replicas: 1,
  });
}

export type Addresses = {
  readonly natsUrl: string;
  readonly epoch: string;
  readonly edge: { readonly name: string; readonly host: string; readonly port: number };
  readonly edgeSsh: { readonly name: string; readonly host: string; readonly port: number };
  readonly identity: { readonly host: string; readonly port: number };
  readonly console: { readonly host: string; readonly port: number };
};

/** Writes every process's settings; gives them back by process name. */
export async function writeSettings(
  installation: Installation,
  addresses: Addresses,
): Promise<Map<string, Settings>> {
  const { directory, keys } = installation;
  const all = new Map<string, Settings>();
  for (const key of keys) {
    const settings = settingsOf(key, directory, addresses);
    all.set(key.name, settings);
    const text = JSON.stringify(settings, null, 2);
    await Deno.writeTextFile(`${directory}/settings/${key.name}.json`, text);
  }
  return all;
}

/** The settings of one process. `directory` is the installation's. */
export function settingsOf(key: BusKey, directory: string, addresses: Addresses): Settings {
  return {
    name: key.name,
    nats: {
      url: addresses.natsUrl,
      seedFile: seedFileOf(`${directory}/keys`, key),
      inboxPrefix: inboxPrefixOf(key),
    },
    epoch: addresses.epoch,
    configFile: `${directory}/sallyport.yaml`,
    identityKeysFile: `${directory}/public/identity.jwks`,
    ...ownSettings(key, directory, addresses),
  };
}

function ownSettings(key: BusKey, directory: string, addresses: Addresses): Partial<Settings> {
  switch (key.kind) {
    case "edge":
      return {
        edge: {
          host: addresses.edge.host,
          port: addresses.edge.port,
          certificateFile: `${directory}/certificates/edge.crt`,
          keyFile: `${directory}/certificates/edge.key`,
        },
      };
    case "edge_ssh": {
      const { host, port } = addresses.edgeSsh;
      return { edgeSsh: { host, port, hostKeyFile: hostKeyFileOf(directory, key.name) } };
    }
    case "authz":
      return { authz: { policyFile: `${directory}/policy.cedar` } };
    case "target":
      return { target: { secretsDirectory: directory } };
    case "masking":
      return { masking: { keyFile: `${directory}/keys/masking.key` } };
    case "audit":
      return {
        audit: {
          logName,
          signingKeyFile: `${directory}/keys/log.key`,
          checkpointsDirectory: `${directory}/checkpoints`,
        },
      };
    case "identity":
      return {
        identity: {
          ...addresses.identity,
          signingKeyFile: `${directory}/keys/identity.jwk`,
          revocationsFile: `${directory}/revocations/revocations.jsonl`,
          sshKeysFile: `${directory}/revocations/ssh_keys.jsonl`,
        },
      };
    case "console":
      return { console: { ...addresses.console, logKeyFile: `${directory}/public/log.vkey` } };
    default:
      return {};
  }
}

/** An SSH edge's public host key, as one line of a public key file. */
export async function sshHostKey(directory: string, edge: string): Promise<string> {
  return (await Deno.readTextFile(`${directory}/public/${edge}.host_key.pub`)).trim();
}

function hostKeyFileOf(directory: string, edge: string): string {
  return `${directory}/keys/${edge}.host_key`;
}

/** An edge's SSH host key; its public half is written for clients to trust. */
async function newHostKey(publicDirectory: string, edge: string): Promise<string> {
  const { privateKey, publicKey } = await newSshKeyPair(edge);
  await Deno.writeTextFile(`${publicDirectory}/${edge}.host_key.pub`, `${publicKey}\n`);
  return privateKey.trim();
}
