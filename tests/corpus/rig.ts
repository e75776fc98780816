/**
 * The system that the corpora run through: the demo's, with the tables of `clinic.sql`, a database
 * role that may do everything, and two agents. What an agent cannot obtain here the gateway kept.
 *
 * @module
 */
import type { System } from "#deploy/demo/system.ts";
import type { PostgresBinaries } from "#deploy/machine/postgres_binaries.ts";
import { startRig } from "#tests/real/support.ts";
import { setIn } from "#tests/real/configuration.ts";
import { asSuperuser } from "#tests/real/planted.ts";
import { parseDocument } from "yaml";
import type { Address } from "./agent.ts";

/**
 * Who runs an entry. None sees a class; the second may also administer and escape, the third only
 * read, and filter by a class in the ways that `filters/` tells.
 */
export type Party = "ordinary" | "unbound" | "choosy";

/** The gateway, for one of the agents. */
export function addressOf(system: System, party: Party): Address {
  const { agent: ordinary, nurse: unbound, approver: choosy } = system.tokens;
  const password = { ordinary, unbound, choosy }[party];
  return { ...system.edge, caFile: system.caFile, user: "agent", password };
}

/** The database itself, as the role that the gateway uses. */
export async function directAddress(system: System): Promise<Address> {
  const { host, port } = system.postgres;
  const password = await Deno.readTextFile(`${system.directory}/secrets/ehr.password`);
  return { host, port, caFile: system.caFile, user: "gateway_ehr", password };
}

/**
 * With `blind`, nobody may filter by a class either; with `twice`, a second connection `ehr_again`
 * leads to the same database; with `binaries`, on another server than the newest, which may have no
 * virtual columns.
 */
export function startCorpusRig(
  { blind = false, twice = false, binaries }: {
    blind?: boolean;
    twice?: boolean;
    binaries?: PostgresBinaries;
  } = {},
) {
  return startRig({
    kinds: ["identity", "authz", "approval", "target", "masking", "edge"],
    syncAlways: false,
    passwordMethod: "password",
    configure: (text) => twice ? again(configure(text)) : configure(text),
    ...(binaries === undefined ? {} : { binaries }),
    policy: () => blind ? policy + noFilter : policy,
    prepare: (server) =>
      asSuperuser(server, async (sql) => {
        const text = await Deno.readTextFile(new URL("clinic.sql", import.meta.url));
        await sql.unsafe(binaries === undefined ? text : text.replaceAll(" virtual,", " stored,"));
        await sql.unsafe("alter role gateway_ehr superuser");
        await sql.unsafe("analyze");
      }),
  });
}

const policy = `
@id("ordinary")
permit (
  principal in Group::"analysts",
  action in [Action::"connect", Action::"session", Action::"read", Action::"filter_by",
    Action::"write", Action::"define", Action::"execute", Action::"export"],
  resource is Connection
);
@id("unbound")
permit (
  principal in Group::"treatment-team",
  action in [Action::"connect", Action::"session", Action::"read", Action::"filter_by",
    Action::"write", Action::"define", Action::"execute", Action::"export",
    Action::"administer", Action::"escape"],
  resource == Connection::"ehr"
);
@id("choosy")
permit (
  principal in Group::"compliance",
  action in [Action::"connect", Action::"session", Action::"read", Action::"filter_by"],
  resource == Connection::"ehr"
);
@id("only-equality")
forbid (
  principal in Group::"compliance",
  action == Action::"filter_by",
  resource == Connection::"ehr"
) when {
  !(["equality", "join"].containsAll(context.filter_kinds)) &&
  !(["zip", "dob"].containsAll(context.filtered_classes))
};
@id("few-probes")
forbid (
  principal in Group::"compliance",
  action == Action::"filter_by",
  resource == Connection::"ehr"
) when { context.probes > 3 };
`;

/** All but the tables of `intake`, and what an evasion makes in a schema of its own. */
const plain = [
  "public.*.*",
  "other.*.*",
  "wing.*.*",
  "intake.arrivals.id",
  "intake.known.*",
  "intake.open.*",
];

const redact = { operator: "redact" };

const noFilter = `
@id("no-filter")
forbid (principal, action == Action::"filter_by", resource == Connection::"ehr");
`;

function again(text: string): string {
  const { ehr } = parseDocument(text).toJS().connections;
  return setIn(text, ["connections", "ehr_again"], ehr);
}

/** Every class is redacted, and what is unlisted too, so that nothing of a value may come out. */
function configure(text: string): string {
  const masks = ["mrn", "dob", "zip"].map((name) => ["classes", name, "mask"]);
  const secret = {
    description: "Values of many types",
    columns: [
      ...["number", "big", "amount", "body", "doc", "blob", "tags", "duo"]
        .map((column) => `public.vault.${column}`),
      "other.people.ssn_copy",
      ...["book", "shelf", "case", "page", "leaf"].map((kind) => `public.ward_${kind}.secret`),
      "wing.page.secret",
    ],
    mask: redact,
  };
  return [
    ...masks.map((path) => [path, redact] as const),
    [["classes", "secret"], secret] as const,
    [["limits", "bulk_rows"], 100_000] as const,
    [["connections", "ehr", "unlisted"], "mask"] as const,
    [["connections", "ehr", "plain"], plain] as const,
  ].reduce((current, [path, value]) => setIn(current, path, value), text);
}
