/**
 * The Cedar schema of Sallyport's policies, in Cedar's own human-readable schema format. Policies
 * are validated against it in strict mode when they are loaded.
 *
 * - An agent is `in` the agents it acts for, the accountable person, and the groups of both, so a
 *   rule about `User::"bob"` written with `in` holds for whoever acts for bob.
 * - Every action has the same context, so a condition reads the same whatever it guards.
 * - A connection's labels are its tags: `resource.hasTag("env") && resource.getTag("env") == "x"`.
 *
 * **Invariant:** every member of `Effect` is an action on a connection, and `reveal` is the only
 * action on a data class.
 *
 * @module
 */
import { Effect } from "#schemas/analysis.ts";

/** The action that shows a data class unmasked. */
export const revealAction = "reveal";

/** A derivation that is not understood stands among `context.classes` under this name. */
export const opaqueClass = "opaque";

/**
 * The class of what a connection with `unlisted: mask` has in no class; a configuration with such a
 * connection holds it among its classes.
 */
export const unlistedClass = "unlisted";

/** The schema's text. */
export const policySchema = `entity Group;
entity User in [Group];
entity Agent in [Agent, User, Group];
entity Connection = { name: String } tags String;
entity DataClass = { name: String };

type RequestContext = {
  // The effects of the statement or request, and finer words for them: "drop", "copy_to";
  // "writes_unseen" when a column is written whose class the principal may not see.
  effects: Set<String>,
  // Rows the result may have: an upper guess; for a whole request the sum.
  estimated_rows: Long,
  // The purpose of use in the token: "TREAT", or "" when it names none.
  purpose: String,
  // Data classes read or written; "opaque" when some derivation is not understood.
  classes: Set<String>,
  // Data classes in predicates, sort keys, group keys and joins.
  filtered_classes: Set<String>,
  // How they are used there: "ssn:equality", and the kinds of all of them: "equality", "range",
  // "pattern", "sort", "group", "join", "window".
  filters: Set<String>,
  filter_kinds: Set<String>,
  // Distinct values that the session has compared one of them with, this request included: the
  // most of any class; very large when they cannot be counted.
  probes: Long,
  // Rows that each group of protected rows is proven to have, by HAVING count(*) >= n; 0 when rows
  // are taken one by one or nothing is proven.
  aggregate_rows_min: Long,
  // "schema.name" of what is touched.
  relations: Set<String>,
  functions: Set<String>,
  // The command as PostgreSQL tags it: "SELECT", "DROP TABLE". Over SSH a program's name, "rm",
  // with its path unless that is the system's; "shell", "sftp" or "forward" for those.
  command: String,
  // Over SSH: what is touched, "" or 0 when nothing is. A path is normalised, below the home
  // directory as "~/reports/x", and links are not followed. A program's arguments, the known ones.
  path: String,
  host: String,
  port: Long,
  arguments: Set<String>,
  // Over SSH: "terminal", "output" (of a program), "sftp" or "tunnel".
  content: String,
  // The accountable person, and the agents acting for them, outermost first.
  person: String,
  actors: Set<String>,
  agent: Bool,
  connection: String,
};

action ${Effect.options.map((effect) => `"${effect}"`).join(", ")} appliesTo {
  principal: [User, Agent],
  resource: [Connection],
  context: RequestContext,
};

action "${revealAction}" appliesTo {
  principal: [User, Agent],
  resource: [DataClass],
  context: RequestContext,
};
`;
