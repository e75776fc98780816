/**
 * `sallyport init`: an installation of one machine in front of a PostgreSQL server of one's own.
 * It looks at the database as the gateway will, and writes what `up` starts: configuration, policy,
 * certificates, keys. What it cannot know it masks.
 *
 * @module
 */
import { relative } from "node:path";
import { checkPolicy } from "#actors/authz/policy/check.ts";
import {
  consoleUrlOf,
  installMachine,
  type Machine,
  postgresAddress,
  tryingIssuerUrl,
  writeMachine,
} from "#deploy/own_machine.ts";
import { launcherId } from "#deploy/demo/issuer_config.ts";
import { freePorts } from "#deploy/machine/free_port.ts";
import { type Arguments, type Grammar, usage, wholeNumber } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { askJson } from "./http.ts";
import {
  type DatabaseAddress,
  databaseAddress,
  type DatabaseLook,
  lookAtDatabase,
} from "./init_database.ts";
import { configText, policyText } from "./init_files.ts";
import { type ProposedListing, proposeListing } from "./propose_classes.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "init",
  summary: "put a gateway in front of a PostgreSQL server of yours",
  flags: {
    database: { value: "<url>", help: "postgresql://user@host:5432/name, the gateway's own role" },
    "password-file": { value: "<file>", help: "the role's password; - for standard input" },
    "ca-file": { value: "<file>", help: "who signed the server's certificate, PEM" },
    "server-name": { value: "<name>", help: "the name in it (default: the host's)" },
    connection: { value: "<name>", help: "what agents call it (default: the database's name)" },
    issuer: { value: "<url>", help: "your OpenID Connect issuer (default: one to try with)" },
    audience: { value: "<name>", help: "whom its tokens are for (default: sallyport)" },
    "console-client": { value: "<id>", help: "the console's client there (default: sallyport)" },
    "people-clients": { value: "<ids>", help: "clients there by which people act themselves" },
    readers: { value: "<group>", help: "the group that may read (default: analysts)" },
    approvers: { value: "<group>", help: "the group that is asked (default: compliance)" },
    organisation: { value: "<name>", help: "as approvers see it (default: the connection's)" },
    "host-name": { value: "<name>", help: "let agents in from elsewhere, by this name" },
    port: { value: "<n>", help: "where PostgreSQL is served (default: a free one)" },
  },
  details: [
    "The folder is --dir, else SALLYPORT_DIR, else .sallyport/<connection>; nothing that is there is\n" +
    "overwritten. The role must be no superuser; grant it what agents may read at most. Without\n" +
    "--issuer the demo's people are there to try it with, who sign in without a password.",
    "Columns get a class by their names; what is not recognised is masked whole until you say more\n" +
    "in sallyport.yaml. Afterwards: sallyport up",
  ],
};

/** Longer is no password. */
const passwordCharactersMax = 4096;

export const init: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const wanted = wantedOf(given);
  const directory = placeOf(call, wanted.connection);
  if (await Deno.stat(directory).catch(() => null) !== null) {
    const hint = "name another folder with --dir, or start what is there: sallyport up";
    throw new CommandError(`${directory} is there already`, hint);
  }
  const password = await passwordOf(given);
  const ca = await textOf(given, "ca-file", "the server's authority");
  const { host, port, database, user, tls } = wanted.address;
  const serverName = given.value("server-name");
  terminal.say(`reading the catalog of ${database} at ${host}:${port}, no row of it`);
  const look = await lookAtDatabase(wanted.connection, {
    host,
    port,
    database,
    user,
    password: password ?? "",
    tls: tls === "disable" ? null : { ca: ca ?? undefined, serverName: serverName ?? host },
  });
  if (look.readable === 0) {
    const role = JSON.stringify(user);
    throw new CommandError(
      `the role ${role} may read no table of ${database}`,
      `as its owner: grant usage on schema … to ${role}; grant select on all tables in schema …`,
    );
  }
  const issuer = given.value("issuer");
  if (issuer !== null) await checkIssuer(issuer, call.signal);

  const machine = machineOf(given);
  const listing = proposeListing(look.catalog.relations);
  const texts = {
    config: configText({
      organisation: given.value("organisation") ?? wanted.connection,
      issuerUrl: issuer ?? tryingIssuerUrl(machine),
      audience: given.value("audience") ?? "sallyport",
      peopleClients: given.value("people-clients")?.split(",") ??
        (issuer === null ? [launcherId] : []),
      consoleUrl: consoleUrlOf(machine),
      consoleClient: given.value("console-client") ?? "sallyport",
      connection: {
        name: wanted.connection,
        ...wanted.address,
        ...(password === null ? {} : { passwordFile: passwordFile(wanted.connection) }),
        ...(ca === null ? {} : { caFile }),
        ...(serverName === null ? {} : { serverName }),
      },
      listing,
    }),
    policy: policyText({
      connection: wanted.connection,
      readers: groupOf(given, "readers", "analysts"),
      approvers: groupOf(given, "approvers", "compliance"),
    }),
  };
  const checked = checkPolicy(texts.config, texts.policy);
  if (!checked.ok) {
    const [first] = checked.problems;
    throw new CommandError(`what would be written is wrong: ${first?.path}: ${first?.message}`);
  }
  await write({ directory, machine, texts, password, ca, connection: wanted.connection }, call);
  tell(call, { directory, machine, look, listing, connection: wanted.connection });
  return exitCodes.done;
}

type Wanted = { readonly address: DatabaseAddress; readonly connection: string };

function wantedOf(given: Arguments): Wanted {
  const text = given.value("database");
  if (text === null) throw usage(grammar, "--database is missing: where your database is");
  const address = databaseAddress(grammar, text);
  const connection = given.value("connection") ?? address.database;
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(connection)) {
    throw usage(grammar, "--connection is needed: a name in lower case, digits, _ and -");
  }
  return { address, connection };
}

function placeOf({ given, environment, cwd }: Call, connection: string): string {
  const named = given.value("dir") ?? environment.SALLYPORT_DIR ?? `.sallyport/${connection}`;
  return named.startsWith("/") ? named : `${cwd}/${named}`;
}

function groupOf(given: Arguments, flag: string, otherwise: string): string {
  const group = given.value(flag) ?? otherwise;
  if (/^[^"\\\p{Cc}]{1,256}$/u.test(group)) return group;
  throw usage(grammar, `--${flag} is a group's name, without quotes and backslashes`);
}

async function passwordOf(given: Arguments): Promise<string | null> {
  const text = await textOf(given, "password-file", "the role's password");
  if (text === null) return null;
  const password = text.replace(/\r?\n$/, "");
  if (password !== "" && password.length <= passwordCharactersMax && password.trim() === password) {
    return password;
  }
  throw new CommandError("the role's password is empty, too long, or ends in spaces");
}

async function textOf(given: Arguments, flag: string, what: string): Promise<string | null> {
  const file = given.value(flag);
  return file === null ? null : new TextDecoder().decode(await readNamed(file, what));
}

async function checkIssuer(issuer: string, signal: AbortSignal): Promise<void> {
  if (!URL.canParse(issuer)) throw usage(grammar, "--issuer is a URL");
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const { status, body } = await askJson(url, {}, "the issuer", signal);
  const named = typeof body === "object" && body !== null && "issuer" in body ? body.issuer : null;
  if (status === 200 && named === issuer) return;
  throw new CommandError(
    `${url} is not the discovery document of that issuer (status ${status})`,
    "write the issuer exactly as the document does, with or without a slash at its end",
  );
}

function machineOf(given: Arguments): Machine {
  const [bus = 0, free = 0, ssh = 0, identity = 0, console = 0, issuer = 0] = freePorts(6);
  const postgres = wholeNumber(grammar, given, "port", { min: 1, max: 65535, otherwise: free });
  return {
    version: 1,
    logName: `sallyport.local/${crypto.randomUUID()}`,
    hostName: given.value("host-name"),
    ports: { bus, postgres, ssh, identity, console, issuer },
  };
}

const caFile = "certificates/database-ca.crt";

function passwordFile(connection: string): string {
  return `secrets/${connection}.password`;
}

type Written = {
  readonly directory: string;
  readonly machine: Machine;
  readonly texts: { readonly config: string; readonly policy: string };
  readonly password: string | null;
  readonly ca: string | null;
  readonly connection: string;
};

/** The configuration comes last: a folder without it is no installation. */
async function write(written: Written, { terminal }: Call): Promise<void> {
  const { directory, machine, texts, password, ca, connection } = written;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  await installMachine(directory, machine, terminal.say);
  if (password !== null) {
    const path = `${directory}/${passwordFile(connection)}`;
    await Deno.writeTextFile(path, password, { mode: 0o600 });
  }
  if (ca !== null) await Deno.writeTextFile(`${directory}/${caFile}`, ca);
  await writeMachine(directory, machine);
  await Deno.writeTextFile(`${directory}/policy.cedar`, texts.policy);
  await Deno.writeTextFile(`${directory}/sallyport.yaml`, texts.config);
}

type Done = {
  readonly directory: string;
  readonly machine: Machine;
  readonly look: DatabaseLook;
  readonly listing: ProposedListing;
  readonly connection: string;
};

function tell({ given, terminal, cwd }: Call, done: Done): void {
  const { directory, machine, look, listing, connection } = done;
  const { serverVersion } = look.catalog;
  const columns = Object.fromEntries(
    Object.entries(listing.classes).map(([name, one]) => [name, one.columns.length]),
  );
  if (given.has("json")) {
    const postgres = postgresAddress(machine);
    const console = consoleUrlOf(machine);
    const { length: plain } = listing.plain;
    const { unlisted } = listing;
    const found = { serverVersion, tables: look.readable, columns, plain, unlisted };
    terminal.print(JSON.stringify({ directory, connection, postgres, console, ...found }, null, 2));
    return;
  }
  const folder = relative(cwd, directory);
  const shown = folder === "" || folder.startsWith("..") ? directory : folder;
  const names = Object.entries(columns).filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`).join(", ");
  const major = Math.trunc(serverVersion / 10_000);
  for (
    const line of [
      `PostgreSQL ${major} with ${look.readable} tables that the gateway may read`,
      `columns known by name: ${names || "none"}; plain numbers and dates: ${listing.plain.length}`,
      `not recognised, so masked whole until they are listed: ${listing.unlisted}`,
      "",
      `look over   ${shown}/sallyport.yaml and ${shown}/policy.cedar`,
      `then        export SALLYPORT_DIR=${shown}`,
      "            deno task sallyport up",
    ]
  ) terminal.print(line);
}
