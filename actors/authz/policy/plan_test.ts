import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { OutputColumn } from "#schemas/analysis.ts";
import { Config } from "#schemas/config.ts";
import { MaskPlan } from "#schemas/mask_plan.ts";
import { columnsPlan, errorsPlan, maskPlan, smallGroupsOf } from "./plan.ts";
import { config, select } from "./testing.ts";

const classes = Config.shape.classes.parse({
  ssn: { mask: { operator: "partial", last: 4 } },
  mrn: { mask: { operator: "tokenise" } },
  birth: { mask: { operator: "generalise", to: "year" } },
  shown: { mask: { operator: "keep" } },
});
const origin = { relation: 16_384, attribute: 2 };

function column(part: Partial<OutputColumn>): OutputColumn {
  return { name: "c", classes: [], opaque: false, origin, ...part };
}

function planOf(part: Partial<OutputColumn>, revealed: string[] = []) {
  const [plan] = columnsPlan([column(part)], revealed, classes);
  return plan;
}

Deno.test("columnsPlan() keeps what derives from no class", () => {
  deepStrictEqual(planOf({}), { classes: [], mask: { operator: "keep" }, origin });
  deepStrictEqual(planOf({ origin: null }), {
    classes: [],
    mask: { operator: "keep" },
    origin: null,
  });
});

Deno.test("columnsPlan() masks a bare column with its class's operator", () => {
  deepStrictEqual(planOf({ classes: ["ssn"] }), {
    classes: ["ssn"],
    mask: { operator: "partial", first: 0, last: 4 },
    origin,
  });
  deepStrictEqual(planOf({ classes: ["mrn"] })?.mask, { operator: "tokenise", scope: "default" });
});

Deno.test("columnsPlan() redacts what is derived: other operators are for bare columns", () => {
  for (const name of ["ssn", "mrn", "birth"]) {
    deepStrictEqual(planOf({ classes: [name], origin: null })?.mask, { operator: "redact" });
  }
});

Deno.test("columnsPlan() redacts a mixture of hidden classes, whatever its origin", () => {
  deepStrictEqual(planOf({ classes: ["mrn", "ssn"] }), {
    classes: ["mrn", "ssn"],
    mask: { operator: "redact" },
    origin,
  });
});

Deno.test("columnsPlan() keeps revealed classes, and masks by those that remain", () => {
  deepStrictEqual(planOf({ classes: ["mrn"] }, ["mrn"])?.mask, { operator: "keep" });
  deepStrictEqual(planOf({ classes: ["mrn", "ssn"] }, ["mrn"]), {
    classes: ["mrn", "ssn"],
    mask: { operator: "partial", first: 0, last: 4 },
    origin,
  });
  deepStrictEqual(planOf({ classes: ["mrn", "ssn"], origin: null }, ["mrn"])?.mask, {
    operator: "redact",
  });
  deepStrictEqual(planOf({ classes: ["mrn", "ssn"] }, ["mrn", "ssn"])?.mask, { operator: "keep" });
});

Deno.test("columnsPlan() redacts what is not understood, even if every class is revealed", () => {
  deepStrictEqual(planOf({ opaque: true, classes: ["mrn"] }, ["mrn", "opaque"]), {
    classes: ["mrn", "opaque"],
    mask: { operator: "redact" },
    origin,
  });
  deepStrictEqual(planOf({ opaque: true })?.classes, ["opaque"]);
});

Deno.test("columnsPlan() redacts a class that is not configured, or configured to be kept", () => {
  for (const name of ["gone", "__proto__", "constructor", "shown"]) {
    deepStrictEqual(planOf({ classes: [name] })?.mask, { operator: "redact" }, name);
  }
});

Deno.test("columnsPlan() keeps only what is understood and whose classes are all revealed", () => {
  const names = fc.subarray([...Object.keys(classes), "gone"]);
  fc.assert(fc.property(names, names, fc.boolean(), fc.boolean(), (had, revealed, opaque, bare) => {
    const plan = planOf({ classes: had, opaque, origin: bare ? origin : null }, revealed);
    const kept = plan?.mask.operator === "keep";
    strictEqual(kept, !opaque && had.every((name) => revealed.includes(name)));
  }));
});

Deno.test("maskPlan() redacts what is made of small groups of a class that wants larger ones", () => {
  const wanting = {
    ...classes,
    ...Config.shape.classes.parse({ zip: { aggregate_rows_min: 11 } }),
  };
  const columns = [column({ name: "day" }), column({ name: "n", aggregate: true, origin: null })];
  const counted = { ...select, classesFiltered: ["ssn", "zip"], columns };
  const maskOf = (analysis: typeof counted, revealed: string[] = []) => {
    const position = { answers: "query" as const, statement: null, formats: [], analysis };
    const { results: [result] } = maskPlan([position], [analysis], revealed, wanting);
    const [day, n] = result?.columns ?? [];
    strictEqual(day?.mask.operator, "keep");
    return `${n?.classes.join()} ${n?.mask.operator}`;
  };
  strictEqual(maskOf(counted), "zip redact");
  strictEqual(maskOf({ ...counted, aggregateRowsMin: 10 }), "zip redact");
  strictEqual(maskOf({ ...counted, aggregateRowsMin: 11 }), " keep");
  strictEqual(maskOf(counted, ["zip"]), " keep");
  strictEqual(maskOf({ ...counted, classesFiltered: ["ssn"] }), " keep");
  // What is not understood may be any class.
  strictEqual(maskOf({ ...counted, classesFiltered: ["opaque"] }), "zip redact");
  deepStrictEqual(smallGroupsOf(counted, [], classes), []);
});

Deno.test("errorsPlan() keeps the server's words only where no hidden class can be in them", () => {
  strictEqual(errorsPlan([select], []), "keep");
  strictEqual(errorsPlan([], []), "keep");
  const touching = [
    { ...select, classesRead: ["mrn"] },
    { ...select, classesFiltered: ["mrn"] },
    { ...select, classesWritten: ["mrn"] },
    { ...select, columns: [column({ classes: ["mrn"] })] },
  ];
  for (const one of touching) {
    strictEqual(errorsPlan([select, one], []), "generic");
    strictEqual(errorsPlan([select, one], ["ssn"]), "generic");
    strictEqual(errorsPlan([select, one], ["mrn"]), "keep");
  }
  const opaque = { ...select, columns: [column({ opaque: true })] };
  strictEqual(errorsPlan([opaque, select], []), "generic");
});

Deno.test("errorsPlan() replaces the words of effects that lineage does not follow", () => {
  for (const effect of ["execute", "define", "administer", "escape"] as const) {
    strictEqual(errorsPlan([{ ...select, effects: ["read", effect] }], []), "generic");
  }
  strictEqual(errorsPlan([{ ...select, effects: ["read", "write", "session"] }], []), "keep");
});

Deno.test("maskPlan() answers each position, and judges errors by all statements", () => {
  const format = {
    format: "csv" as const,
    delimiter: ",",
    null: "",
    quote: '"',
    escape: '"',
    header: false,
  };
  const reading = { ...select, classesRead: ["mrn"], columns: [column({ classes: ["mrn"] })] };
  const out = { ...reading, command: "COPY", copy: { direction: "out" as const, format } };
  const into = { ...select, columns: null, copy: { direction: "in" as const, format } };
  const positions = [reading, out, into].map((analysis) => ({
    answers: "query" as const,
    statement: null,
    formats: [],
    analysis,
  }));
  const plan = maskPlan(positions, [reading, out, into], [], config.classes);
  deepStrictEqual(plan.results.map(({ columns, copy }) => [columns.length, copy?.format ?? null]), [
    [1, null],
    [1, "csv"],
    [0, null],
  ]);
  strictEqual(plan.errors, "generic");
  ok(MaskPlan.safeParse(plan).success);
  const silent = maskPlan([], [reading], [], config.classes);
  deepStrictEqual(silent, { results: [], errors: "generic" });
  const unlisted = maskPlan(positions, [], [], config.classes);
  strictEqual(unlisted.errors, "generic");
});
