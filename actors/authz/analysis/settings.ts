/**
 * Which settings a session may change by itself. A setting that changes who acts, what triggers run
 * or how statements are read is administration, as is any setting not named here: a namespaced one
 * can carry a value past the gateway.
 *
 * **Invariant:** only the names listed are `session`, and only with values that can be read.
 *
 * @module
 */
import { opaque, plain, type Value } from "./lineage.ts";
import { parseSearchPath } from "#schemas/sql/search_path.ts";
import { noteCall, type Run } from "./run.ts";
import { constantOf } from "./tree.ts";

/** What SET of a name to literal values is. Values are null when they are not all literals. */
export function isHarmlessSetting(name: string, values: readonly string[] | null): boolean {
  const lower = name.toLowerCase();
  const required = onlyValues.get(lower);
  if (required !== undefined) {
    const value = values?.length === 1 ? values[0]?.toLowerCase() : undefined;
    return value !== undefined && required.includes(value);
  }
  if (lower.startsWith("enable_") || lower.startsWith("geqo")) return !lower.includes(".");
  return harmless.has(lower);
}

/**
 * `set_config(name, value, is_local)`: literal arguments are judged as SET; anything else reaches
 * around the analysis, and a value from a class stays behind where none is known. A search path set
 * so is for `statement.ts` to follow or refuse.
 */
export function judgeSetConfig(args: readonly unknown[], values: Value, run: Run): Value {
  const [name, value, local] = args.map(constantOf);
  run.functions.add("pg_catalog.set_config");
  noteCall("set_config", run);
  for (const constant of [name, value, local]) {
    if (constant !== null && constant !== undefined) run.consulted.push(constant.location);
  }
  const literal = name?.kind === "string" && value?.kind === "string" && local?.kind === "boolean";
  if (values.opaque || values.classes.length > 0) run.effects.add("declassify");
  if (!literal) {
    run.effects.add("escape");
    run.details.add("set_config");
    return opaque;
  }
  const setting = name.value.toLowerCase();
  if (setting === "search_path") {
    const path = parseSearchPath(value.value);
    run.paths.push({ kind: "search_path", path, local: local.value });
  }
  if (isRole(setting)) run.paths.push({ kind: "role", local: local.value });
  const harmlessSetting = isHarmlessSetting(name.value, [value.value]);
  run.effects.add(harmlessSetting ? "session" : "administer");
  if (!harmlessSetting) noteReading(name.value, run);
  run.details.add("set_config");
  return plain;
}

/** Notes a setting that is changed in a way that is not harmless. */
export function noteReading(name: string, run: Run): void {
  if (!changesReading(name)) return;
  run.effects.add("escape");
  run.effects.add("declassify");
}

/** Whether a setting says how statements are read, or what names in them mean. */
export function decidesMeaning(name: string): boolean {
  return meaning.has(name.toLowerCase());
}

/** Whether a setting changes how the statements that follow are read: nobody could judge them. */
export function changesReading(name: string): boolean {
  return reading.has(name.toLowerCase());
}

const reading: ReadonlySet<string> = new Set([
  "standard_conforming_strings",
  "client_encoding",
  "names",
  "backslash_quote",
]);
const meaning: ReadonlySet<string> = new Set([
  ...reading,
  ...["search_path", "role", "session_authorization", "row_security", "event_triggers"],
  ...["session_preload_libraries", "local_preload_libraries", "shared_preload_libraries"],
  ...["allow_system_table_mods", "session_replication_role", "archive_command", "restore_command"],
]);

/** Whether a setting says who acts. */
export function isRole(name: string): boolean {
  return name === "role" || name === "session_authorization";
}

/** Settings for which only these values are harmless. */
const onlyValues: ReadonlyMap<string, readonly string[]> = new Map([
  ["client_encoding", ["utf8", "utf-8", "unicode"]],
  ["standard_conforming_strings", ["on", "true", "1"]],
  ["row_security", ["on", "true", "1"]],
]);

const harmless: ReadonlySet<string> = new Set(
  `
  application_name timezone datestyle intervalstyle extra_float_digits statement_timeout
  lock_timeout idle_in_transaction_session_timeout idle_session_timeout transaction_timeout
  client_min_messages bytea_output search_path default_transaction_isolation
  default_transaction_read_only default_transaction_deferrable transaction_isolation
  transaction_read_only transaction_deferrable jit work_mem maintenance_work_mem
  hash_mem_multiplier temp_buffers effective_cache_size random_page_cost seq_page_cost
  cpu_tuple_cost cpu_index_tuple_cost cpu_operator_cost from_collapse_limit
  join_collapse_limit max_parallel_workers_per_gather max_parallel_workers parallel_setup_cost
  parallel_tuple_cost min_parallel_table_scan_size min_parallel_index_scan_size
  plan_cache_mode constraint_exclusion cursor_tuple_fraction default_statistics_target
  synchronous_commit xmlbinary xmloption lc_monetary lc_numeric lc_time
  default_text_search_config check_function_bodies quote_all_identifiers
  synchronize_seqscans array_nulls jit_above_cost jit_inline_above_cost
  jit_optimize_above_cost tcp_keepalives_idle tcp_keepalives_interval tcp_keepalives_count
  default_toast_compression gin_pending_list_limit
`.trim().split(/\s+/),
);
