/**
 * Servers of every major version: clients see through the gateway what they see direct, what is
 * protected is masked, and each method of logging in upstream works.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startPostgres } from "#deploy/machine/postgres.ts";
import type { PostgresBinaries } from "#deploy/machine/postgres_binaries.ts";
import { findLeaks, readEvasions } from "#tests/corpus/evade.ts";
import { startCorpusRig } from "#tests/corpus/rig.ts";
import { checkCatalogReading } from "#tests/real/catalog_reading.ts";
import { conversations } from "#tests/real/conversations.ts";
import { checkPlanning } from "#tests/real/planning.ts";
import { debianPostgres } from "#tests/real/debian_postgres.ts";
import { holdConversation, makeConversationTables } from "#tests/real/held_conversation.ts";
import { startOpenRig } from "#tests/real/open_gateway.ts";
import { psql } from "#tests/real/psql.ts";
import { scenario, startRig } from "#tests/real/support.ts";
import { olderVersions, postgresOfVersion } from "./postgres_versions.ts";

/** The gateway speaks 3.2 to whoever asks, and TLS from the first byte, with any server. */
const gatewaysOwn: readonly (readonly [name: string, untilMajor: number])[] = [
  ["begins with protocol 3.2", 17],
  ["begins with a protocol to come", 17],
  ["begins with options of the protocol that nobody knows", 17],
  ["begins with TLS from the first byte", 16],
];

const smoke = [
  "\\d fruit",
  "\\d+ cheap",
  "\\dt",
  "\\df talk",
  "\\l open",
  "select count(*), sum(price) from fruit;",
  "begin; savepoint a; select 1/0; rollback to a; select 1; commit;",
  "\\copy fruit to stdout csv header",
  "select format('select %s', n) from generate_series(1, 3) n \\gexec",
  "select talk('x') \\gset",
  "\\echo :talk",
  "explain (costs off) select * from fruit where id = 3;",
];

for (const version of olderVersions) {
  Deno.test(`a server of version ${version}`, async (test) => {
    const binaries = await postgresOfVersion(version);
    await test.step("its catalog", () => catalogOf(binaries));
    await test.step("conversations and psql", async () => {
      await using rig = await startOpenRig({ passwordMethod: "password", binaries });
      const { direct, gateway } = rig;
      await makeConversationTables(direct);
      const major = Number.parseInt(version);
      const own = new Set(gatewaysOwn.flatMap(([name, until]) => major <= until ? [name] : []));
      for (const conversation of conversations().filter(({ name }) => !own.has(name))) {
        const expected = await holdConversation(direct, conversation);
        deepStrictEqual(await holdConversation(gateway, conversation), expected, conversation.name);
      }
      const { run } = await debianPostgres();
      const expected = await run(direct, "psql", ["-X"], smoke.join("\n"));
      ok(expected.stdout.includes("fruit_pkey"), expected.stderr);
      deepStrictEqual(await run(gateway, "psql", ["-X"], smoke.join("\n")), expected);
    });
    for (const passwordMethod of ["scram-sha-256", "md5"] as const) {
      await using rig = await startRig({ passwordMethod, binaries });
      await scenario(test, rig, `a masked read, logged in by ${passwordMethod}`, async () => {
        const input =
          "select ssn from patients where id = 1;\n\\d patients\nshow server_version;\n";
        const { code, stdout, stderr } = await psql(rig.system, { input, args: ["-At"] });
        deepStrictEqual({ code, stderr }, { code: 0, stderr: "" });
        const lines = stdout.split("\n");
        strictEqual(lines[0], "[ssn]");
        ok(lines.some((line) => line.startsWith("mrn|text|")), stdout);
        strictEqual(Number.parseInt(lines.at(-2) ?? ""), Number.parseInt(version));
      });
    }
  });
}

Deno.test("no evasion brings out a planted value of the oldest server", async () => {
  const all = await readEvasions();
  await using rig = await startCorpusRig({ binaries: await postgresOfVersion(olderVersions[0]) });
  const { findings, answered } = await findLeaks(rig.system, all);
  deepStrictEqual(findings, []);
  ok(answered >= all.length, `${answered} answers`);
});

async function catalogOf(binaries: PostgresBinaries): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-catalog-" });
  try {
    const options = { directory: `${directory}/server`, say: () => {}, ephemeral: true, binaries };
    await using server = await startPostgres(options);
    await checkCatalogReading(server);
    await checkPlanning(server);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
