/**
 * Conversations of a PostgreSQL client with the running gateway, compared whole with the
 * transcripts in `postgres/`. `UPDATE=1` writes them anew; then read what changed.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { scenario, startRig } from "#tests/real/support.ts";
import { record } from "./recorder.ts";

type Exchange = readonly FrontendMessage[];

const policy = (text: string) =>
  `${text}
@id("test-bulk")
permit (principal in Group::"analysts", action == Action::"export", resource == Connection::"ehr");
@id("test-write")
permit (principal in Group::"analysts", action == Action::"write", resource == Connection::"ehr");
`;

const sync = { kind: "sync" } as const;
const columns = "id, mrn, name, ssn, dob, sex, zip, email";

const conversations: Readonly<Record<string, readonly Exchange[]>> = {
  simple_query: [
    [query("select 1 as one, null::text as nothing")],
    [query(`select ${columns} from patients where id between 2 and 4 order by id`)],
    [query(
      "select v.department, p.name from visits v join patients p on p.id = v.patient_id " +
        "where v.id = 2; select count(*) from patients",
    )],
  ],
  extended_binary: [
    [
      parse("one", `select ${columns} from patients where id = $1`, [23]),
      { kind: "describe", target: "statement", name: "one" },
      sync,
    ],
    [bind("one", Uint8Array.of(0, 0, 0, 2)), execute(), sync],
    [
      bind("one", Uint8Array.of(0, 0, 0, 3)),
      { kind: "describe", target: "portal", name: "" },
      execute(),
      { kind: "close", target: "statement", name: "one" },
      sync,
    ],
  ],
  copy_to_stdout: [
    [query(
      `copy (select ${columns} from patients where id between 2 and 4 order by id) to stdout`,
    )],
    [query("copy (select id, ssn from patients where id = 2) to stdout with (format csv, header)")],
  ],
  refused_drop: [
    [query("begin")],
    [query("select count(*) from visits")],
    [query("drop table patients")],
    [query("select count(*) from visits")],
    [query("rollback")],
    [query("select count(*) from patients")],
  ],
  constraint_violation: [
    [query("update patients set mrn = (select mrn from patients where id = 3) where id = 2")],
    [query("update patients set zip = null where id = 2")],
    [query("update claims set status = 'lost' where id = 2")],
    [query("select status from claims where id = 2")],
  ],
};

Deno.test("conversations with the gateway are what their transcripts say", async (test) => {
  await using rig = await startRig({ policy });
  for (const [name, exchanges] of Object.entries(conversations)) {
    await scenario(test, rig, name, async () => {
      using recorder = await record(rig, `transcript_${name}`);
      for (const messages of exchanges) await recorder.exchange(...messages);
      const transcript = await recorder.finish();
      const file = new URL(`postgres/${name}.txt`, import.meta.url);
      if (Deno.env.get("UPDATE") === "1") await Deno.writeTextFile(file, transcript);
      strictEqual(transcript, await Deno.readTextFile(file), `UPDATE=1 writes ${name}.txt anew`);
    });
  }
});

function query(text: string): FrontendMessage {
  return { kind: "query", text };
}

function parse(statement: string, text: string, parameterTypes: number[]): FrontendMessage {
  return { kind: "parse", statement, text, parameterTypes };
}

/** One parameter and every result in binary. */
function bind(statement: string, parameter: Uint8Array): FrontendMessage {
  return {
    kind: "bind",
    portal: "",
    statement,
    parameterFormats: [1],
    parameters: [parameter],
    resultFormats: [1],
  };
}

function execute(): FrontendMessage {
  return { kind: "execute", portal: "", rowsMax: 0 };
}
