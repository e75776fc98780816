/**
 * Streams and consumers of one epoch, as data. What the product guarantees about its log rests on
 * these fields; `provision.ts` reads each one back from the server.
 *
 * **Invariant:** the audit stream drops nothing: no limit, no age, no deletion, no rollup, and a
 * publish that cannot be stored is refused (`discard: new`).
 *
 * @module
 */
import {
  auditFilter,
  auditStream,
  catalogStream,
  catalogSubject,
  checkpointStream,
  checkpointSubject,
  type FrameKind,
  rawFilter,
  rawStream,
  stageConsumer,
} from "#schemas/subjects.ts";

/** A field's value as the JetStream API has it. */
export type ConfigValue =
  | string
  | number
  | boolean
  | readonly ConfigValue[]
  | { readonly [name: string]: ConfigValue };
/** A stream's or consumer's configuration in the API's own names (NATS ADR-8, ADR-10). */
export type ApiConfig = { readonly name: string; readonly [name: string]: ConfigValue };

export type Topology = {
  /** `YYYY_MM`. */
  readonly epoch: string;
  /** Fixed for the life of an epoch. */
  readonly shards: number;
  /** Copies of each file stream; 3 in production. */
  readonly replicas: 1 | 3;
};

const second = 1_000_000_000;
const mebibyte = 1024 * 1024;
/** Bytes of unmasked frames on their way to masking; more makes targets wait. */
const rawBytesMax = 64 * mebibyte;
/** The priority group of every stage consumer: one worker is served, the others stand by. */
const activeGroup = "active";

/** The streams of an epoch. */
export function streams(topology: Topology): ApiConfig[] {
  const { epoch, shards, replicas } = topology;
  return [
    {
      ...kept(replicas),
      name: auditStream(epoch),
      subjects: [`audit.${epoch}.*.*.*.*`],
      "duplicate_window": 120 * second,
      metadata: { schema: "frame/1", epoch, shards: String(shards) },
      republish: {
        src: `audit.${epoch}.*.*.*.*`,
        // Wildcards count from 1 in the order of `src`: shard, edge, session, kind.
        dest: "release.{{wildcard(2)}}.{{wildcard(3)}}.{{wildcard(4)}}",
      },
    },
    {
      name: rawStream,
      subjects: ["raw.*.*"],
      storage: "memory",
      retention: "workqueue",
      discard: "new",
      "max_age": 60 * second,
      "max_bytes": rawBytesMax,
      "max_msg_size": mebibyte,
      // A raw frame in the window's table would outlive the frame.
      "duplicate_window": second,
      "num_replicas": 1,
      "allow_direct": false,
      "allow_rollup_hdrs": false,
    },
    { ...kept(replicas), name: checkpointStream, subjects: [checkpointSubject("*")] },
    {
      ...kept(replicas),
      name: catalogStream,
      subjects: [catalogSubject("*")],
      // Old catalogs go, so here alone messages may leave and the oldest makes room.
      discard: "old",
      "max_msgs_per_subject": 3,
    },
  ];
}

/** What each stage reads of the audit stream (design 4). */
const auditStages: Readonly<Record<string, readonly FrameKind[]>> = {
  authz: ["open", "request", "explain", "estimate", "approval", "outcome", "close"],
  target: ["open", "request", "explain", "verdict", "close"],
  masking: ["open", "verdict", "close"],
  approval: ["verdict", "close"],
};

/** The durable consumers of an epoch, by stream. */
export function consumers(topology: Topology): { stream: string; config: ApiConfig }[] {
  const { epoch, shards } = topology;
  const made: { stream: string; config: ApiConfig }[] = [];
  for (let shard = 0; shard < shards; shard++) {
    for (const [stage, kinds] of Object.entries(auditStages)) {
      const filters = kinds.map((kind) => auditFilter(epoch, shard, kind));
      const config = stageConfig(stageConsumer(stage, shard), filters);
      made.push({ stream: auditStream(epoch), config });
    }
    const config = stageConfig(stageConsumer("masking", shard), [rawFilter(shard)]);
    made.push({ stream: rawStream, config });
  }
  return made;
}

function stageConfig(name: string, filters: readonly string[]): ApiConfig {
  return {
    name,
    "durable_name": name,
    "deliver_policy": "all",
    "ack_policy": "explicit",
    "ack_wait": 5 * second,
    "max_ack_pending": 4096,
    "max_deliver": -1,
    "replay_policy": "instant",
    "filter_subjects": filters,
    "priority_policy": "pinned_client",
    "priority_groups": [activeGroup],
    // A worker that stops or dies is replaced after this; `pullMsMax` of the bus is half of it.
    "priority_timeout": 2 * second,
  };
}

function kept(replicas: number): Readonly<Record<string, ConfigValue>> {
  return {
    storage: "file",
    retention: "limits",
    discard: "new",
    "max_age": 0,
    "max_msgs": -1,
    "max_bytes": -1,
    "max_msgs_per_subject": -1,
    "max_consumers": -1,
    "max_msg_size": mebibyte,
    "num_replicas": replicas,
    "no_ack": false,
    sealed: false,
    "deny_delete": true,
    "deny_purge": true,
    "allow_rollup_hdrs": false,
    "allow_direct": true,
    "allow_msg_ttl": false,
    "allow_msg_schedules": false,
    "allow_atomic": false,
    "allow_msg_counter": false,
    "duplicate_window": 120 * second,
  };
}
