/**
 * Analysis with a memory. Statements are remembered by their text; those whose analysis looked at
 * no literal also by their shape, so that a thousand lookups by key are one analysis.
 *
 * **Invariant:** what is remembered depends on schema, search path and text alone: a session with
 * temporary relations, prepared names or unsettled definitions in play is analysed anew.
 *
 * @module
 */
import { analyse, type Analysed, type AnalysisLimits } from "./analysis/analyse.ts";
import type { Schema } from "./analysis/catalog_index.ts";
import type { Parser } from "./analysis/parser.ts";
import type { SessionState } from "./analysis/session.ts";
import { shapeOf } from "./analysis/shape.ts";

/** Analyses remembered for each schema. */
const rememberedMax = 4096;
/** A longer text is analysed anew each time. */
const textCharsMax = 8192;

type Understood = Extract<Analysed, { kind: "analysed" }>;

export function createAnalyser(parser: Parser, limits: AnalysisLimits) {
  let memory = new WeakMap<Schema, Map<string, Understood>>();
  return {
    analyse: analyseOnce,
    /** A catalog changed. */
    forget() {
      memory = new WeakMap();
    },
  };

  function analyseOnce(sql: string, session: SessionState, schema: Schema): Analysed {
    const path = keyOf(session);
    if (path === null || sql.length > textCharsMax) {
      return analyse(sql, session, schema, parser, limits);
    }
    const known = memory.get(schema) ?? new Map<string, Understood>();
    memory.set(schema, known);
    const shape = shapeOf(sql);
    const shapeKey = shape === null ? null : `${path}\nshape\n${shape}`;
    const textKey = `${path}\ntext\n${sql}`;
    const found = (shapeKey === null ? undefined : known.get(shapeKey)) ?? known.get(textKey);
    if (found !== undefined) return found;
    const result = analyse(sql, session, schema, parser, limits);
    if (result.kind === "refused" || !isPlain(result)) return result;
    const key = result.shapeIndependent && shapeKey !== null ? shapeKey : textKey;
    known.set(key, result);
    const [oldest] = known.keys();
    if (known.size > rememberedMax && oldest !== undefined) known.delete(oldest);
    return result;
  }
}

/** What of the session an analysis of a plain statement depends on; null when on more. */
function keyOf(session: SessionState): string | null {
  const { searchPath, temporary, unsettled } = session;
  if (searchPath === null || temporary.size > 0 || unsettled) return null;
  return JSON.stringify(searchPath);
}

/** Statements that change nothing in the session and name nothing of it. */
function isPlain(analysed: Understood): boolean {
  return analysed.statements.every(({ analysis, change }) => {
    return change === null && plainCommands.has(analysis.command);
  });
}
const plainCommands: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE"]);
