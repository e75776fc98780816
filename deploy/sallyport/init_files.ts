/**
 * The two files that `init` writes for people to go on with: `sallyport.yaml` and `policy.cedar`.
 *
 * @module
 */
import { Document, isCollection, isScalar, visit } from "yaml";
import type { ProposedListing } from "./propose_classes.ts";

export type InitConfig = {
  readonly organisation: string;
  readonly issuerUrl: string;
  readonly audience: string;
  /** Clients of the issuer with which people act themselves. */
  readonly peopleClients: readonly string[];
  readonly consoleUrl: string;
  readonly consoleClient: string;
  readonly connection: {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly database: string;
    readonly user: string;
    /** Relative to the installation; absent where the server asks for no password. */
    readonly passwordFile?: string;
    readonly tls: "verify-full" | "disable";
    /** Relative to the installation; absent: the authorities that everybody trusts. */
    readonly caFile?: string;
    readonly serverName?: string;
  };
  readonly listing: Pick<ProposedListing, "classes" | "plain">;
};

/** The text of `sallyport.yaml`. */
export function configText(config: InitConfig): string {
  const { organisation, issuerUrl, audience, peopleClients, connection: given, listing } = config;
  const connection = {
    protocol: "postgres",
    host: given.host,
    port: given.port,
    database: given.database,
    user: given.user,
    ...(given.passwordFile === undefined ? {} : { "password_file": given.passwordFile }),
    tls: {
      mode: given.tls,
      ...(given.caFile === undefined ? {} : { "ca_file": given.caFile }),
      ...(given.serverName === undefined ? {} : { "server_name": given.serverName }),
    },
    unlisted: "mask",
    ...(listing.plain.length === 0 ? {} : { plain: listing.plain }),
  };
  const classes = Object.entries(listing.classes).map(([name, one]) => {
    const { description, columns, mask, detectors, aggregate_rows_min: least } = one;
    return [name, {
      description,
      ...(columns.length === 0 ? {} : { columns }),
      mask,
      ...(least === undefined ? {} : { "aggregate_rows_min": least }),
      ...(detectors.length === 0 ? {} : { detectors }),
    }];
  });
  return [
    "# Which connections exist, what is protected behind them and how it is masked. Who may do what",
    "# stands in policy.cedar. `sallyport policy schema` prints the JSON Schema of this file, and",
    "# `sallyport policy check` reads both as a start would.",
    yaml({ version: 1, organisation, shards: 2 }),
    "# Who says who somebody is: the issuer of your organisation, whose access tokens are for this",
    "# audience. With people_clients people act themselves; a token without `act` that another client",
    "# got is an agent's, which acts for the person by the client's id, or by its name in `agents`.",
    yaml({ issuer: { url: issuerUrl, audience, "people_clients": peopleClients } }),
    `# The console's client at the issuer is public, with PKCE; it is called back at`,
    `# ${config.consoleUrl}/callback`,
    yaml({ console: { url: config.consoleUrl, "client_id": config.consoleClient } }),
    "# Agents name a connection where they would name a database. `unlisted: mask`: a column that",
    "# neither a class nor `plain` names is masked whole, so that a table which is made tomorrow",
    "# shows nothing until somebody has looked at it; `keep`, what holds without this line, would",
    "# show it. `plain` names what is harmless: here the numbers, dates, truth values and ids whose",
    "# names say nothing, none of which anybody has looked at. Strike out what is not harmless, and",
    "# add what is: `sallyport discover` lists the columns that are unlisted. schema.table.column,",
    "# where * stands for any name: public.departments.* is the whole table.",
    yaml({ connections: { [given.name]: connection } }),
    "# By the names of columns, none of which anybody has looked at: go through them. What derives",
    "# from a column is masked with it. Of several classes a column is masked whole. A class that",
    "# names a column holds, whatever is plain.",
    yaml({ classes: Object.fromEntries(classes) }),
  ].join("\n");
}

/** The text of `policy.cedar`: readers see what is not protected, and bulk is agreed to. */
export function policyText(
  { connection, readers, approvers }: {
    readonly connection: string;
    readonly readers: string;
    readonly approvers: string;
  },
): string {
  const name = JSON.stringify(connection);
  const group = `Group::${JSON.stringify(readers)}`;
  const read = `action in [Action::"connect", Action::"session", Action::"read"]`;
  return `// Who may do what. Default deny: what no rule here permits is refused. Groups come from your
// identity provider; an agent is in the groups of the person it acts for and in its own.
// "sallyport policy explain" says what would become of a statement, and by which rule.

@id("readers-read")
permit (principal in ${group}, ${read}, resource == Connection::${name});

// By what they may not see they may ask for whole values, a few of them in a session.
@id("readers-look-up")
permit (principal in ${group}, action == Action::"filter_by", resource == Connection::${name})
  when { ["equality", "join"].containsAll(context.filter_kinds) && context.probes <= 20 };

// More protected rows than limits.bulk_rows (1000), or COPY: held until one of them agrees.
@id("bulk-is-agreed-to") @approval(${JSON.stringify(approvers)}) @quorum("1") @expires("15m")
permit (principal in ${group}, action == Action::"export", resource == Connection::${name});

// Nobody sees a protected class as it is, until a rule says who, and for what:
// @id("treatment-team-sees-names")
// permit (principal in Group::"treatment-team", action == Action::"reveal",
//   resource == DataClass::"name") when { context.purpose == "TREAT" };

@id("agents-never-reveal")
forbid (principal is Agent, action == Action::"reveal", resource);

@id("never-define-administer-or-escape")
forbid (principal, action in [Action::"define", Action::"administer", Action::"escape"], resource);
`;
}

/** Operators and detectors stand on a line each. */
function yaml(part: Readonly<Record<string, unknown>>): string {
  const document = new Document(part, { aliasDuplicateObjects: false });
  visit(document, {
    Pair(_, { key, value }) {
      const isShort = isScalar(key) && (key.value === "mask" || key.value === "detectors");
      if (isShort && isCollection(value)) value.flow = true;
    },
  });
  return document.toString({ lineWidth: 100 });
}
