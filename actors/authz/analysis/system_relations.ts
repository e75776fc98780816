/**
 * PostgreSQL's own relations that tell more than structure: sampled values, what other sessions
 * ran, secrets of roles and servers.
 *
 * **Invariant:** every column of a listed relation is opaque, and touching it is `administer`.
 *
 * @module
 */

/** Says whether a relation of a system schema holds values or secrets. */
export function isLeaky(schema: string, name: string): boolean {
  if (schema === "pg_toast") return true;
  return leaky.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}

/** Columns of otherwise plain system relations that hold values of user tables. */
export function isLeakyColumn(schema: string, column: string): boolean {
  return schema === "pg_catalog" && leakyColumns.has(column);
}

/** Extensions' views that show other sessions' statements, in whatever schema they are. */
export function isLeakyExtension(name: string): boolean {
  return name.startsWith("pg_stat_statements") || name.startsWith("pg_buffercache");
}

const leaky: ReadonlySet<string> = new Set(
  `
  pg_authid pg_shadow pg_largeobject pg_statistic pg_statistic_ext_data pg_stats pg_stat_activity
  pg_user_mapping pg_user_mappings pg_hba_file_rules pg_ident_file_mappings
  pg_file_settings pg_prepared_statements pg_cursors pg_subscription pg_backend_memory_contexts
  pg_stat_replication pg_stat_wal_receiver pg_stat_subscription pg_prepared_xacts
  pg_stat_progress_copy pg_attrdef_data user_mapping_options _pg_user_mappings
  foreign_server_options _pg_foreign_servers user_mappings
`.trim().split(/\s+/),
);
/* Values of rows, and options with secrets. */
const leakyColumns: ReadonlySet<string> = new Set(
  ["attmissingval", "srvoptions", "fdwoptions", "ftoptions", "umoptions"],
);
/* Counters of one's own transaction tell at once, and exactly, what a function did in it. */
const prefixes = [
  ...["pg_stats_", "pg_statistic_ext_", "pg_replication", "pg_stat_statements"],
  "pg_stat_xact_",
];
