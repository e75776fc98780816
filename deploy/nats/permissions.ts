/**
 * Who may do what on the bus: one table, from which the server's permissions are generated and
 * which the server enforces.
 *
 * **Invariant:** a right that is not in `table` does not exist. No key may update, delete, purge,
 * restore or snapshot a stream, delete a message, or create, change or delete a stage's consumer;
 * the provisioner may create and inspect.
 *
 * A publisher chooses where an answer goes, past its own permissions; `nats.ts` says what readers
 * do about that. Names of reading consumers are fixed, because a permission cannot match a part of
 * a token: the right to create a consumer of any name would be the right to change a stage's.
 *
 * @module
 */
import { readerConsumers } from "#actors/_kit/nats_read.ts";
import { consumers, streams } from "#deploy/nats/streams.ts";
import {
  aliveSubject,
  approvalNoticeSubject,
  auditStream,
  catalogStream,
  catalogSubject,
  checkpointStream,
  checkpointSubject,
  creditSubject,
  decideSubject,
  endSubject,
  exchangeSubject,
  type FrameKind,
  frameKinds,
  keyExchangeSubject,
  noticeSubject,
  rawStream,
  revocationSubject,
  stageConsumer,
} from "#schemas/subjects.ts";

export type ActorKind =
  | "edge"
  | "edge_ssh"
  | "identity"
  | "authz"
  | "target"
  | "masking"
  | "approval"
  | "audit"
  | "console"
  | "auditor"
  | "provisioner";

export type Rights = {
  /** Kinds of frames it stores; an edge under its own name only. */
  readonly stores: readonly FrameKind[];
  /** Kinds it reads for recovery, replay and repair; an edge under its own name only. */
  readonly reads: readonly FrameKind[];
  /** Kinds whose newest frame it asks for. */
  readonly asksLast: readonly FrameKind[];
  /** Kinds that are released to it as they are stored, under its own name. */
  readonly released: readonly FrameKind[];
  /** The stage whose consumers of the audit stream, and of RAW, it works through. */
  readonly stage: string | null;
  readonly rawStage: string | null;
  /** Follows the whole audit stream and sees its state. */
  readonly followsAudit: boolean;
  /** Other streams it reads and follows. */
  readonly readsStreams: readonly string[];
  /** Subjects besides frames: stored ones, passing ones and requests. */
  readonly sends: readonly string[];
  readonly hears: readonly string[];
  readonly answers: readonly string[];
  /** Creates and inspects streams and stage consumers. */
  readonly provisions: boolean;
};

const nothing: Rights = {
  stores: [],
  reads: [],
  asksLast: [],
  released: [],
  stage: null,
  rawStage: null,
  followsAudit: false,
  readsStreams: [],
  sends: [],
  hears: [],
  answers: [],
  provisions: false,
};

/** Stands for the edge's own name in `sends` and `hears`. */
const ownName = "<own>";
const anyRaw = "raw.*.*";

const edge: Rights = {
  ...nothing,
  stores: ["open", "request", "close"],
  reads: ["open", "verdict", "approval", "outcome", "response", "close"],
  asksLast: ["open", "request", "verdict", "approval", "outcome", "response", "close"],
  released: ["approval", "response"],
  sends: [creditSubject("*", "*"), aliveSubject(ownName), exchangeSubject],
  hears: [
    revocationSubject,
    endSubject(ownName, "*"),
    noticeSubject(ownName, "*", "verdict"),
    noticeSubject(ownName, "*", "outcome"),
  ],
};

/** What authz's state is made of, and what it says itself. */
const judged: readonly FrameKind[] = [
  ...["open", "request", "explain", "estimate", "verdict"] as const,
  ...["approval", "outcome", "close", "policy"] as const,
];

export const table: Readonly<Record<ActorKind, Rights>> = {
  edge,
  // It alone verifies signatures of keys, so it alone may say that it did.
  edge_ssh: {
    ...edge,
    released: ["verdict", "approval", "outcome", "response"],
    sends: [...edge.sends, keyExchangeSubject],
    hears: [revocationSubject, endSubject(ownName, "*")],
  },
  identity: {
    ...nothing,
    sends: [revocationSubject],
    hears: [revocationSubject],
    answers: [exchangeSubject, keyExchangeSubject],
  },
  authz: {
    ...nothing,
    stores: ["explain", "verdict", "policy"],
    reads: judged,
    asksLast: judged,
    stage: "authz",
    readsStreams: [catalogStream],
    sends: [noticeSubject("*", "*", "verdict"), approvalNoticeSubject],
  },
  target: {
    ...nothing,
    stores: ["estimate", "outcome"],
    reads: ["open", "request", "verdict", "outcome", "close"],
    asksLast: ["open", "request", "estimate", "verdict", "outcome", "close"],
    stage: "target",
    sends: [anyRaw, catalogSubject("*"), noticeSubject("*", "*", "outcome")],
    hears: [creditSubject("*", "*"), aliveSubject("*")],
  },
  masking: {
    ...nothing,
    stores: ["response"],
    // Requests: what an answer of sftp is the answer to.
    reads: ["open", "request", "verdict", "response", "close"],
    asksLast: ["open", "verdict", "response", "close"],
    stage: "masking",
    rawStage: "masking",
    readsStreams: [catalogStream],
  },
  approval: {
    ...nothing,
    stores: ["approval"],
    reads: ["open", "request", "verdict", "approval", "close"],
    asksLast: ["open", "request", "verdict", "approval", "close"],
    stage: "approval",
    hears: [approvalNoticeSubject],
    answers: [decideSubject],
  },
  audit: {
    ...nothing,
    reads: frameKinds,
    asksLast: frameKinds,
    followsAudit: true,
    readsStreams: [checkpointStream],
    sends: [checkpointSubject("*")],
  },
  console: {
    ...nothing,
    stores: ["view"],
    reads: frameKinds,
    asksLast: frameKinds,
    followsAudit: true,
    readsStreams: [checkpointStream, catalogStream],
    sends: [decideSubject, exchangeSubject, endSubject("*", "*")],
    hears: [revocationSubject],
  },
  // Reading a recording is itself recorded.
  auditor: {
    ...nothing,
    stores: ["view"],
    reads: frameKinds,
    asksLast: frameKinds,
    followsAudit: true,
    readsStreams: [checkpointStream, catalogStream],
  },
  provisioner: { ...nothing, provisions: true },
};

/** One key on the bus. */
export type BusKey = { readonly kind: ActorKind; readonly name: string };

export type Scope = {
  /** The epochs that are open: this month's, and those whose sessions have not ended. */
  readonly epochs: readonly string[];
  readonly shards: number;
  readonly replicas: 1 | 3;
};

export type Permissions = {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Answers requests on the reply subject, once each. */
  readonly allowResponses: boolean;
};

/** The key's own name space: its inboxes and its reading consumers. */
export function inboxPrefixOf(key: BusKey): string {
  return `_INBOX_${key.name}`;
}

/** What the server lets a key do. */
export function permissionsOf(key: BusKey, scope: Scope): Permissions {
  const rights = table[key.kind];
  const edge = key.kind === "edge" || key.kind === "edge_ssh" ? key.name : "*";
  const publish = [
    ...scope.epochs.flatMap((epoch) => auditRights(key, edge, epoch, scope)),
    ...scope.epochs.slice(0, 1).flatMap(() => rawRights(rights, scope)),
    ...rights.readsStreams.flatMap((stream) => readAll(key, stream, subjectOf(stream))),
    ...rights.sends.map((subject) => subject.replace(ownName, key.name)),
    ...(rights.provisions ? provisionRights(scope) : []),
  ];
  const subscribe = [
    `${inboxPrefixOf(key)}.>`,
    ...rights.released.map((kind) => `release.${edge}.*.${kind}`),
    ...rights.hears.map((subject) => subject.replace(ownName, key.name)),
    ...rights.answers,
  ];
  return { publish, subscribe, allowResponses: rights.answers.length > 0 };
}

function auditRights(key: BusKey, edge: string, epoch: string, scope: Scope): string[] {
  const rights = table[key.kind];
  const stream = auditStream(epoch);
  const subject = (kind: FrameKind) => `audit.${epoch}.*.${edge}.*.${kind}`;
  const stage = rights.stage;
  return [
    ...rights.stores.map(subject),
    ...rights.asksLast.map((kind) => `$JS.API.DIRECT.GET.${stream}.${subject(kind)}`),
    ...(rights.followsAudit
      ? readAll(key, stream, `audit.${epoch}.*.*.*.*`)
      : readKinds(key, stream, rights.reads.map(subject))),
    ...(stage === null ? [] : work(stream, stage, scope.shards)),
  ];
}

function rawRights(rights: Rights, scope: Scope): string[] {
  return rights.rawStage === null ? [] : work(rawStream, rights.rawStage, scope.shards);
}

/** Works through a stage's consumers, and nothing else of them. */
function work(stream: string, stage: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => stageConsumer(stage, shard)).flatMap(
    (consumer) => [
      `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      // Servers since 2.14 may put domain and account before the stream.
      `$JS.ACK.${stream}.${consumer}.>`,
      `$JS.ACK.*.*.${stream}.${consumer}.>`,
    ],
  );
}

/** Reads pages of the named filters. */
function readKinds(key: BusKey, stream: string, filters: readonly string[]): string[] {
  if (filters.length === 0) return [];
  return readerConsumers(inboxPrefixOf(key)).pages.flatMap((name) => [
    ...filters.map((filter) => `$JS.API.CONSUMER.CREATE.${stream}.${name}.${filter}`),
    ...readThrough(stream, name),
  ]);
}

/** Reads and follows a whole stream, and sees its state. */
function readAll(key: BusKey, stream: string, subject: string): string[] {
  const { pages, follows } = readerConsumers(inboxPrefixOf(key));
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    ...(stream.startsWith("AUDIT_") ? [] : [`$JS.API.DIRECT.GET.${stream}.${subject}`]),
    ...[...pages, ...follows].flatMap((name) => [
      `$JS.API.CONSUMER.CREATE.${stream}.${name}`,
      `$JS.API.CONSUMER.CREATE.${stream}.${name}.>`,
      ...readThrough(stream, name),
    ]),
  ];
}

function readThrough(stream: string, name: string): string[] {
  return [
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`,
    `$JS.API.CONSUMER.DELETE.${stream}.${name}`,
  ];
}

function subjectOf(stream: string): string {
  return stream === catalogStream ? catalogSubject("*") : checkpointSubject("*");
}

function provisionRights(scope: Scope): string[] {
  const rights = scope.epochs.flatMap((epoch) => {
    const topology = { epoch, shards: scope.shards, replicas: scope.replicas };
    return [
      ...streams(topology).flatMap(({ name }) => [
        `$JS.API.STREAM.CREATE.${name}`,
        `$JS.API.STREAM.INFO.${name}`,
      ]),
      ...consumers(topology).flatMap(({ stream, config }) => [
        `$JS.API.CONSUMER.CREATE.${stream}.${config.name}`,
        `$JS.API.CONSUMER.CREATE.${stream}.${config.name}.>`,
        `$JS.API.CONSUMER.INFO.${stream}.${config.name}`,
      ]),
    ];
  });
  return [...new Set(rights)];
}
