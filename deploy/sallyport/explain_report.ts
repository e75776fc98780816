/**
 * What authz would say to a statement, in words.
 *
 * @module
 */
import { uncounted } from "#actors/authz/postgres/probes.ts";
import type { Judgement } from "#actors/authz/session_judge.ts";
import { lineText } from "#actors/audit/replay/text.ts";
import type { OutputColumn, StatementAnalysis } from "#schemas/analysis.ts";
import { expectedRows, expectedRowsText } from "#schemas/expected_rows.ts";
import type { ColumnPlan } from "#schemas/mask_plan.ts";
import { opaqueClass } from "#schemas/policy_schema.ts";

const lineCharactersMax = 200;

/** The judgement for people; lines without line ends. */
export function explainReport(judged: Judgement): string[] {
  const { decision, policies, reasons, needs, statements, plan, volume } = judged;
  const by = policies.length === 0 ? "" : ` by ${policies.join(", ")}`;
  const lines = [`${decision}${by}`];
  for (const { code, message, detail, hint } of reasons) {
    lines.push(`  ${code}: ${message}`);
    if (detail !== "") lines.push(`    ${detail}`);
    if (hint !== "") lines.push(`    hint: ${hint}`);
  }
  for (const { group, quorum, expiresMs } of needs) {
    lines.push(`  asks ${quorum} of ${group}, within ${Math.ceil(expiresMs / 1000)} s`);
  }
  if (decision !== "deny" && volume !== null) {
    // A stream has no rows.
    const rows = plan.stream === undefined ? `${volume.rowsMax} rows, ` : "";
    lines.push(`  gives out at most ${rows}${volume.bytesMax} bytes`);
  }
  if (judged.explain.length > 0) {
    lines.push("  decided by how many rows there are: the server's planner would be asked first");
  }
  statements.forEach((one, index) => {
    const { command, effects, details, relations, functions } = one;
    const finer = details.length === 0 ? "" : ` (${details.join(", ")})`;
    const named = command === "" ? "" : `${command}, `;
    lines.push(`statement ${index + 1}: ${named}${effects.join(", ")}${finer}`);
    const facts: [string, readonly string[]][] = [
      ["touches", [...relations, ...placeOf(one)]],
      ["calls", functions],
      ["classes read", one.classesRead],
      ["classes filtered by", filtersOf(one)],
      ["classes written", one.classesWritten],
    ];
    for (const [name, values] of facts) {
      if (values.length > 0) lines.push(`  ${name}: ${values.join(", ")}`);
    }
    if (one.columns !== null) lines.push(`  rows: ${rowsText(one)}`);
    const { aggregateRowsMin = 0 } = one;
    if (aggregateRowsMin > 0) lines.push(`  proven: groups of at least ${aggregateRowsMin} rows`);
    const columns = plan.results[index]?.columns ?? [];
    if (decision === "deny") return;
    one.columns?.forEach(({ name }, at) => {
      lines.push(`  column ${name}: ${maskText(columns[at], one.columns?.[at])}`);
    });
  });
  return lines.map((line) => lineText(line, lineCharactersMax));
}

function rowsText(one: StatementAnalysis): string {
  const expected = expectedRows([one]);
  const text = expectedRowsText(expected);
  return expected.by === null ? `${text}; nothing here depends on it` : text;
}

/** Each class with how it is used, when that is known. */
function filtersOf({ classesFiltered, filters = [] }: StatementAnalysis): string[] {
  return classesFiltered.map((name) => {
    const found = filters.find((filter) => filter.class === name);
    const kinds = found?.kinds ?? [];
    const words = [...kinds, ...probesText(found?.probes ?? 0)];
    return words.length === 0 ? name : `${name} (${words.join(", ")})`;
  });
}

function probesText(probes: number): string[] {
  if (probes === 0) return [];
  return [probes === uncounted ? "values that cannot be counted" : `${probes} values`];
}

/** The file or host of a program, file operation or forwarding. */
function placeOf({ access }: StatementAnalysis): string[] {
  if (access === undefined) return [];
  const { path, host, port } = access;
  return [
    ...path === null ? [] : [path],
    ...host === null ? [] : [port === null ? host : `${host}:${port}`],
  ];
}

function maskText(plan: ColumnPlan | undefined, column: OutputColumn | undefined): string {
  if (plan === undefined) return "masked whole";
  const { classes, mask } = plan;
  const known = column?.classes ?? classes;
  const small = classes.filter((name) => name !== opaqueClass && !known.includes(name));
  const from = known.length === 0 ? "" : `, from ${known.join(", ")}`;
  const groups = small.length === 0
    ? ""
    : `, of too few rows by ${small.join(", ")}: HAVING count(*) >= n proves more`;
  const how = mask.operator === "generalise" ? `generalise to ${mask.to}` : mask.operator;
  return `${how}${from}${groups}`;
}
