/**
 * Names of PostgreSQL's own functions whose result derives from their arguments and from the
 * system catalogs, and from nothing else: every overload is immutable or stable, none runs SQL
 * given as text, reads a user table by name, or touches files or other sessions.
 *
 * Taken from `pg_proc` of PostgreSQL 18 (schema pg_catalog; without input and output functions,
 * operators' own functions but those that are called by name, aggregates' transition functions and
 * index support), then pruned by hand.
 *
 * **Invariant:** a name that is not here is not known to be pure; its result is opaque.
 *
 * @module
 */

/** Aggregates, window functions and plain functions alike; unqualified, lower case. */
export const pureFunctions: ReadonlySet<string> = new Set(
  `
  array_append array_cat array_prepend btrim cash_words hashint4 hashint8 json_extract_path
  json_extract_path_text jsonb_concat jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path
  jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text
  abbrev abs acldefault aclexplode acos acosd acosh age any_value area array_agg array_dims
  array_fill array_length array_lower array_ndims array_position array_positions array_remove
  array_replace array_reverse array_sort array_to_json array_to_string array_to_tsvector
  array_upper ascii asin asind asinh atan atan2 atan2d atand atanh avg bit bit_and bit_count
  bit_length bit_or bit_xor bool bool_and bool_or bound_box box bpchar broadcast bytea
  cardinality casefold cbrt ceil ceiling center char char_length character_length chr cidr circle
  col_description concat concat_ws convert convert_from convert_to corr cos cosd cosh cot cotd
  count covar_pop covar_samp crc32 crc32c cume_dist current_database current_schema
  current_schemas current_setting current_user date date_add date_bin date_part date_subtract
  date_trunc datemultirange daterange decode degrees dense_rank diagonal diameter div encode
  enum_first enum_last enum_range erf erfc every exp extract factorial family first_value float4
  float8 floor format format_type gamma gcd generate_series generate_subscripts get_bit get_byte
  get_current_ts_config getdatabaseencoding getpgusername has_any_column_privilege
  has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
  has_function_privilege has_language_privilege has_largeobject_privilege has_parameter_privilege
  has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege
  has_tablespace_privilege has_type_privilege hashtext hashtextextended height host hostmask
  icu_unicode_version inet_client_addr inet_client_port inet_merge inet_same_family
  inet_server_addr inet_server_port initcap int2 int4 int4multirange int4range int8
  int8multirange int8range interval is_normalized isclosed isempty isfinite ishorizontal isopen
  isparallel isperp isvertical json_agg json_agg_strict json_array_elements
  json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_object json_object_agg json_object_agg_strict json_object_agg_unique
  json_object_agg_unique_strict json_object_keys json_populate_record json_populate_recordset
  json_strip_nulls json_to_record json_to_recordset json_to_tsvector json_typeof jsonb_agg
  jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text jsonb_array_length
  jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_insert jsonb_object
  jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
  jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz
  jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first
  jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_record_valid
  jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_to_record
  jsonb_to_recordset jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval
  lag last_value lcm lead left length lgamma like like_escape line ln log log10 lower lower_inc
  lower_inf lpad lseg ltrim macaddr macaddr8 macaddr8_set7bit make_date make_interval make_time
  make_timestamp make_timestamptz masklen max md5 min min_scale mod mode money multirange
  mxid_age name netmask network normalize notlike now npoints nth_value ntile num_nonnulls
  num_nulls numeric nummultirange numnode numrange obj_description octet_length oid
  oidvectortypes overlaps overlay parse_ident path pclose percent_rank percentile_cont
  percentile_disc pg_available_extension_versions pg_available_extensions pg_backend_pid
  pg_basetype pg_char_to_encoding pg_client_encoding pg_collation_for pg_collation_is_visible
  pg_column_compression pg_column_is_updatable pg_column_size pg_column_toast_chunk_id
  pg_conf_load_time pg_conversion_is_visible pg_current_snapshot pg_current_xact_id
  pg_current_xact_id_if_assigned pg_describe_object pg_encoding_max_length pg_encoding_to_char
  pg_extension_update_paths pg_filenode_relation pg_function_is_visible pg_get_acl
  pg_get_constraintdef pg_get_expr pg_get_function_arg_default pg_get_function_arguments
  pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody
  pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_object_address
  pg_get_partition_constraintdef pg_get_partkeydef pg_get_publication_tables
  pg_get_replica_identity_index pg_get_ruledef pg_get_serial_sequence pg_get_statisticsobjdef
  pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions pg_get_triggerdef
  pg_get_userbyid pg_get_viewdef pg_has_role pg_identify_object pg_identify_object_as_address
  pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_input_error_info
  pg_input_is_valid pg_is_other_temp_schema pg_listening_channels pg_lsn pg_my_temp_schema
  pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_options_to_table
  pg_partition_root pg_postmaster_start_time pg_relation_filenode pg_relation_filepath
  pg_relation_is_publishable pg_relation_is_updatable pg_sequence_parameters
  pg_settings_get_flags pg_size_bytes pg_size_pretty pg_snapshot_xip pg_snapshot_xmax
  pg_snapshot_xmin pg_split_walfile_name pg_statistics_obj_is_visible pg_table_is_visible
  pg_tablespace_location pg_timezone_abbrevs_abbrevs pg_timezone_abbrevs_zone pg_timezone_names
  pg_trigger_depth pg_ts_config_is_visible pg_ts_dict_is_visible pg_ts_parser_is_visible
  pg_ts_template_is_visible pg_type_is_visible pg_typeof pg_visible_in_snapshot pg_wal_lsn_diff
  pg_walfile_name pg_walfile_name_offset phraseto_tsquery pi plainto_tsquery point polygon popen
  position pow power querytree quote_ident quote_literal quote_nullable radians radius range_agg
  range_intersect_agg range_merge rank regclass regexp_count regexp_instr regexp_like
  regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
  regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
  regr_sxy regr_syy repeat replace reverse right round row_number row_security_active row_to_json
  rpad rtrim scale session_user set_bit set_byte set_masklen setweight sha224 sha256 sha384
  sha512 shobj_description sign similar_escape similar_to_escape sin sind sinh slope split_part
  sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array
  string_to_table strip strpos substr substring sum system_user tan tand tanh text textlen time
  timestamp timestamptz timetz timezone to_ascii to_bin to_char to_date to_hex to_json to_jsonb
  to_number to_oct to_regclass to_regcollation to_regnamespace to_regoper to_regoperator
  to_regproc to_regprocedure to_regrole to_regtype to_regtypemod to_timestamp to_tsquery
  to_tsvector transaction_timestamp translate trim_array trim_scale trunc ts_debug ts_delete
  ts_filter ts_headline ts_lexize ts_parse ts_rank ts_rank_cd ts_token_type tsmultirange
  tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array txid_current
  txid_current_if_assigned txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax
  txid_snapshot_xmin txid_visible_in_snapshot unicode_assigned unicode_version unistr unnest
  upper upper_inc upper_inf uuid_extract_timestamp uuid_extract_version var_pop var_samp varbit
  varchar variance version websearch_to_tsquery width width_bucket xid xml xml_is_well_formed
  xml_is_well_formed_content xml_is_well_formed_document xmlagg xmlcomment xmlconcat xmlexists
  xmltext xmlvalidate xpath xpath_exists
`.trim().split(/\s+/),
);

/** Volatile, yet harmless: clocks, randomness, sizes, the session's own state. */
export const harmlessFunctions: ReadonlySet<string> = new Set(
  `
  array_sample array_shuffle clock_timestamp current_query currval gen_random_uuid lastval
  pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_lock
  pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_blocking_pids
  pg_collation_actual_version pg_current_wal_lsn pg_database_collation_actual_version
  pg_database_size pg_indexes_size pg_is_in_recovery pg_jit_available pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage
  pg_partition_ancestors pg_partition_tree pg_relation_size pg_safe_snapshot_blocking_pids
  pg_sequence_last_value pg_sleep pg_sleep_for pg_sleep_until pg_table_size pg_tablespace_size
  pg_total_relation_size pg_try_advisory_lock pg_try_advisory_lock_shared
  pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_xact_commit_timestamp
  pg_xact_status random random_normal setseed timeofday txid_status uuidv4 uuidv7
`.trim().split(/\s+/),
);

/** Whether a call leaves something behind that others can read: a number, a lock, a file. */
export function isLasting(name: string): boolean {
  return lasting.test(name);
}

const lasting = new RegExp(
  String
    .raw`^(?:setval|nextval|setseed|set_config|pg_notify|pg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?|` +
    String.raw`pg_advisory_unlock\w*|` +
    String.raw`lo_(?:from_bytea|put|creat|create|export)|lowrite|pg_file_write|dblink\w*|` +
    String.raw`pg_restore_\w+|pg_logical_emit_message|pg_create_\w+|pg_replication_\w+)$`,
);

/**
 * Whether it can be told later that, or how often, a call was made: what it leaves behind, random
 * numbers and numbers of transactions that it takes.
 */
export function isTold(name: string): boolean {
  return isLasting(name) || taking.has(name);
}

const taking: ReadonlySet<string> = new Set(
  "random random_normal array_sample array_shuffle txid_current pg_current_xact_id".split(" "),
);

/** Operator names of pg_catalog; any other symbol is an extension's or a user's own. */
export const pureOperators: ReadonlySet<string> = new Set(
  String.raw`
  !! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / <
  <-> << <<= <<| <= <> <@ <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ |
  |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~ ~~ ~~* !=
`.trim().split(/\s+/),
);

/** Functions that cast a text to a type that another text names. */
export const castingFunctions: ReadonlySet<string> = new Set([
  "pg_input_is_valid",
  "pg_input_error_info",
]);

/** The type to which a function casts whatever it is given; null when it casts to none. */
export function castsTo(name: string): "text" | "json" | null {
  if (name === "quote_literal" || name === "quote_nullable") return "text";
  return toJson.test(name) ? "json" : null;
}

const toJson =
  /^(?:to_jsonb?|row_to_json|array_to_json|jsonb?_(?:build_\w+|(?:object_)?agg(?:_\w+)?))$/;

/** Functions that return as many rows as their arguments say. */
export const setFunctions: ReadonlySet<string> = new Set(
  `generate_series generate_subscripts unnest string_to_table regexp_split_to_table regexp_matches
  json_array_elements json_array_elements_text jsonb_array_elements jsonb_array_elements_text
  json_each json_each_text jsonb_each jsonb_each_text json_object_keys jsonb_object_keys
  json_populate_recordset jsonb_populate_recordset json_to_recordset jsonb_to_recordset
  jsonb_path_query jsonb_path_query_tz ts_debug ts_parse pg_options_to_table aclexplode
  txid_snapshot_xip pg_snapshot_xip pg_partition_tree pg_partition_ancestors ts_token_type
  pg_extension_update_paths pg_get_publication_tables pg_stat_get_progress_info
  pg_tablespace_databases pg_get_multixact_members pg_stat_get_activity pg_stat_get_backend_io
  pg_stat_get_subscription pg_mcv_list_items pg_wal_summary_contents`.split(/\s+/),
);

/** Types of pg_catalog that are written by their bare names. */
export const pureTypes: ReadonlySet<string> = new Set(
  `text varchar bpchar char name int2 int4 int8 numeric float4 float8 bool date time timetz timestamp
  timestamptz interval uuid bytea oid json jsonb xml inet cidr macaddr bit varbit money regclass
  regproc regprocedure regtype regnamespace regrole tsvector tsquery jsonpath point box`
    .split(/\s+/),
);

/** Column names of functions with named result columns; the others yield one column. */
export const functionColumns: ReadonlyMap<string, readonly string[]> = new Map([
  ["aclexplode", ["grantor", "grantee", "privilege_type", "is_grantable"]],
  ["json_array_elements", ["value"]],
  ["json_array_elements_text", ["value"]],
  ["json_each", ["key", "value"]],
  ["json_each_text", ["key", "value"]],
  ["jsonb_array_elements", ["value"]],
  ["jsonb_array_elements_text", ["value"]],
  ["jsonb_each", ["key", "value"]],
  ["jsonb_each_text", ["key", "value"]],
  ["pg_get_keywords", ["word", "catcode", "barelabel", "catdesc", "baredesc"]],
  ["pg_options_to_table", ["option_name", "option_value"]],
]);

/** Functions whose row shape depends on their argument's type: columns unknown. */
export const openFunctions: ReadonlySet<string> = new Set(
  `
  json_populate_record json_populate_recordset jsonb_populate_record jsonb_populate_recordset
  json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset lower upper unnest
  pg_available_extension_versions pg_available_extensions pg_extension_update_paths
  pg_get_object_address pg_get_publication_tables pg_identify_object
  pg_identify_object_as_address pg_input_error_info pg_lock_status pg_partition_tree
  pg_sequence_parameters pg_split_walfile_name pg_timezone_abbrevs_abbrevs
  pg_timezone_abbrevs_zone pg_timezone_names pg_walfile_name_offset ts_debug ts_parse
  ts_token_type
`.trim().split(/\s+/),
);
