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
import type { Piece } from "./analysis/probes.ts";
import { literalsOf, shapeOf } from "./analysis/shape.ts";

/** Analyses remembered for each schema. */
const rememberedMax = 4096;
/** A longer text is analysed anew each time. */
const textCharsMax = 8192;

type Understood = Extract<Analysed, { kind: "analysed" }>;
/** `sql` is the text it was made of, when it stands for every text of a shape. */
type Remembered = { readonly analysed: Understood; readonly sql: string | null };

export function createAnalyser(parser: Parser, limits: AnalysisLimits) {
  let memory = new WeakMap<Schema, Map<string, Remembered>>();
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
    const known = memory.get(schema) ?? new Map<string, Remembered>();
    memory.set(schema, known);
    const shape = shapeOf(sql);
    const shapeKey = shape === null ? null : `${path}\nshape\n${shape}`;
    const textKey = `${path}\ntext\n${sql}`;
    const found = (shapeKey === null ? undefined : known.get(shapeKey)) ?? known.get(textKey);
    if (found !== undefined) {
      return found.sql === null ? found.analysed : withLiterals(found.analysed, found.sql, sql);
    }
    const result = analyse(sql, session, schema, parser, limits);
    if (result.kind === "refused" || !isPlain(result)) return result;
    const byShape = result.shapeIndependent && shapeKey !== null && areFound(result, sql);
    known.set(byShape ? shapeKey : textKey, { analysed: result, sql: byShape ? sql : null });
    const [oldest] = known.keys();
    if (known.size > rememberedMax && oldest !== undefined) known.delete(oldest);
    return result;
  }
}

function areFound(analysed: Understood, sql: string): boolean {
  const pieces = analysed.statements.flatMap(({ probes }) =>
    probes.flatMap(({ given }) => given?.pieces ?? [])
  );
  if (pieces.length === 0) return true;
  const literals = literalsOf(sql);
  return pieces.every((piece) => piece.kind !== "literal" || literals.has(piece.location));
}

/** The analysis of one text as that of another of the same shape: what it compares is the other's. */
function withLiterals(analysed: Understood, sql: string, other: string): Understood {
  if (analysed.statements.every(({ probes }) => probes.length === 0)) return analysed;
  const places = [...literalsOf(sql).keys()];
  const literals = [...literalsOf(other)];
  const placed = new Map(places.map((location, index) => [location, literals[index]] as const));
  const pieceOf = (piece: Piece): Piece => {
    const [location, text] = piece.kind === "literal" ? placed.get(piece.location) ?? [] : [];
    return location === undefined || text === undefined
      ? piece
      : { kind: "literal", text, location };
  };
  const statements = analysed.statements.map((statement) => ({
    ...statement,
    probes: statement.probes.map(({ classes, given }) => ({
      classes,
      given: given === null ? null : { ...given, pieces: given.pieces.map(pieceOf) },
    })),
  }));
  return { ...analysed, statements };
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
