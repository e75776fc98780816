/**
 * Statements about the session itself: settings, transactions, DEALLOCATE, CLOSE, DISCARD, LISTEN.
 *
 * @module
 */
import type { Run } from "./run.ts";
import { named, plain } from "./lineage.ts";
import type { SessionChange } from "./session.ts";
import { isPlainSchema } from "#schemas/sql/search_path.ts";
import { isHarmlessSetting, isRole, noteReading } from "./settings.ts";
import { done, type Judged, refuse, type Refused } from "./statement.ts";
import { bodyOf, constantOf, type Fields, items, type Node, text } from "./tree.ts";

/** Null when the tag is none of the session's. */
export function judgeSessionStatement({ tag, body }: Node, run: Run): Judged | Refused | null {
  switch (tag) {
    case "VariableSetStmt":
      run.consulted.push(0);
      return setVariable(body, run);
    case "VariableShowStmt": {
      run.effects.add("session");
      const name = text(body["name"]);
      const names = name === "all" ? ["name", "setting", "description"] : [name];
      const columns = names.map((column) => named(column, plain));
      return { ...done("SHOW"), output: { columns, open: false, rows: name === "all" ? 400 : 1 } };
    }
    case "TransactionStmt":
      return transaction(body, run);
    case "DeallocateStmt": {
      const name = body["isall"] === true ? null : text(body["name"]);
      return sessionChange("DEALLOCATE", { kind: "deallocate", name }, run);
    }
    case "ClosePortalStmt": {
      const name = text(body["portalname"]);
      return sessionChange("CLOSE", { kind: "close", name: name === "" ? null : name }, run);
    }
    case "DiscardStmt":
      return sessionChange("DISCARD", discarded(text(body["target"])), run);
    case "ConstraintsSetStmt":
      return sessionChange("SET CONSTRAINTS", null, run);
    case "UnlistenStmt":
      return sessionChange("UNLISTEN", null, run);
    case "ListenStmt":
      run.details.add("listen");
      return sessionChange("LISTEN", null, run);
    case "NotifyStmt":
      // A payload reaches whoever listens, past every mask.
      run.effects.add("administer");
      run.details.add("notify");
      return done("NOTIFY");
    default:
      return null;
  }
}

function sessionChange(command: string, change: SessionChange | null, run: Run): Judged {
  run.effects.add("session");
  return done(command, change);
}

function discarded(target: string): SessionChange {
  // The first member of the enumeration, ALL, is left out of the tree when it is the default.
  if (target === "DISCARD_TEMP") return { kind: "discard", what: "temp" };
  if (target === "" || target === "DISCARD_ALL") return { kind: "discard", what: "all" };
  return { kind: "discard", what: "plans" };
}

function setVariable(body: Fields, run: Run): Judged {
  const kind = text(body["kind"]);
  const name = text(body["name"]).toLowerCase();
  const local = body["is_local"] === true;
  run.details.add("set");
  const reset = { kind: "search_path_reset", local } as const;
  if (kind === "VAR_RESET_ALL") return sessionChange("RESET", reset, run);
  if (kind === "VAR_SET_MULTI") return setTransaction(name, run);
  const isReset = kind === "VAR_RESET" || kind === "VAR_SET_DEFAULT";
  if (isReset) return resetVariable(name, reset, run);
  const values = kind === "VAR_SET_VALUE" ? literals(items(body["args"])) : null;
  if (kind !== "VAR_SET_VALUE" || !isHarmlessSetting(name, values)) {
    run.effects.add("administer");
    noteReading(name, run);
    if (isRole(name)) return done("SET", { kind: "role", local });
    return done("SET", name === "search_path" ? { kind: "search_path", path: null, local } : null);
  }
  if (name !== "search_path") return sessionChange("SET", null, run);
  return sessionChange("SET", { kind: "search_path", path: pathOf(values), local }, run);
}

/** Back to what the login had: harmless for every setting, the role's included. */
function resetVariable(name: string, reset: SessionChange, run: Run): Judged {
  return sessionChange("RESET", name === "search_path" ? reset : null, run);
}

function setTransaction(name: string, run: Run): Judged {
  const harmless = name === "transaction" || name === "session characteristics";
  run.effects.add(harmless ? "session" : "administer");
  return done("SET");
}

/** An empty name is no schema; `"$user"` is resolved when names are. */
function pathOf(values: readonly string[] | null): readonly string[] | null {
  return values?.every(isPlainSchema) === true ? values.filter((name) => name !== "") : null;
}

function literals(args: readonly unknown[]): readonly string[] | null {
  const values: string[] = [];
  for (const arg of args) {
    const constant = constantOf(arg) ?? constantOf(bodyOf(arg, "TypeCast")?.["arg"]);
    switch (constant?.kind) {
      case "string":
      case "float":
        values.push(constant.value);
        break;
      case "integer":
      case "boolean":
        values.push(String(constant.value));
        break;
      default:
        return null;
    }
  }
  return values;
}

function transaction(body: Fields, run: Run): Judged | Refused {
  const kind = text(body["kind"]).replace("TRANS_STMT_", "");
  const name = text(body["savepoint_name"]);
  const chain = body["chain"] === true;
  switch (kind) {
    case "":
    case "BEGIN":
      return sessionChange("BEGIN", { kind: "begin" }, run);
    case "START":
      return sessionChange("START TRANSACTION", { kind: "begin" }, run);
    case "COMMIT":
      return sessionChange("COMMIT", { kind: "commit", chain }, run);
    case "ROLLBACK":
      return sessionChange("ROLLBACK", { kind: "rollback", chain }, run);
    case "SAVEPOINT": {
      const { transaction: current } = run.session;
      if (current.kind === "block" && current.savepoints.length >= run.limits.namesMax) {
        return refuse("too_complex", "The transaction has too many savepoints");
      }
      return sessionChange("SAVEPOINT", { kind: "savepoint", name }, run);
    }
    case "RELEASE":
      return sessionChange("RELEASE", { kind: "release", name }, run);
    case "ROLLBACK_TO":
      return sessionChange("ROLLBACK", { kind: "rollback_to", name }, run);
    default:
      // Two-phase commit outlives the session, and with it every record of who may finish it.
      run.effects.add("administer");
      run.details.add("two_phase");
      if (kind === "COMMIT_PREPARED") {
        run.effects.add("define");
        return done("COMMIT PREPARED", { kind: "define" });
      }
      return done("PREPARE TRANSACTION", { kind: "rollback", chain: false });
  }
}
