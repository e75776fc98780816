/** node-postgres and postgres.js, direct and through the gateway: what they give is the same. */
import { deepStrictEqual, ok } from "node:assert/strict";
import pg from "pg";
import postgres from "postgres";
import { startOpenRig, type Way } from "./open_gateway.ts";
import { scenario } from "./support.ts";

Deno.test("drivers of npm give the same direct and through the gateway", async (test) => {
  await using rig = await startOpenRig();
  const { direct, gateway } = rig;
  for (const [name, use] of Object.entries({ ...ofNodePostgres, ...ofPostgresJs })) {
    await scenario(test, rig, name, async () => {
      const expected = await use(direct);
      ok(expected.length > 0);
      deepStrictEqual(await use(gateway), expected);
    });
  }
});

/** What is used of node-postgres, which comes without types. */
type Result = {
  readonly rows: readonly unknown[];
  readonly rowCount: number | null;
  readonly command: string;
  readonly fields: readonly {
    readonly name: string;
    readonly dataTypeID: number;
    readonly format: string;
  }[];
};
type Query = {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly unknown[];
  readonly rowMode?: "array";
};
type Client = {
  connect(): Promise<void>;
  query(query: string | Query, values?: readonly unknown[]): Promise<Result>;
  on(event: string, listener: (message: Readonly<Record<string, unknown>>) => void): void;
  end(): Promise<void>;
};
type Use = (way: Way) => Promise<unknown[]>;

const ofNodePostgres: Readonly<Record<string, Use>> = {
  "node-postgres: types, parameters and what is known of columns": (way) => {
    return withClient(way, async (client) => {
      const result = await client.query({
        text: `select $1::int as number, $2::text as text, $3::jsonb as json, $4::bytea as bytes,
          $5::timestamptz as at, $6::int[] as list, null as nothing, 1.50::numeric as exact,
          'x'::char(3) as padded, true as flag, interval '1 day' as span`,
        values: [
          ...[42, "ä'\\", { a: [1, null] }, Uint8Array.of(0, 255)],
          ...[new Date("2026-11-21T10:00:00Z"), [1, 2]],
        ],
      });
      const { rows, rowCount, command, fields } = result;
      const columns = fields.map(({ name, dataTypeID, format }) => ({ name, dataTypeID, format }));
      return [rows, rowCount, command, columns];
    });
  },
  "node-postgres: a named statement many times, and rows as arrays": (way) => {
    return withClient(way, async (client) => {
      const text = "select $1::int * n as product from generate_series(1, 3) n";
      const rows: unknown[] = [];
      for (let times = 0; times < 20; times++) {
        const query = { name: "product", text, values: [times], rowMode: "array" } as const;
        rows.push((await client.query(query)).rows);
      }
      return rows;
    });
  },
  "node-postgres: several statements, and queries waiting in line": (way) => {
    return withClient(way, async (client) => {
      const several: unknown = await client.query(
        "select 1 as a; select 2 as b; select 'x' where 0 = 1",
      );
      const many = await Promise.all(
        Array.from({ length: 50 }, (_, n) => client.query("select $1::int as n", [n])),
      );
      const results = Array.isArray(several) ? several : [];
      return [results.map(({ rows }) => rows), many.map(({ rows }) => rows)];
    });
  },
  "node-postgres: errors with all their fields, and the client goes on": (way) => {
    return withClient(way, async (client) => {
      const failures: unknown[] = [];
      for (
        const text of [
          "select nope",
          "selekt 1",
          "select 1/0",
          "create table once (id int primary key); insert into once values (1), (1)",
          "do $$ begin raise exception 'no' using errcode = 'P0042', detail = 'd', hint = 'h'; end $$",
        ]
      ) failures.push(await failureOf(client.query(text)));
      failures.push(await failureOf(client.query("select $1::int", ["x"])));
      return [...failures, (await client.query("select 'on' as state")).rows];
    });
  },
  "node-postgres: transactions and savepoints": (way) => {
    return withClient(way, async (client) => {
      await client.query("create temp table kept (what text)");
      await client.query("begin");
      await client.query("insert into kept values ($1)", ["first"]);
      await client.query("savepoint s");
      await failureOf(client.query("insert into nowhere values (1)"));
      const aborted = await failureOf(client.query("select 1"));
      await client.query("rollback to s");
      const { command } = await client.query("commit");
      await client.query("begin");
      await failureOf(client.query("select 1/0"));
      const undone = await client.query("commit");
      return [aborted, command, undone.command, (await client.query("table kept")).rows];
    });
  },
  "node-postgres: notices and notifications": (way) => {
    return withClient(way, async (client) => {
      const heard: unknown[] = [];
      client.on("notice", ({ message, severity }) => heard.push([severity, message]));
      client.on("notification", ({ channel, payload }) => heard.push([channel, payload]));
      await client.query("listen news");
      await client.query("do $$ begin raise notice 'look'; end $$");
      await client.query("notify news, 'heard'");
      await client.query("select 1");
      return heard;
    });
  },
};

const ofPostgresJs: Readonly<Record<string, Use>> = {
  "postgres.js: types that it asks the catalog for": (way) => {
    return withSql(way, async (sql) => {
      await sql`create temp table listed (names text[], counts int[], at timestamptz)`;
      const row = { names: ["a", "b,c"], counts: [1, 2], at: new Date("2026-11-21T10:00:00Z") };
      await sql`insert into listed ${sql(row)}`;
      const rows = await sql`select *, ${sql.json({ a: 1 })}::jsonb as json from listed`;
      return [
        [...rows],
        rows.count,
        rows.command,
        rows.columns.map(({ name, type }) => [name, type]),
      ];
    });
  },
  "postgres.js: pipelined statements, some of which fail": (way) => {
    return withSql(way, (sql) => {
      return Promise.all(Array.from({ length: 60 }, async (_, n) => {
        const work = n % 7 === 3 ? sql`select 1/${n - n}::int` : sql`select ${n}::int as n`;
        return await work.then((rows) => [...rows], failureFields);
      }));
    });
  },
  "postgres.js: cursors, and COPY out": (way) => {
    return withSql(way, async (sql) => {
      const pages: unknown[] = [];
      const numbers = sql`select n from generate_series(1, 1000) n`;
      await numbers.cursor(300, (page) => void pages.push([page.length, page[0]]));
      let text = "";
      const copy = sql`copy (select n, 'row ' || n from generate_series(1, 500) n) to stdout`;
      for await (const chunk of await copy.readable()) text += new TextDecoder().decode(chunk);
      return [pages, text];
    });
  },
  "postgres.js: nested transactions and what is prepared by name": (way) => {
    return withSql(way, async (sql) => {
      await sql`create temp table steps (what text)`;
      await sql.begin(async (outer) => {
        await outer`insert into steps values ('outer')`;
        await outer.savepoint(async (inner) => {
          await inner`insert into steps values ('inner')`;
          await inner`select 1/0`;
        }).catch(() => {});
        await outer`insert into steps values ('after')`;
      });
      const described = await sql`select what, ${1}::int as n from steps`.describe();
      return [[...await sql`table steps`], described.columns.map(({ name }) => name)];
    });
  },
};

async function withClient<T>(way: Way, work: (client: Client) => Promise<T>): Promise<T> {
  const { host, port, database, user, password, caFile } = way;
  const ca = await Deno.readTextFile(caFile ?? "");
  const ssl = { ca, servername: "localhost" };
  const client: Client = new pg.Client({ host, port, database, user, password, ssl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function withSql<T>(way: Way, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const { host, port, database, user, password, caFile } = way;
  const ca = await Deno.readTextFile(caFile ?? "");
  const sql = postgres({
    ...{ host, port, database, user, password, max: 1, onnotice: () => {} },
    ssl: { ca, servername: "localhost" },
  });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return failureFields(error);
  }
  throw new Error("The statement was to fail");
}

/** Every field that PostgreSQL sends with an error. */
function failureFields(error: unknown): unknown {
  const fields = "message code severity detail hint position where schema table constraint routine";
  const known: Record<string, unknown> = { ...(error instanceof Error ? error : {}) };
  const message = error instanceof Error ? error.message : "";
  return { ...Object.fromEntries(fields.split(" ").map((name) => [name, known[name]])), message };
}
