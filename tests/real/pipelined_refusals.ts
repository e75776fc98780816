/**
 * What a client has sent ahead of a refusal: the answers are those of a server that met an error
 * there. Of rows of a COPY nothing is stored when a part of them is refused.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import type { Frame } from "#schemas/wire/postgres/frame.ts";
import { frontendBytes, type FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import { bind, flush, parse, run, sync } from "./exchanges.ts";
import type { Way } from "./open_gateway.ts";
import { type Rig, scenario } from "./support.ts";
import { usual, type WireClient, wireSession } from "./wire_client.ts";

/** May be written by `test-writes`, and is not protected. */
export const copiedTable = "create table runs (what text not null)";

const query = (text: string): FrontendMessage => ({ kind: "query", text });
const data = (text: string): FrontendMessage => {
  return { kind: "copy_data", data: new TextEncoder().encode(text) };
};
const done: FrontendMessage = { kind: "copy_done" };
const into = "copy runs from stdin";
/** A row for each row of the table. */
const count = query("select from runs");

type Exchange = {
  readonly name: string;
  /** Sent in one piece each; before the next one is sent, this many messages of a tag come. */
  readonly sends: readonly (readonly [readonly FrontendMessage[], string, number])[];
  /** What came: tags, SQLSTATE of errors, status of ReadyForQuery. */
  readonly hears: string;
};

const none = "T C Z(I)";
const exchanges: readonly Exchange[] = [
  {
    name: "batches behind a refused one that ends with Flush",
    sends: [[
      [parse("drop table runs"), flush, ...run("select 1"), flush, query("select 2")],
      "E",
      1,
    ], [
      [...run("select 3"), sync, ...run("select 4"), sync],
      "Z",
      2,
    ]],
    hears: "E(42501) Z(I) 1 2 T D C Z(I)",
  },
  {
    name: "the same in one piece, in a transaction",
    sends: [[
      [
        query("begin"),
        parse("drop table runs"),
        flush,
        ...run("select 3"),
        sync,
        query("rollback"),
      ],
      "Z",
      3,
    ]],
    hears: "C Z(T) E(42501) Z(E) C Z(I)",
  },
  {
    name: "a Sync alone behind a refusal, in a transaction",
    sends: [[
      [query("begin"), ...run("drop table runs"), sync, sync, query("rollback")],
      "Z",
      4,
    ]],
    hears: "C Z(T) E(42501) Z(E) Z(E) C Z(I)",
  },
  {
    name: "rows of a COPY behind one that is refused",
    sends: [
      [[query(into)], "G", 1],
      [[data("a\n"), data("[ssn]\n"), data("c\n"), done, count], "Z", 2],
    ],
    hears: `G E(42501) Z(I) ${none}`,
  },
  {
    name: "a COPY in a transaction",
    sends: [
      [[query("begin"), query(into)], "G", 1],
      [[data("[ssn]\n")], "Z", 1],
      [[data("c\n"), done, query("rollback"), count], "Z", 2],
    ],
    hears: `C Z(T) G E(42501) Z(E) C Z(I) ${none}`,
  },
  {
    name: "a COPY behind a refusal, in a transaction that is committed",
    sends: [[
      [
        query("begin"),
        query("insert into runs values ('x')"),
        query("drop table runs"),
        query(into),
        data("a\n"),
        done,
        query("commit"),
        count,
      ],
      "Z",
      6,
    ]],
    hears: `C Z(T) C Z(T) E(42501) Z(E) E(25P02) Z(E) C Z(I) ${none}`,
  },
  {
    name: "a COPY by the extended protocol",
    sends: [
      [[...run(into), sync], "G", 1],
      [[data("[ssn]\n"), data("b\n"), done, sync, count], "Z", 2],
    ],
    hears: `1 2 n G E(42501) Z(I) ${none}`,
  },
  {
    name: "a COPY whose last row lacks its end",
    sends: [
      [[...run(into), sync], "G", 1],
      [[data("a\n[ssn]"), done, sync, count], "Z", 2],
    ],
    hears: `1 2 n G E(42501) Z(I) ${none}`,
  },
  {
    name: "what ran before a refusal, of the same batch, that ends with Sync",
    sends: [
      [[...run("insert into runs values ('x')"), flush], "C", 1],
      [[...run("drop table runs"), sync], "Z", 1],
      [[count], "Z", 1],
    ],
    hears: `1 2 n C E(42501) Z(I) ${none}`,
  },
  {
    name: "what ran before a refusal, of the same batch, that ends with Flush",
    sends: [
      [[...run("insert into runs values ('x')"), flush], "C", 1],
      [[...run("drop table runs"), flush], "E", 1],
      [[...run("select 1"), sync, count], "Z", 2],
    ],
    hears: `1 2 n C E(0A000) Z(I) ${none}`,
  },
  {
    name: "a refusal behind what has failed already, in the same batch",
    sends: [
      [[...run("select 1/0"), flush], "E", 1],
      [[...run("drop table runs"), sync], "Z", 1],
      [[count], "Z", 1],
    ],
    hears: `1 E(22012) Z(I) ${none}`,
  },
  {
    name: "what ran before a refused query of the same batch",
    sends: [
      [[...run("insert into runs values ('x')"), flush], "C", 1],
      [[query("drop table runs"), count], "Z", 2],
    ],
    hears: `1 2 n C E(42501) Z(I) ${none}`,
  },
  {
    name: "a COPY that nobody refuses",
    sends: [
      [[query(into)], "G", 1],
      [[data("a\n"), data("b\n"), done, query("delete from runs")], "Z", 2],
    ],
    hears: "G C Z(I) C Z(I)",
  },
];

/** More rows than one verdict could tell of. */
const longBatch = [
  parse("insert into runs values ($1)", "long"),
  ...Array.from({ length: 10_000 }, () => [
    bind(["x"], { statement: "long" }),
    { kind: "execute", portal: "", rowsMax: 0 } as const,
  ]).flat(),
];

/** All of it in one session, so that each goes on where the one before left it. */
export async function pipelinedRefusals(test: Deno.TestContext, rig: Rig): Promise<void> {
  const { edge, tokens, caFile } = rig.system;
  const agent = { name: "gateway", database: "ehr", user: "agent" } as const;
  const way: Way = { ...agent, ...edge, password: tokens.agent, caFile };
  await scenario(test, rig, "what is sent ahead of a refusal", async () => {
    const { client } = await wireSession(way, usual);
    for (const { name, sends, hears } of exchanges) {
      deepStrictEqual([name, await held(client, sends)], [name, hears]);
    }
    await client.send(frontendBytes(...longBatch, ...run("drop table runs"), sync, count));
    const refused = await client.until("Z", 2);
    const ends = refused.filter(({ tag }) => "EZD".includes(tag)).map(wordOf);
    deepStrictEqual(ends, ["E(42501)", "Z(I)", "Z(I)"], "nothing of a long batch is left");
    await client.send(frontendBytes({ kind: "close", target: "statement", name: "long" }, sync));
    await client.until("Z");
    await client.send(frontendBytes(...longBatch, sync, count));
    const answers = (await client.until("Z", 2)).map(({ tag }) => tag);
    deepStrictEqual(
      ["C", "D", "Z"].map((tag) => answers.filter((one) => one === tag).length),
      [10_001, 10_000, 2],
    );
    client[Symbol.dispose]();
  });
}

async function held(client: WireClient, sends: Exchange["sends"]): Promise<string> {
  const heard: Frame[] = [];
  for (const [messages, tag, times] of sends) {
    await client.send(frontendBytes(...messages));
    heard.push(...await client.until(tag, times));
  }
  return heard.filter(({ tag }) => !"NS".includes(tag)).map(wordOf).join(" ");
}

function wordOf({ tag, raw }: Frame): string {
  const text = new TextDecoder("latin1").decode(raw);
  if (tag === "Z") return `Z(${text.slice(5)})`;
  return tag === "E" ? `E(${/\0C([^\0]*)/.exec(text)?.[1]})` : tag;
}
