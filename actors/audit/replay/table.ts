/**
 * Rows as an aligned text table, as `psql` shows them. A result that comes in several parts keeps
 * its columns' widths, so that its rows stay under each other.
 *
 * @module
 */
import type { OutputItem } from "./output.ts";
import { lineText, padText, widthOf } from "./text.ts";

export type TableLimits = { readonly cellCharactersMax: number };
type Rows = Extract<OutputItem, { kind: "rows" }>;

/** Creates the writer of one replay's tables: lines without line ends. */
export function tableWriter(limits: TableLimits): (rows: Rows) => string[] {
  let widths: number[] = [];
  return (item) => {
    const header = item.columns.map((name) => lineText(name, limits.cellCharactersMax));
    const cells = item.rows.map((row) => row.map((value) => cell(value, limits)));
    if (item.begins) widths = [];
    for (const row of item.begins ? [header, ...cells] : cells) {
      row.forEach((text, index) => {
        widths[index] = Math.max(widths[index] ?? 0, widthOf(text));
      });
    }
    const lines = cells.map((row) => line(row, widths));
    if (item.begins) {
      const rule = header.map((_, index) => "-".repeat((widths[index] ?? 0) + 2)).join("+");
      lines.unshift(line(header, widths), rule);
    }
    if (item.omitted > 0) lines.push(`… ${item.omitted} more rows`);
    return lines;
  };
}

function cell(value: string | null, limits: TableLimits): string {
  return value === null ? "∅" : lineText(value, limits.cellCharactersMax);
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((text, index) => ` ${padText(text, widths[index] ?? 0)} `).join("|").trimEnd();
}
