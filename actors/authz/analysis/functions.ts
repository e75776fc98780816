/**
 * What calling a function means: the effects it has beside reading, and whether its result is
 * understood. PostgreSQL's own functions are judged by name; a user's function can read any table,
 * so its result is opaque (design 6).
 *
 * **Invariant:** a function that stands in no list here executes something unknown: `execute`, and
 * an opaque result.
 *
 * @module
 */
import type { Effect } from "#schemas/analysis.ts";
import { harmlessFunctions, pureFunctions } from "./builtin_functions.ts";

/** What a call does. `pure` results derive from the arguments; the others are opaque. */
export type FunctionJudgement = {
  readonly effect: Effect | null;
  readonly detail: string | null;
  readonly opaque: boolean;
};

const pure: FunctionJudgement = { effect: null, detail: null, opaque: false };
const unknown: FunctionJudgement = { effect: "execute", detail: null, opaque: true };

/** Judges a function of pg_catalog by its bare name. */
export function judgeBuiltin(name: string): FunctionJudgement {
  const listed = judgeDangerous(name);
  if (listed !== null) return listed;
  return pureFunctions.has(name) || harmlessFunctions.has(name) ? pure : unknown;
}

/** Judges a name that is dangerous in whatever schema an extension put it; null for the rest. */
export function judgeDangerous(name: string): FunctionJudgement | null {
  const row = table.get(name);
  if (row !== undefined) return row;
  for (const [prefix, judgement] of prefixes) if (name.startsWith(prefix)) return judgement;
  return null;
}

/** Judges a function that is not PostgreSQL's own. */
export function judgeForeign(name: string): FunctionJudgement {
  return judgeDangerous(name) ?? unknown;
}

function rows(
  effect: Effect,
  detail: string,
  names: string,
  result: "opaque" | "plain",
): readonly (readonly [string, FunctionJudgement])[] {
  const judgement = { effect, detail, opaque: result === "opaque" };
  return names.trim().split(/\s+/).map((name) => [name, judgement] as const);
}

/* Reaching around the engine: files, other servers, SQL as text, WAL, large objects as files. */
const files = `lo_import lo_export pg_read_file pg_read_binary_file pg_stat_file pg_ls_dir
  pg_current_logfile pg_file_write pg_file_read pg_file_rename pg_file_unlink pg_file_sync
  pg_file_length pg_logdir_ls get_raw_page`;
const sqlAsText = `query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml
  cursor_to_xmlschema table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml
  schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema
  database_to_xml_and_xmlschema xpath_table ts_stat ts_rewrite crosstab crosstab2 crosstab3
  crosstab4 crosstabn connectby`;
const remote = `pg_create_logical_replication_slot pg_create_physical_replication_slot
  pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_drop_replication_slot
  pg_replication_slot_advance pg_sync_replication_slots pg_export_snapshot postgres_fdw_disconnect
  postgres_fdw_disconnect_all postgres_fdw_get_connections`;
const largeObjects = `lo_get loread lo_open lo_lseek lo_lseek64 lo_tell lo_tell64 lo_close`;
const largeObjectWrites = `lo_put lowrite lo_creat lo_create lo_from_bytea lo_truncate
  lo_truncate64 lo_unlink`;
const signals = `pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile
  pg_promote pg_switch_wal pg_backup_start pg_backup_stop pg_create_restore_point
  pg_wal_replay_pause pg_wal_replay_resume pg_log_backend_memory_contexts
  pg_log_standby_snapshot pg_import_system_collations`;
/* What other sessions do, or what the server's own files say. */
const otherSessions = `pg_stat_get_activity pg_stat_get_backend_activity pg_show_all_file_settings
  pg_hba_file_rules pg_ident_file_mappings pg_prepared_statement pg_cursor pg_prepared_xact
  pg_show_replication_origin_status pg_stat_get_wal_receiver pg_stat_get_wal_senders
  pg_stat_get_subscription pg_get_replication_slots pg_mcv_list_items pg_get_backend_memory_contexts
  pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats
  pg_restore_relation_stats`;

const table: ReadonlyMap<string, FunctionJudgement> = new Map([
  ...rows("escape", "file_access", files, "opaque"),
  ...rows("escape", "sql_as_text", sqlAsText, "opaque"),
  ...rows("escape", "replication", remote, "opaque"),
  ...rows("escape", "large_object", largeObjects, "opaque"),
  ...rows("escape", "large_object", largeObjectWrites, "opaque"),
  ...rows("escape", "signal", signals, "opaque"),
  ...rows("administer", "other_sessions", otherSessions, "opaque"),
  ...rows("write", "sequence", "nextval setval", "plain"),
  ...rows("administer", "notify", "pg_notify", "plain"),
]);

const prefixes: readonly (readonly [string, FunctionJudgement])[] = [
  ["dblink", { effect: "escape", detail: "remote", opaque: true }],
  ["pg_ls_", { effect: "escape", detail: "file_access", opaque: true }],
  ["pg_logical", { effect: "escape", detail: "replication", opaque: true }],
  ["pg_replication_origin", { effect: "escape", detail: "replication", opaque: true }],
  ["pg_stat_reset", { effect: "administer", detail: "maintenance", opaque: true }],
  ["pg_stat_statements", { effect: "administer", detail: "other_sessions", opaque: true }],
  ["binary_upgrade_", { effect: "administer", detail: "maintenance", opaque: true }],
];
