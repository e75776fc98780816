/** What the tests of command lines share: analyses as lines of text. @module */
import type { StatementAnalysis } from "#schemas/analysis.ts";

/** `program effects (details) path or host:port`, indented; what is the matter when null. */
export function corpusText(statements: readonly StatementAnalysis[] | null): string[] {
  if (statements === null) return ["  too complex"];
  return statements.map(({ command, effects, details, access }) => {
    const finer = details.length === 0 ? "" : ` (${details.join(", ")})`;
    const host = access?.host ?? null;
    const port = access?.port === null ? "" : `:${access?.port}`;
    const place = access?.path ?? (host === null ? "" : `${host}${port}`);
    return `  ${command === "" ? "-" : command} ${effects.join("+")}${finer} ${place}`.trimEnd();
  });
}
