/**
 * Results of many shapes, direct, through pgbouncer and through Sallyport in one run: text, binary,
 * COPY, a hundred columns, pipelined statements; how late the first row is, after the query and
 * after the server made it, and what masking costs a byte. Nothing of it is a protected class but
 * where it says so.
 *
 * `deno run -A tests/bench/shapes_main.ts [runs of each, in one session]`
 *
 * @module
 */
import { joinBytes } from "#schemas/join_bytes.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { print, say } from "./print.ts";
import { processorTimes, startBenchRig } from "./rig.ts";
import { median, type Target } from "./tools.ts";
import { type Answer, connectWire } from "./wire_client.ts";

type Shape = {
  readonly name: string;
  readonly messages: Uint8Array;
  readonly statements: number;
  readonly syncs: number;
};

const [runs = 5] = Deno.args.map(Number);
const plain = "select c1, c2, c3, c4, c5, c6 from bench_plain";
/** Statements in a pipeline, and of those before each Sync. */
const pipelined = 500;
/** Time between two runs, milliseconds. */
const betweenMs = 700;
const beforeSync = 10;
/** The server's clock when it made the row. */
const clock = "extract(epoch from clock_timestamp())";
const shapes: readonly Shape[] = [
  shape("text", simple(plain)),
  shape("binary", extended(plain, 1)),
  shape("COPY", simple(`copy (${plain}) to stdout`)),
  shape("COPY binary", simple(`copy (${plain}) to stdout (format binary)`)),
  shape("100 columns", simple("select * from bench_wide")),
  shape("masked text", simple("select id, mrn, name, ssn, dob, filler from bench_people")),
  shape("one row", simple(`select ${clock}, c1, c2 from bench_plain limit 1`)),
  shape("text with the server's clock", simple(plain.replace("c1", `${clock}, c1`))),
  {
    name: `${pipelined} pipelined, Sync after ${beforeSync}`,
    messages: joinBytes(Array.from({ length: pipelined }, (_, at) => {
      const text = `select abalance from pgbench_accounts where aid = ${at + 1}`;
      return extended(text, 0, (at + 1) % beforeSync === 0);
    })),
    statements: pipelined,
    syncs: pipelined / beforeSync,
  },
];

await using rig = await startBenchRig({ syncAlways: false, say });
const pooled = await rig.pooled();
print(
  "| shape | MB | direct MB/s | pgbouncer | sallyport | first row later | behind the server " +
    "(direct) | masking ns a byte |",
);
print("|---|---|---|---|---|---|---|---|");
for (const one of shapes) {
  const direct = await measure(one, rig.direct);
  const through = await measure(one, pooled.target);
  const before = await processorTimes(rig);
  const ours = await measure(one, rig.gateway);
  print(rowOf(one, direct, through, ours, maskingSeconds(before, await processorTimes(rig))));
}
await pooled.stop();
await rig[Symbol.asyncDispose]();
Deno.exit(0);

function shape(name: string, messages: Uint8Array): Shape {
  return { name, messages, statements: 1, syncs: 1 };
}

function simple(text: string): Uint8Array {
  return frontendBytes({ kind: "query", text });
}

/** One statement by the extended protocol; all results in one format. */
function extended(text: string, format: 0 | 1, sync = true): Uint8Array {
  const unnamed = { portal: "", statement: "" };
  return joinBytes([
    frontendBytes({ kind: "parse", statement: "", text, parameterTypes: [] }),
    frontendBytes({
      kind: "bind",
      ...unnamed,
      parameterFormats: [],
      parameters: [],
      resultFormats: [format],
    }),
    frontendBytes({ kind: "execute", portal: "", rowsMax: 0 }),
    ...(sync ? [frontendBytes({ kind: "sync" })] : []),
  ]);
}

async function measure({ messages, syncs }: Shape, target: Target): Promise<Answer[]> {
  const client = await connectWire(target, rig.caPem);
  const answers: Answer[] = [];
  for (let run = 0; run <= runs; run++) {
    // Nor is what the one before still costs: its frames are hashed behind it.
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
    const answer = await client.exchange(messages, syncs);
    // What comes with a session's beginning is not the shape's.
    if (run > 0) answers.push(answer);
  }
  client.hangUp();
  return answers;
}

function rowOf(
  one: Shape,
  direct: readonly Answer[],
  through: readonly Answer[],
  ours: readonly Answer[],
  seconds: number,
): string {
  const bytes = median(ours.map((answer) => answer.bytes));
  const rate = (answers: readonly Answer[]) =>
    median(answers.map((answer) => answer.bytes / 1e3 / answer.wholeMs));
  const firstMs = (answers: readonly Answer[]) => median(answers.map((each) => each.firstRowMs));
  const perSecond = (answers: readonly Answer[]) =>
    median(answers.map(({ wholeMs }) => (one.statements * 1000) / wholeMs));
  const speed = (answers: readonly Answer[]) =>
    one.statements > 1 ? `${perSecond(answers).toFixed(0)}/s` : rate(answers).toFixed(1);
  const ratio = (rate(ours) / rate(direct)) * 100;
  const laterMs = firstMs(ours) - firstMs(direct);
  const cells = [
    one.name,
    (bytes / 1e6).toFixed(2),
    speed(direct),
    speed(through),
    `${speed(ours)} (${ratio.toFixed(0)}%)`,
    `${laterMs.toFixed(1)} ms`,
    behind(ours) === null ? "" : `${behind(ours)} ms (${behind(direct)})`,
    // Of little bytes the statement's own cost would be all.
    bytes > 1e6 ? ((seconds * 1e9) / (bytes * (runs + 1))).toFixed(1) : "",
  ];
  return `| ${cells.join(" | ")} |`;
}

function behind(answers: readonly Answer[]): string | null {
  const all = answers.flatMap(({ behindMs }) => behindMs === null ? [] : [behindMs]);
  return all.length === 0 ? null : median(all).toFixed(1);
}

function maskingSeconds(before: Map<string, number>, after: Map<string, number>): number {
  return (after.get("masking") ?? 0) - (before.get("masking") ?? 0);
}
