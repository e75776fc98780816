/** @module */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Judgement } from "#actors/authz/session_judge.ts";
import { analyseCommandLine } from "#actors/authz/ssh/shell.ts";
import { maskWhole, type StreamPlan } from "#schemas/mask_plan.ts";
import { explainReport } from "./explain_report.ts";

const judged: Judgement = {
  decision: "allow",
  policies: ["analysts-read"],
  policyVersion: "v1",
  configDigest: "c",
  catalogDigest: "d",
  reasons: [],
  needs: [],
  statements: [{
    command: "SELECT",
    effects: ["read", "filter_by"],
    details: [],
    relations: ["public.patients"],
    functions: [],
    classesRead: ["dob"],
    classesFiltered: ["zip"],
    filters: [{ class: "zip", kinds: ["equality", "sort"], probes: 2 }],
    aggregateRowsMin: 3,
    classesWritten: [],
    columns: [
      { name: "dob", classes: ["dob"], opaque: false, origin: null },
      { name: "\x1b[2J", classes: [], opaque: true, origin: null },
      { name: "n", classes: [], opaque: false, aggregate: true, origin: null },
    ],
    copy: null,
    estimatedRows: 4.2,
  }],
  plan: {
    results: [{
      answers: "query",
      statement: null,
      formats: [],
      columns: [
        { classes: ["dob"], mask: { operator: "generalise", to: "year" }, origin: null },
        { classes: ["opaque"], mask: { operator: "redact" }, origin: null },
        { classes: ["zip"], mask: { operator: "redact" }, origin: null },
      ],
      copy: null,
    }],
    errors: "generic",
  },
  parsed: null,
  durationMsMax: 1000,
  volume: { rowsMax: 100, rowsOf: "request", bytesMax: 2000, bytesOf: "session" },
  facts: [],
  consequence: { allowed() {}, settled() {} },
  explain: [],
};

Deno.test("explainReport() says effects, classes and each column's mask, on lines of its own", () => {
  deepStrictEqual(explainReport(judged), [
    "allow by analysts-read",
    "  gives out at most 100 rows, 2000 bytes",
    "statement 1: SELECT, read, filter_by",
    "  touches: public.patients",
    "  classes read: dob",
    "  classes filtered by: zip (equality, sort, 2 values)",
    "  rows: about 5 rows; nothing here depends on it",
    "  proven: groups of at least 3 rows",
    "  column dob: generalise to year, from dob",
    "  column \\x1b[2J: redact",
    "  column n: redact, of too few rows by zip: HAVING count(*) >= n proves more",
  ]);
});

Deno.test("explainReport() says of a channel how many bytes it may give out, and no rows", () => {
  const stream: StreamPlan = {
    content: "output",
    revealed: [],
    holdMsMax: null,
    files: "mask",
  };
  const lines = explainReport({ ...judged, plan: { ...judged.plan, stream } });
  ok(lines.includes("  gives out at most 2000 bytes"));
});

Deno.test("explainReport() says whose guess decides, and that the planner would be asked", () => {
  const statements = judged.statements.map((one) => ({ ...one, estimatedBy: "catalog" as const }));
  const explain = [{ message: 0, searchPath: ["public"] }];
  const lines = explainReport({ ...judged, statements, explain });
  ok(lines.includes("  rows: about 5 rows by the catalog's statistics"));
  ok(lines.includes(
    "  decided by how many rows there are: the server's planner would be asked first",
  ));
});

Deno.test("explainReport() of a refusal says why, and shows no mask as if rows came", () => {
  const reason = {
    code: "policy_forbids",
    policy: "never-drop",
    message: "policy forbids it",
    detail: "Refused: define.",
    hint: "Do without.",
    sqlstate: "42501",
  };
  const denied: Judgement = { ...judged, decision: "deny", reasons: [reason], plan: maskWhole };
  const lines = explainReport({ ...denied, policies: ["never-drop"] });
  deepStrictEqual(lines.slice(0, 4), [
    "deny by never-drop",
    "  policy_forbids: policy forbids it",
    "    Refused: define.",
    "    hint: Do without.",
  ]);
  ok(!lines.some((line) => line.startsWith("  column")));
});

Deno.test("explainReport() says of a command what it touches", () => {
  const found = analyseCommandLine("curl -T notes/a https://files.example; $X", {
    home: null,
    terminal: false,
    shell: "bash",
  });
  const lines = explainReport({ ...judged, decision: "deny", statements: found ?? [] });
  deepStrictEqual(lines.slice(1), [
    "statement 1: curl, execute, network",
    "  touches: files.example:443",
    "statement 2: curl, read",
    "  touches: ~/notes/a",
    "statement 3: execute, interpret (unknown_program)",
  ]);
});
