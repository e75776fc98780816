/**
 * Makes the nkeys of the bus and writes the server's list of users from the permission table.
 *
 * **Invariant:** a seed stands in one file that its owner alone may read (0600) and nowhere else;
 * the server's configuration holds public keys only.
 *
 * @module
 */
import { createUser, fromSeed } from "@nats-io/nkeys";
import { inboxPrefixOf } from "#deploy/nats/permissions.ts";
import {
  type ActorKind,
  type BusKey,
  type Permissions,
  permissionsOf,
  type Scope,
} from "#deploy/nats/permissions.ts";

/** A key as a process gets it: its settings' `nats` part and the server's user entry. */
export type IssuedKey = BusKey & {
  readonly seedFile: string;
  /** The nkey's public half, `U…`. */
  readonly publicKey: string;
  readonly inboxPrefix: string;
};

/** The keys of one installation: one a kind, and one an edge, by the protocol it terminates. */
export function keysOf(edges: readonly string[], sshEdges: readonly string[] = []): BusKey[] {
  const kinds: ActorKind[] = [
    "identity",
    "authz",
    "target",
    "masking",
    "approval",
    "audit",
    "console",
    "auditor",
    "provisioner",
  ];
  const taken = new Set<string>(kinds);
  for (const name of [...edges, ...sshEdges]) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(name) || taken.has(name)) {
      throw new RangeError("Cannot issue keys: an edge's name is taken or is not a token");
    }
    taken.add(name);
  }
  return [
    ...kinds.map((kind) => ({ kind, name: kind })),
    ...edges.map((name) => ({ kind: "edge" as const, name })),
    ...sshEdges.map((name) => ({ kind: "edge_ssh" as const, name })),
  ];
}

/** Where a key's seed stands. */
export function seedFileOf(directory: string, key: BusKey): string {
  return `${directory}/${key.name}.nk`;
}

/** Makes the missing seed files `<directory>/<name>.nk` and reads those that exist. */
export async function issueKeys(keys: readonly BusKey[], directory: string): Promise<IssuedKey[]> {
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const issued: IssuedKey[] = [];
  for (const key of keys) {
    const seedFile = seedFileOf(directory, key);
    const seed = await readSeed(seedFile) ?? await writeSeed(seedFile);
    const publicKey = fromSeed(seed).getPublicKey();
    issued.push({ ...key, seedFile, publicKey, inboxPrefix: inboxPrefixOf(key) });
  }
  return issued;
}

/** Reads a seed file; null when there is none. */
export async function readSeed(path: string): Promise<Uint8Array | null> {
  try {
    const text = (await Deno.readTextFile(path)).trim();
    return new TextEncoder().encode(text);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The `authorization` block of the server's configuration. */
export function renderAuthorization(keys: readonly IssuedKey[], scope: Scope): string {
  return renderUsers(keys.map((key) => ({ key, permissions: permissionsOf(key, scope) })));
}

/** Writes users with given permissions. */
export function renderUsers(
  users: readonly { readonly key: IssuedKey; readonly permissions: Permissions }[],
): string {
  const lines = users.flatMap(({ key, permissions }) => [
    `    # ${key.kind} ${key.name}`,
    "    {",
    `      nkey: ${key.publicKey}`,
    "      permissions: {",
    `        publish: { allow: ${list(permissions.publish)} }`,
    `        subscribe: { allow: ${list(permissions.subscribe)} }`,
    ...(permissions.allowResponses ? [`        allow_responses: { max: 1, expires: "30s" }`] : []),
    "      }",
    "    }",
  ]);
  return ["authorization {", "  timeout: 5", "  users: [", ...lines, "  ]", "}", ""].join("\n");
}

async function writeSeed(path: string): Promise<Uint8Array> {
  const seed = createUser().getSeed();
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  try {
    await file.write(seed);
  } finally {
    file.close();
  }
  return seed;
}

function list(subjects: readonly string[]): string {
  // An empty allow list would mean "everything" to the server.
  if (subjects.length === 0) return `["_NOTHING_"]`;
  return `[${subjects.map((subject) => `"${subject}"`).join(", ")}]`;
}
