/**
 * `sallyport discover`: columns that no class of the configuration names, with what they look like
 * by name and type. What is not listed in any class is shown to whoever may read, so this is asked
 * again whenever tables were made.
 *
 * @module
 */
import { parseConfig } from "#schemas/config_file.ts";
import type { Catalog } from "#schemas/catalog.ts";
import { classify, isSystemSchema } from "#schemas/classification.ts";
import type { Config } from "#schemas/config.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";
import { type Arguments, type Grammar, usage } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { newestCatalog } from "./newest_catalog.ts";
import { connectAuditor, findPlace } from "./place.ts";
import { proposedClass } from "./propose_classes.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "discover",
  summary: "list columns that have no class, and what they look like",
  flags: {
    connection: { value: "<name>", help: "of this one (default: every PostgreSQL connection)" },
  },
  details: [
    "By the newest catalog that target read; rows are not looked at. Plain numbers and dates whose\n" +
    "name says nothing are left out. Give the others a class in sallyport.yaml, or leave them as they\n" +
    "are: whoever may read sees them, but for what a detector finds.",
  ],
};

export const discover: Verb = { grammar, run };

export type Unclassified = {
  readonly connection: string;
  /** `schema.table.column`. */
  readonly column: string;
  readonly type: string;
  /** What its name speaks of, else `unreviewed`. */
  readonly looksLike: string;
};

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  await using auditor = await connectAuditor(await findPlace(call));
  const text = await readNamed(auditor.settings.configFile, "the configuration");
  const parsed = parseConfig(new TextDecoder().decode(text));
  if (!parsed.ok) {
    throw new CommandError("the configuration is wrong", "sallyport policy check says where");
  }
  const { config } = parsed;
  const found: Unclassified[] = [];
  for (const connection of connectionsOf(given, config)) {
    terminal.say(`comparing the newest catalog of ${connection} with the classes`);
    found.push(...unclassified(await newestCatalog(auditor.bus, connection), config.classes));
  }
  if (given.has("json")) {
    terminal.print(JSON.stringify(found, null, 2));
    return exitCodes.done;
  }
  const width = (key: keyof Unclassified) => Math.max(...found.map((one) => one[key].length));
  for (const { connection, column, type, looksLike } of found) {
    const cells = [
      looksLike.padEnd(width("looksLike")),
      connection.padEnd(width("connection")),
      column.padEnd(width("column")),
      type,
    ];
    terminal.print(cells.join("  "));
  }
  terminal.say(`${found.length} columns have no class`);
  return exitCodes.done;
}

/** In the order of the catalog. */
export function unclassified(catalog: Catalog, classes: Config["classes"]): Unclassified[] {
  const known = classify(catalog.relations, classes);
  return catalog.relations.flatMap(({ oid, schema, name: table, kind, columns }) => {
    // What a view shows derives from tables.
    if (isSystemSchema(schema) || kind === "v") return [];
    return columns.flatMap(({ name, attribute, typeName }) => {
      const looksLike = proposedClass(name, typeName);
      if (looksLike === null || known.get(oid)?.has(attribute) === true) return [];
      const column = [schema, table, name].join(".");
      return [{ connection: catalog.connection, column, type: typeName, looksLike }];
    });
  });
}

function connectionsOf(given: Arguments, config: Config): string[] {
  const names = Object.entries(config.connections).flatMap(([name, { protocol }]) => {
    return protocol === "postgres" ? [name] : [];
  });
  const named = given.value("connection");
  if (named === null) return names;
  if (names.includes(named)) return [named];
  throw usage(grammar, `there is no such PostgreSQL connection${didYouMean(named, names)}`);
}
