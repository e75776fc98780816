import { strictEqual } from "node:assert/strict";
import { rowsUnknown } from "./analysis.ts";
import { expectedRows, expectedRowsText } from "./expected_rows.ts";

Deno.test("rows of statements add up, and the least sure guess speaks for all", () => {
  const text = (...statements: Parameters<typeof expectedRows>[0]) =>
    expectedRowsText(expectedRows(statements));
  const planned = { estimatedRows: 4999.2, estimatedBy: "planner" } as const;
  const counted = { estimatedRows: 1, estimatedBy: "catalog" } as const;
  const unknown = { estimatedRows: rowsUnknown, estimatedBy: "catalog" } as const;
  strictEqual(text({ estimatedRows: 7 }), "about 7 rows");
  strictEqual(text(planned), "about 5,000 rows by the server's planner");
  strictEqual(text(counted), "about 1 row by the catalog's statistics");
  strictEqual(text(planned, counted), "about 5,001 rows by the catalog's statistics");
  strictEqual(text(planned, unknown), "nobody knows how many rows");
});
