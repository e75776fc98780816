/**
 * `sallyport discover`: columns that no class and no list of plain columns names, with what they
 * look like by name and type. They are masked or shown, as their connection says, so this is asked
 * again whenever tables were made.
 *
 * @module
 */
import { lineText } from "#actors/audit/replay/text.ts";
import { parseConfig } from "#schemas/config_file.ts";
import type { Catalog } from "#schemas/catalog.ts";
import { type Listing, listingOf, unlistedColumns } from "#schemas/classification.ts";
import type { Config } from "#schemas/config.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";
import { type Arguments, type Grammar, usage } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { newestCatalog } from "./newest_catalog.ts";
import { connectAuditor, findPlace } from "./place.ts";
import { proposalText } from "./proposal_text.ts";
import { looksLike, patternOf } from "./propose_classes.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "discover",
  summary: "list columns that nobody has listed, what they look like, and whether they are shown",
  flags: {
    connection: { value: "<name>", help: "of this one (default: every PostgreSQL connection)" },
    propose: { help: "print what sallyport.yaml could say of them, to look over and take" },
  },
  details: [
    "By the newest catalog that target read; rows are not looked at. A column is listed by a pattern\n" +
    "schema.table.column, each part a name or *, in sallyport.yaml: under classes.<class>.columns, or,\n" +
    "where it is harmless, under connections.<name>.plain. What is listed nowhere is masked where the\n" +
    "connection says `unlisted: mask`; else whoever may read sees it, but for what a detector finds,\n" +
    "and plain numbers and dates whose name says nothing are left out here, but not of --propose. Of\n" +
    "partitions and children only what their parent has not is named.",
  ],
};

const columnCharactersMax = 200;

export const discover: Verb = { grammar, run };

export type Unlisted = {
  readonly connection: string;
  /** `schema.table.column`. */
  readonly column: string;
  /** The pattern that names it alone; null when its names hold a dot or a blank. */
  readonly pattern: string | null;
  readonly type: string;
  /** The class that its name speaks of, else `plain` by its type, else `unknown`. */
  readonly looksLike: string;
  readonly masked: boolean;
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
  const all: Unlisted[] = [];
  for (const connection of connectionsOf(given, config)) {
    terminal.say(`comparing the newest catalog of ${connection} with what is listed`);
    const catalog = await newestCatalog(auditor.bus, connection);
    all.push(...unlisted(catalog, listingOf(config, connection)));
  }
  if (given.has("propose")) {
    terminal.print(proposalText(all));
    return exitCodes.done;
  }
  const found = pressing(all);
  if (given.has("json")) {
    terminal.print(JSON.stringify(found, null, 2));
    return exitCodes.done;
  }
  const width = (key: "looksLike" | "connection" | "column") =>
    Math.max(...found.map((one) => one[key].length));
  for (const { connection, column, type, looksLike, masked } of found) {
    const cells = [
      masked ? "masked" : "shown ",
      looksLike.padEnd(width("looksLike")),
      connection.padEnd(width("connection")),
      lineText(column, columnCharactersMax).padEnd(width("column")),
      type,
    ];
    terminal.print(cells.join("  "));
  }
  for (const line of closing(found)) terminal.say(line);
  return exitCodes.done;
}

/** Without what is shown and plain by its type. */
export function pressing(found: readonly Unlisted[]): Unlisted[] {
  return found.filter(({ masked, looksLike }) => masked || looksLike !== "plain");
}

/** In the order of the catalog. */
export function unlisted(catalog: Catalog, listing: Listing): Unlisted[] {
  const masked = listing.unlisted === "mask";
  const { connection } = catalog;
  return unlistedColumns(catalog.relations, listing).map((one) => {
    const { relation, column: { name, typeName: type } } = one;
    return {
      connection,
      column: [relation.schema, relation.name, name].join("."),
      pattern: patternOf(one),
      type,
      looksLike: looksLike(name, type),
      masked,
    };
  });
}

/** How many there are, and what to do about them. */
function closing(found: readonly Unlisted[]): string[] {
  if (found.length === 0) return ["every column is listed, or plain"];
  const masked = found.filter((one) => one.masked).length;
  const [first] = found;
  return [
    `${found.length} columns are listed nowhere: ${masked} masked, ${found.length - masked} shown`,
    "list each in sallyport.yaml, and start again: under classes.<class>.columns, or under " +
    `connections.${first?.connection}.plain where it is harmless (schema.table.* is a whole table)`,
    "sallyport discover --propose prints what looks plain or of a class, to be looked over",
    ...(masked < found.length ? ["unlisted: mask, in a connection, masks what is not listed"] : []),
  ];
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
