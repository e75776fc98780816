/**
 * The one YAML file of a deployment: which connections exist, what is protected, how it is masked,
 * who approves, how long things may take. *Who may do what* is Cedar, beside it.
 *
 * **Invariant:** a key that is not known, a class that no one declared, or a reference that leads
 * nowhere is an error with its path; nothing is guessed.
 *
 * @module
 */
import { z } from "zod";
import { Operator } from "#schemas/mask_plan.ts";
import { PrincipalName } from "#schemas/principal_name.ts";
import { opaqueClass, unlistedClass } from "#schemas/policy_schema.ts";
import { StreamBounds, VolumeBounds } from "#schemas/volume.ts";

const Name = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "a name: lower case, digits, _ and -");
/** A schema-qualified pattern `schema.relation.column`; `*` stands for any one part. */
const ColumnPattern = z.string().regex(
  /^[^.\s]+\.[^.\s]+\.[^.\s]+$/,
  "schema.relation.column, each part a name or *",
);
/** A path relative to the configuration file. Secrets come by file, never by value. */
const SecretFile = z.string().min(1);

export const DataClass = z.strictObject({
  description: z.string().default(""),
  columns: z.array(ColumnPattern).default([]),
  mask: Operator.default({ operator: "redact" }),
  /**
   * Aggregates over rows that are chosen by this class come back masked, to whom it is not
   * revealed, unless the statement proves groups of so many rows: HAVING count(*) >= n.
   */
  aggregate_rows_min: z.int().min(2).max(1_000_000).optional(),
  /** Built-in detectors whose hits in unclassified text are masked as this class. */
  detectors: z.array(z.enum(["email", "phone", "ssn", "card", "mrn"])).default([]),
});
export type DataClass = z.infer<typeof DataClass>;

/** Names that classes have without being declared, and what for. */
const reservedClasses: Readonly<Record<string, string>> = {
  [opaqueClass]: "it stands for what is not understood",
  [unlistedClass]: "it stands for columns that no class names",
};

const Classes = z.record(Name, DataClass).superRefine((classes, context) => {
  for (const [name, what] of Object.entries(reservedClasses)) {
    if (!Object.hasOwn(classes, name)) continue;
    context.addIssue({ code: "custom", path: [name], message: `is a reserved name: ${what}` });
  }
});

/** The protocols that an edge terminates and target speaks. */
export const Protocol = z.enum(["postgres", "ssh"]);
export type Protocol = z.infer<typeof Protocol>;

const PostgresConnection = z.strictObject({
  protocol: z.literal("postgres"),
  host: z.string().min(1),
  port: z.int().min(1).max(65535),
  database: z.string().min(1),
  user: z.string().min(1),
  password_file: SecretFile.optional(),
  tls: z.strictObject({
    /** verify-full is the default and what production uses; `disable` is for a loopback socket. */
    mode: z.enum(["verify-full", "disable"]).default("verify-full"),
    ca_file: z.string().optional(),
    server_name: z.string().optional(),
  }).default({ mode: "verify-full" }),
  /**
   * What becomes of a column that neither a class nor `plain` names, such as those of a table made
   * yesterday. `mask`: it stands in the class `unlisted`, which is redacted and revealed by policy
   * like any other. What is derived (views, generated columns) goes by what it derives from.
   */
  unlisted: z.enum(["mask", "keep"]).default("keep"),
  /** Columns that are known and harmless. A class that names one of them holds all the same. */
  plain: z.array(ColumnPattern).default([]),
  /** How much may leave at most, whatever policy says. */
  volume: VolumeBounds.default(VolumeBounds.parse({})),
  labels: z.record(z.string(), z.string()).default({}),
});
export type PostgresConnection = z.infer<typeof PostgresConnection>;

/** A public key as in `known_hosts`, `ssh-ed25519 AAAA...`, or its fingerprint `SHA256:...`. */
const HostKey = z.string().regex(
  /^(SHA256:[A-Za-z0-9+/]{43}|(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d{3}) [A-Za-z0-9+/]+={0,2})$/,
  "SHA256:... or a public key with its type",
);

export const SshConnection = z.strictObject({
  protocol: z.literal("ssh"),
  host: z.string().min(1),
  port: z.int().min(1).max(65535).default(22),
  user: z.string().min(1),
  /** One of the two. */
  private_key_file: SecretFile.optional(),
  password_file: SecretFile.optional(),
  /** The target's host keys; with none and no host_ca_keys nothing is dialled. */
  host_keys: z.array(HostKey).max(32).default([]),
  /** Authorities whose host certificates are good for `host`. */
  host_ca_keys: z.array(HostKey).max(32).default([]),
  /**
   * The user's home directory on the target: policy sees what is below it as `~/...`, however it
   * was named. Without it only relative paths and `~` itself are known to be there.
   */
  home: z.string().regex(/^(\/[^/\0]+)+$/, "an absolute path without a slash at its end")
    .refine((path) => !path.split("/").some((name) => name === "." || name === ".."))
    .optional(),
  /**
   * What the user's login shell there understands. With `posix` (dash, which `useradd` gives on
   * Debian) what only Bash reads as it is meant has the effect `interpret`.
   */
  shell: z.enum(["bash", "posix"]).default("bash"),
  /** Names of variables that an agent may set; `*` at the end stands for any rest. */
  environment: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, "a name, or a name and *"))
    .default(["LANG", "LC_*"]),
  /** What happens to content of files that a detector finds PHI in, on its way to the agent. */
  files: z.enum(["mask", "refuse", "allow"]).default("mask"),
  /** The same for content on its way to the target; what is sent cannot be masked. */
  uploads: z.enum(["refuse", "allow"]).default("allow"),
  /** How much may leave at most on one channel, whatever policy says. */
  volume: StreamBounds.default(StreamBounds.parse({})),
  labels: z.record(z.string(), z.string()).default({}),
});
export type SshConnection = z.infer<typeof SshConnection>;

export const Connection = z.discriminatedUnion("protocol", [PostgresConnection, SshConnection]);
export type Connection = z.infer<typeof Connection>;

export const Limits = z.strictObject({
  request_bytes_max: z.int().min(1024).max(67_108_864).default(16_777_216),
  statement_ms_max: z.int().min(1).default(600_000),
  idle_ms_max: z.int().min(1000).default(1_800_000),
  session_ms_max: z.int().min(1000).default(43_200_000),
  verdict_ms_max: z.int().min(100).default(10_000),
  /** Of one edge at once, in all and of one person; of SSH connections there are no more, too. */
  sessions_max: z.int().min(1).default(2000),
  sessions_per_principal_max: z.int().min(1).default(200),
  /** Channels open at once on one agent's SSH connection. */
  channels_max: z.int().min(1).max(1000).default(64),
  parameters_max: z.int().min(1).max(65_535).default(65_535),
  /** A result whose estimated rows exceed this has the effect `export` beside `read`. */
  bulk_rows: z.int().min(1).default(1000),
  /** AST nodes a statement may have before it is refused unjudged. */
  nodes_max: z.int().min(100).default(200_000),
});
export type Limits = z.infer<typeof Limits>;

const unlisted = DataClass.parse({ description: "Columns that nobody has listed yet" });

/** Its `classes` hold `unlisted` as well where a connection masks what is in none. */
export const Config = z.strictObject({
  version: z.literal(1),
  organisation: z.string().min(1),
  /** Fixed for an epoch; see shardOf. */
  shards: z.int().min(1).max(256).default(4),
  issuer: z.strictObject({
    url: z.url(),
    audience: z.string().min(1),
    /** Claims that carry what we need; the defaults are the common ones. */
    groups_claim: z.string().default("groups"),
    purpose_claim: z.string().default("purpose_of_use"),
    /** The claim that names the client that got a token; left out: client_id, azp, cid, appid. */
    client_claim: z.string().min(1).optional(),
    /**
     * Clients with which people act themselves, by client id; the console's is one. A token without
     * `act` of any other client is an agent's, which acts for the person under the client's id.
     * `any`: clients say nothing, and an agent that holds a person's token passes for the person.
     */
    people_clients: z.union(
      [z.literal("any"), z.array(PrincipalName).max(1000)],
      "must be a list of client ids, or any",
    ).default([]),
    /** Names of agents, as `act` and policy have them, by client id where that is another. */
    agents: z.record(PrincipalName, PrincipalName).default({}),
    /** Trusted for TLS to the issuer when it is not publicly signed. */
    ca_file: z.string().optional(),
  }),
  console: z.strictObject({
    url: z.url(),
    client_id: z.string().min(1),
    client_secret_file: SecretFile.optional(),
  }),
  connections: z.record(Name, Connection),
  classes: Classes,
  approvals: z.strictObject({
    /** How long a request may wait when its policy names no @expires. */
    pending_ms_max: z.int().min(1000).default(900_000),
    pending_max: z.int().min(1).default(1000),
    justification_chars_min: z.int().min(1).default(10),
  }).default({ pending_ms_max: 900_000, pending_max: 1000, justification_chars_min: 10 }),
  limits: Limits.default(Limits.parse({})),
}).overwrite((config) => {
  const masks = Object.values(config.connections).some((connection) =>
    connection.protocol === "postgres" && connection.unlisted === "mask"
  );
  if (!masks) return config;
  return { ...config, classes: { ...config.classes, [unlistedClass]: unlisted } };
});
export type Config = z.infer<typeof Config>;
