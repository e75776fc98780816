/**
 * Statements that define or administer, by the parser's tag.
 *
 * **Invariant:** what reaches other servers, loads code or copies data out of the engine is
 * `escape`; what changes who may do what is `administer`. A rule, operator or cast of a user's own
 * changes what later statements mean without a trace in the catalog kept here, so it is `escape` as
 * well; a trigger may move values between columns (`declassify`). All of these define, too.
 *
 * @module
 */
import type { Effect } from "#schemas/analysis.ts";

export type DefinitionRow = {
  readonly command: string;
  readonly effect: Effect;
  readonly details: readonly string[];
};

/** The detail of a DROP: `drop` for policy at large, and what is dropped. */
export function dropDetail(removeType: string): string {
  return removeType.replace(/^OBJECT_/, "drop_").toLowerCase();
}

function row(
  tag: string,
  command: string,
  effect: Effect,
  ...details: readonly string[]
): readonly [string, DefinitionRow] {
  return [tag, { command, effect, details }];
}

export const definitions: ReadonlyMap<string, DefinitionRow> = new Map([
  row("CreateStmt", "CREATE TABLE", "define", "create_table"),
  row("AlterTableStmt", "ALTER TABLE", "define", "alter_table"),
  row("AlterTableMoveAllStmt", "ALTER TABLE", "define", "alter_table"),
  row("DropStmt", "DROP", "define", "drop"),
  row("RenameStmt", "ALTER", "define", "rename"),
  row("AlterObjectSchemaStmt", "ALTER", "define", "set_schema"),
  row("AlterOwnerStmt", "ALTER", "administer", "owner"),
  row("AlterObjectDependsStmt", "ALTER", "define", "alter"),
  row("ViewStmt", "CREATE VIEW", "define", "create_view"),
  row("IndexStmt", "CREATE INDEX", "define", "create_index"),
  row("CreateSchemaStmt", "CREATE SCHEMA", "define", "create_schema"),
  row("CreateSeqStmt", "CREATE SEQUENCE", "define", "create_sequence"),
  row("AlterSeqStmt", "ALTER SEQUENCE", "define", "alter_sequence"),
  row("CreateFunctionStmt", "CREATE FUNCTION", "define", "create_function"),
  row("AlterFunctionStmt", "ALTER FUNCTION", "define", "alter_function"),
  row("CreateTrigStmt", "CREATE TRIGGER", "declassify", "create_trigger"),
  row("CreateEventTrigStmt", "CREATE EVENT TRIGGER", "administer", "event_trigger"),
  row("AlterEventTrigStmt", "ALTER EVENT TRIGGER", "administer", "event_trigger"),
  row("RuleStmt", "CREATE RULE", "escape", "create_rule"),
  row("CreatePolicyStmt", "CREATE POLICY", "administer", "row_security"),
  row("AlterPolicyStmt", "ALTER POLICY", "administer", "row_security"),
  row("CreateEnumStmt", "CREATE TYPE", "define", "create_type"),
  row("CreateRangeStmt", "CREATE TYPE", "define", "create_type"),
  row("CompositeTypeStmt", "CREATE TYPE", "define", "create_type"),
  row("AlterEnumStmt", "ALTER TYPE", "define", "alter_type"),
  row("AlterTypeStmt", "ALTER TYPE", "define", "alter_type"),
  row("CreateDomainStmt", "CREATE DOMAIN", "define", "create_type"),
  row("AlterDomainStmt", "ALTER DOMAIN", "define", "alter_type"),
  row("DefineStmt", "CREATE", "define", "create_object"),
  row("CreateCastStmt", "CREATE CAST", "escape", "create_cast"),
  row("CreateConversionStmt", "CREATE CONVERSION", "escape", "create_object"),
  row("CreateTransformStmt", "CREATE TRANSFORM", "escape", "create_object"),
  row("CreateOpClassStmt", "CREATE OPERATOR CLASS", "escape", "create_object"),
  row("CreateOpFamilyStmt", "CREATE OPERATOR FAMILY", "escape", "create_object"),
  row("AlterOpFamilyStmt", "ALTER OPERATOR FAMILY", "escape", "alter"),
  row("AlterOperatorStmt", "ALTER OPERATOR", "define", "alter"),
  row("AlterTSDictionaryStmt", "ALTER TEXT SEARCH DICTIONARY", "define", "alter"),
  row("AlterTSConfigurationStmt", "ALTER TEXT SEARCH CONFIGURATION", "define", "alter"),
  row("AlterCollationStmt", "ALTER COLLATION", "define", "alter"),
  row("CreateStatsStmt", "CREATE STATISTICS", "define", "create_statistics"),
  row("AlterStatsStmt", "ALTER STATISTICS", "define", "alter"),
  row("CreateAmStmt", "CREATE ACCESS METHOD", "escape", "access_method"),
  row("CommentStmt", "COMMENT", "define", "comment"),
  row("RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW", "administer", "maintenance"),
  row("TruncateStmt", "TRUNCATE TABLE", "write", "truncate"),
  row("DoStmt", "DO", "execute", "do"),
  row("CallStmt", "CALL", "execute", "call"),
  row("VacuumStmt", "VACUUM", "administer", "maintenance"),
  row("ReindexStmt", "REINDEX", "administer", "maintenance"),
  row("ClusterStmt", "CLUSTER", "administer", "maintenance"),
  row("CheckPointStmt", "CHECKPOINT", "administer", "maintenance"),
  row("LockStmt", "LOCK TABLE", "administer", "maintenance", "lock"),
  row("LoadStmt", "LOAD", "escape", "load"),
  row("GrantStmt", "GRANT", "administer", "grant"),
  row("GrantRoleStmt", "GRANT ROLE", "administer", "grant"),
  row("AlterDefaultPrivilegesStmt", "ALTER DEFAULT PRIVILEGES", "administer", "grant"),
  row("CreateRoleStmt", "CREATE ROLE", "administer", "role"),
  row("AlterRoleStmt", "ALTER ROLE", "administer", "role"),
  row("AlterRoleSetStmt", "ALTER ROLE", "administer", "role"),
  row("DropRoleStmt", "DROP ROLE", "administer", "role", "drop"),
  row("ReassignOwnedStmt", "REASSIGN OWNED", "administer", "owner"),
  row("DropOwnedStmt", "DROP OWNED", "administer", "owner", "drop"),
  row("SecLabelStmt", "SECURITY LABEL", "administer", "security_label"),
  row("AlterSystemStmt", "ALTER SYSTEM", "administer", "alter_system"),
  row("CreatedbStmt", "CREATE DATABASE", "administer", "database"),
  row("AlterDatabaseStmt", "ALTER DATABASE", "administer", "database"),
  row("AlterDatabaseSetStmt", "ALTER DATABASE", "administer", "database"),
  row("AlterDatabaseRefreshCollStmt", "ALTER DATABASE", "administer", "database"),
  row("DropdbStmt", "DROP DATABASE", "administer", "database", "drop"),
  row("CreateTableSpaceStmt", "CREATE TABLESPACE", "escape", "tablespace"),
  row("AlterTableSpaceOptionsStmt", "ALTER TABLESPACE", "administer", "tablespace"),
  row("DropTableSpaceStmt", "DROP TABLESPACE", "administer", "tablespace", "drop"),
  row("CreateExtensionStmt", "CREATE EXTENSION", "escape", "extension"),
  row("AlterExtensionStmt", "ALTER EXTENSION", "escape", "extension"),
  row("AlterExtensionContentsStmt", "ALTER EXTENSION", "escape", "extension"),
  row("CreatePLangStmt", "CREATE LANGUAGE", "escape", "language"),
  row("CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER", "escape", "foreign_data"),
  row("AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER", "escape", "foreign_data"),
  row("CreateForeignServerStmt", "CREATE SERVER", "escape", "foreign_data"),
  row("AlterForeignServerStmt", "ALTER SERVER", "escape", "foreign_data"),
  row("CreateForeignTableStmt", "CREATE FOREIGN TABLE", "escape", "foreign_data"),
  row("CreateUserMappingStmt", "CREATE USER MAPPING", "escape", "foreign_data"),
  row("AlterUserMappingStmt", "ALTER USER MAPPING", "escape", "foreign_data"),
  row("DropUserMappingStmt", "DROP USER MAPPING", "escape", "foreign_data", "drop"),
  row("ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA", "escape", "foreign_data"),
  row("CreatePublicationStmt", "CREATE PUBLICATION", "escape", "replication"),
  row("AlterPublicationStmt", "ALTER PUBLICATION", "escape", "replication"),
  row("CreateSubscriptionStmt", "CREATE SUBSCRIPTION", "escape", "replication"),
  row("AlterSubscriptionStmt", "ALTER SUBSCRIPTION", "escape", "replication"),
  row("DropSubscriptionStmt", "DROP SUBSCRIPTION", "escape", "replication", "drop"),
]);
