/**
 * Columns that no class names, where a connection masks them: a class like any other, on every way.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import type { Listing } from "#schemas/classification.ts";
import { analyse, applyRequest, defaultLimits, indexCatalog } from "./analyse.ts";
import { clinicCatalog, clinicListing } from "./clinic.ts";
import { fresh, parser } from "./testing.ts";

const plain = ["public.claims.*", "*.*.id", "other.codes.label"];

/* Output columns with their classes, effects. */
const rows: readonly (readonly [string, string, string])[] = [
  ["select id, payer from claims", "id payer", "read"],
  ["select * from departments", "code:unlisted label:unlisted floor:unlisted", "read"],
  ["select upper(label) || 'x' as u from departments", "u:unlisted", "read"],
  ["select d from departments d", "d:unlisted", "read"],
  ["select v.visits, v.patient from v_patient_summary v", "visits patient:name", "read export"],
  ["select relname from pg_class", "relname", "read"],
  ["select tail from cards", "tail:ssn", "read export"],
  ["select at from events", "at:unlisted", "read export"],
  ["select 1 as n from departments where floor = '3'", "n", "read filter_by"],
  ["select 1 as n from claims order by payer", "n", "read"],
  ["copy departments (code) to stdout", "code:unlisted", "read export"],
  ["insert into departments (label) select name from other.codes", "-", "read write"],
  ["insert into departments (label) select ssn from patients", "-", "read write declassify"],
  ["insert into claims (payer) select label from departments", "-", "read write declassify"],
  ["update claims set payer = (select max(label) from departments)", "-", "read write declassify"],
  ["create table t as select label from departments", "-", "read define declassify"],
  ["alter table departments rename to claims_of_today", "-", "define declassify"],
  // Under a parent that is listed a child is listed too.
  ["alter table departments inherit other.codes", "-", "define declassify"],
  ["alter table other.codes attach partition departments default", "-", "define declassify"],
  ["alter table departments inherit other.patients", "-", "define"],
  ["alter table departments inherit nothing", "-", "define declassify"],
  ["alter table other.codes inherit departments", "-", "define"],
  ["alter table events detach partition events_2026", "-", "define"],
];

for (const [sql, columns, effects] of rows) {
  Deno.test(`unlisted: ${sql}`, () => {
    strictEqual(told(sql, { unlisted: "mask", plain }), `${columns} | ${effects}`);
  });
}

Deno.test("a temporary table has the classes of what it is made of, and none of its own", () => {
  const copy = "create temp table t as select c.payer, d.label from claims c, departments d";
  const listing = { unlisted: "mask", plain } as const;
  strictEqual(told("select * from t", listing, copy), "payer label:unlisted | read");
  strictEqual(told("select * from t", listing, "create temp table t (x text)"), "x | read");
});

Deno.test("where they are kept, they are as they were", () => {
  const kept = { unlisted: "keep", plain: [] } as const;
  strictEqual(told("select * from departments", kept), "code label floor | read");
  strictEqual(told("alter table departments inherit other.codes", kept), "- | define");
});

Deno.test("who brings a class under a parent that has none declassifies", () => {
  const kept = { unlisted: "keep", plain: [] } as const;
  const made = {
    classes: { ...clinicListing.classes, floor: { columns: ["public.basements.floor"] } },
    ...kept,
  };
  const brought = "- | define declassify";
  strictEqual(told("create table basements () inherits (departments)", made), brought);
  strictEqual(told("create table other.basements () inherits (departments)", made), "- | define");
  strictEqual(told("create table attics () inherits (departments)", made), "- | define");
  const all = { ...made, classes: { floor: { columns: ["public.departments.floor"] } } };
  strictEqual(told("alter table departments inherit other.codes", all), "- | define");
  strictEqual(told("alter table departments inherit claims", all), "- | define");
});

type Rest = Pick<Listing, "unlisted" | "plain"> & Partial<Pick<Listing, "classes">>;

function told(sql: string, rest: Rest, before = ""): string {
  const schema = indexCatalog(clinicCatalog, { ...clinicListing, ...rest });
  const session = [before].filter((text) => text !== "").reduce((state, text) => {
    const { changes } = run(text, state);
    return applyRequest(state, changes, changes.length);
  }, fresh);
  return run(sql, session).words;

  function run(text: string, state: typeof fresh) {
    const analysed = analyse(text, state, schema, parser, defaultLimits);
    if (analysed.kind === "refused") throw new Error(analysed.refusal.code);
    const { columns, effects } = analysed.statements.at(-1)?.analysis ?? { effects: [] };
    const names =
      columns?.map(({ name, classes, opaque }) =>
        `${[name, ...classes].join(":")}${opaque ? "?" : ""}`
      ) ?? ["-"];
    const changes = analysed.statements.map(({ change }) => change);
    return { words: `${names.join(" ")} | ${effects.join(" ")}`, changes };
  }
}
