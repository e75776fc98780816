/**
 * What Describe told of prepared statements, kept for the Executes of later requests.
 *
 * @module
 */
import type { DescribedColumn, Rewriter, Snapshot } from "./rewriter.ts";

/** Remembers the columns of a statement as the newest; the oldest beyond the limit is forgotten. */
export function remember(
  rewriter: Rewriter,
  name: string,
  columns: readonly DescribedColumn[],
): void {
  const { statements } = rewriter;
  statements.delete(name);
  statements.set(name, columns);
  rewriter.described.add(name);
  for (const oldest of statements.keys()) {
    if (statements.size <= rewriter.options.limits.statementsMax) break;
    statements.delete(oldest);
  }
}

/** At a ParseComplete: the statement of that name is a new one. */
export function forgetParsed(rewriter: Rewriter): void {
  const name = rewriter.request.parsed?.[rewriter.parses] ?? "";
  rewriter.parses++;
  rewriter.statements.delete(name);
  rewriter.described.delete(name);
}

/** What a rewriter must be given to go on at a request boundary. Small, and JSON. */
export function snapshot(rewriter: Rewriter): Snapshot {
  const statements = [...rewriter.statements].map(([name, columns]) => ({
    name,
    columns: columns.map((column) => [column.typeOid, column.tableOid, column.attribute] as const),
  }));
  return { version: 1, clientEncoding: rewriter.clientEncoding, statements };
}

/** Gives a new rewriter what another one knew. */
export function restore(rewriter: Rewriter, from: Snapshot): void {
  rewriter.clientEncoding = from.clientEncoding;
  for (const { name, columns } of from.statements) {
    remember(
      rewriter,
      name,
      columns.map(([typeOid, tableOid, attribute]) => ({ typeOid, tableOid, attribute })),
    );
  }
  rewriter.described.clear();
}
