/** A server that says what it likes: nothing of a value leaves, by no message, in no order. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { copyText } from "#schemas/copy_testing.ts";
import type { CopyFormat, Operator, ResultPlan } from "#schemas/mask_plan.ts";
import { backendBytes, type BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { fieldCodes } from "#schemas/wire/postgres/error_response.ts";
import { beginResponse, openRewriter } from "./rewrite.ts";
import {
  complete,
  describe,
  detectors,
  feed,
  keep,
  masked,
  options,
  planOf,
  play,
  ready,
  requestOf,
  result,
  row,
} from "./testing.ts";

/** What is looked for; no marker, no mask and no word of the gateway's own holds it. */
const secret = "zebulon";

const operators: readonly Operator[] = [
  { operator: "null" },
  { operator: "redact" },
  { operator: "hash" },
  { operator: "tokenise", scope: "default" },
  { operator: "generalise", to: "year" },
  { operator: "generalise", to: "age90" },
  { operator: "generalise", to: "zip3" },
];
/** Types that are known, of arrays, and that are not. */
const typeOids = [
  ...[0, 16, 17, 19, 23, 25, 114, 142, 701, 869, 1009, 1042, 1082, 1184, 1700, 2950],
  ...[3614, 3802, 3807, 3904, 70_000],
];

/** Mostly of two, so that what comes is often what was foreseen. */
function some<T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  const two = fc.array(one, { minLength: 2, maxLength: 2 });
  return fc.oneof({ arbitrary: two, weight: 6 }, fc.array(one, { maxLength: 3 }));
}

const aFormat = fc.constantFrom<0 | 1>(0, 1);
const aColumn = fc.constantFrom(...operators).map((operator) => masked(operator, "name"));
const aResult: fc.Arbitrary<ResultPlan> = fc.record({
  answers: fc.constantFrom<ResultPlan["answers"]>("query", "query", "describe", "execute"),
  statement: fc.constantFrom(null, "", "s"),
  formats: fc.array(aFormat, { maxLength: 2 }),
  columns: some(aColumn),
  copy: fc.option(
    fc.tuple(fc.constantFrom("text", "csv", "binary"), fc.constantFrom("\t", ",", "e"))
      .map(([kind, delimiter]): CopyFormat => ({ ...copyText, format: kind, delimiter })),
  ),
});

/** What the server words; names in its fields are those of its schema. */
const worded = ["M", "D", "H", "W", "q", "x"];
/** The secret as it stands alone, in other words, and in the shapes of types. */
const aValue = fc.oneof(
  fc.constantFrom(
    ...[secret, `{${secret},"${secret}"}`, `{"a":"${secret}"}`, `'${secret}':1`, `\x01"${secret}"`],
    ...[
      `PGCOPY\n\xff\r\n\0${"\0".repeat(8)}`,
      `${secret}\n`,
      `a\t${secret}\n`,
      `"${secret}\n",x\n`,
    ],
    ...[`\0\x02\0\0\0\x07${secret}\xff\xff\xff\xff`, "\xff\xff", "", "\n", '"', "\\"],
  ),
  fc.string({ maxLength: 6 }).map((text) => `${text}${secret}${text}`),
).map((text) => Buffer.from(text, "latin1"));
const aText = aValue.map((value) => value.toString("latin1").replaceAll("\0", ""));
const fields = fc.array(
  fc.record({
    code: fc.constantFrom(...worded),
    value: aText,
  }),
  { maxLength: 4 },
).map((some) => [{ code: fieldCodes.sqlstate, value: "22P02" }, ...some]);

const aMessage: fc.Arbitrary<BackendMessage> = fc.oneof(
  { arbitrary: some(fc.option(aValue)).map((all) => row(...all)), weight: 5 },
  fc.tuple(some(fc.constantFrom(...typeOids)), aFormat)
    .map(([types, one]) => describe(types, one)),
  { arbitrary: aValue.map((data): BackendMessage => ({ kind: "copy_data", data })), weight: 3 },
  fc.tuple(fc.constantFrom("copy_out_response", "copy_in_response"), aFormat, some(fc.nat()))
    .map(([kind, one, columns]): BackendMessage => {
      return { kind, format: one, columnFormats: columns.map(() => one) };
    }),
  fields.map((some): BackendMessage => ({ kind: "error_response", fields: some })),
  fields.map((some): BackendMessage => ({ kind: "notice_response", fields: some })),
  aText.map((text): BackendMessage => {
    return { kind: "parameter_status", name: "application_name", value: text };
  }),
  aText.map((text): BackendMessage => ({
    kind: "parameter_status",
    name: `- ${text}`,
    value: text,
  })),
  aText.map((text): BackendMessage => {
    return { kind: "notification_response", processId: 1, channel: "c", payload: text };
  }),
  aValue.map((value): BackendMessage => ({ kind: "function_call_response", value })),
  aText.map((tag): BackendMessage => ({ kind: "command_complete", tag })),
  fc.constantFrom(
    ...["parse_complete", "bind_complete", "close_complete", "no_data"] as const,
    ...["portal_suspended", "empty_query_response", "copy_done"] as const,
  ).map((kind): BackendMessage => ({ kind })),
  fc.constantFrom(ready, complete("SELECT 1"), complete("COPY 1")),
);

/** As a server says it when it means no harm. */
const anAnswer: fc.Arbitrary<BackendMessage[]> = fc.oneof(
  fc.tuple(some(fc.constantFrom(...typeOids)), aFormat, fc.array(some(fc.option(aValue))))
    .map(([types, one, rows]) => {
      return [describe(types, one), ...rows.map((all) => row(...all)), complete("SELECT 1")];
    }),
  fc.tuple(aFormat, fc.array(aValue, { maxLength: 4 })).map(([one, pieces]): BackendMessage[] => [
    { kind: "copy_out_response", format: one, columnFormats: [one, one] },
    ...pieces.map((data): BackendMessage => ({ kind: "copy_data", data })),
    { kind: "copy_done" },
    complete("COPY 1"),
  ]),
);

Deno.test("whatever a server says, nothing of a value leaves", () => {
  const response = fc.tuple(
    fc.array(aResult, { maxLength: 4 }),
    fc.array(fc.oneof(aMessage.map((one) => [one]), anAnswer), { maxLength: 8 }),
    fc.array(fc.nat(200), { maxLength: 3 }),
  );
  const property = fc.property(fc.array(response, { minLength: 1, maxLength: 3 }), (responses) => {
    const rewriter = openRewriter({ ...options, detectors }, null);
    for (const [results, messages, cuts] of responses) {
      beginResponse(rewriter, requestOf(planOf(results)));
      const bytes = backendBytes(...messages.flat());
      const within = cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b);
      const { bytes: left } = feed(rewriter, bytes, within);
      const views = [left.toString("latin1"), left.toString("latin1").replaceAll("\0", "")];
      ok(!views.some((view) => view.toLowerCase().includes(secret)));
    }
  });
  fc.assert(property, { numRuns: 1500, seed: 20_261_121 });
});

Deno.test("of columns that are described twice only the first are those of the plan", () => {
  const cases: readonly (readonly BackendMessage[])[] = [
    [describe([25, 25]), row("a", secret), describe([25]), row(secret)],
    [describe([25]), row("a"), describe([25]), row(secret)],
  ];
  const plan = planOf([result("query", { columns: [keep] })]);
  const rows = cases.map((messages) =>
    play([...messages, complete("SELECT 1"), ready], plan).lines.filter((line) => line[0] === "D")
  );
  deepStrictEqual(rows, [["D NULL|NULL", "D NULL"], ["D a", "D NULL"]]);
});
