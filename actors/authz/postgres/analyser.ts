/**
 * Analysis with a memory. Statements are remembered by their text; those whose analysis looked at
 * no literal also by their shape, so that a thousand lookups by key are one analysis.
 *
 * **Invariant:** what is remembered depends on schema, search path and text alone: a session with
 * temporary relations, prepared names or unsettled definitions in play is analysed anew.
 *
 * @module
 */
import { Effect } from "#schemas/analysis.ts";
import { remember } from "#schemas/remember.ts";
import { analyse, type Analysed, type AnalysisLimits } from "../analysis/analyse.ts";
import { firstUserOid } from "#schemas/classification.ts";
import type { Schema } from "../analysis/catalog_index.ts";
import type { Parser } from "../analysis/parser.ts";
import type { SessionState } from "../analysis/session.ts";
import type { Piece } from "../analysis/probes.ts";
import { executesPrepared } from "../analysis/named.ts";
import { hiddenCode } from "../analysis/run.ts";
import { type Literal, literalsOf, shapeOf } from "../analysis/shape.ts";

/** Analyses remembered for each schema. */
const rememberedMax = 4096;
/** A longer text is analysed anew each time. */
const textCharsMax = 8192;

type Understood = Extract<Analysed, { kind: "analysed" }>;
/**
 * Of a shape that compares classes with literals, `literals` says which of them stand where, to
 * find them in another text; null when there are none.
 */
type Remembered = { readonly analysed: Understood; readonly literals: Places | null };
/** A literal's place among all of a text, by its location in the text that was analysed. */
type Places = ReadonlyMap<number, number>;

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
      return found.literals === null
        ? found.analysed
        : withLiterals(found.analysed, found.literals, literalsOf(sql));
    }
    const result = analyse(sql, session, schema, parser, limits);
    if (result.kind === "refused" || !isPlain(result)) return result;
    const literals = shape === null ? null : placesOf(result, sql);
    const byShape = result.shapeIndependent && shapeKey !== null && literals !== "elsewhere";
    const remembered = { analysed: result, literals: byShape ? literals : null };
    remember(known, byShape ? shapeKey : textKey, remembered, rememberedMax);
    return result;
  }
}

/**
 * The same where a client gives parameters types of users' own: Bind casts to them, and users' code
 * may check them.
 */
export function castingParameters(
  analysed: Analysed,
  types: readonly number[],
  session: SessionState,
  schema: Schema,
): Analysed {
  const mayCheck = session.unsettled || schema.hidden.types.size > 0;
  if (analysed.kind === "refused" || !mayCheck) return analysed;
  if (!types.some((oid) => oid >= firstUserOid)) return analysed;
  const statements = analysed.statements.map((statement) => {
    const { analysis } = statement;
    const effects = Effect.options.filter((effect) => {
      return effect === "execute" || analysis.effects.includes(effect);
    });
    const details = [...new Set([...analysis.details, "cast", hiddenCode])].sort();
    // To plan it would cast to them, too.
    return { ...statement, analysis: { ...analysis, effects, details }, plannable: null };
  });
  return { ...analysed, statements };
}

/** Null when nothing is compared with literals; `elsewhere` when one stands where none is seen. */
function placesOf(analysed: Understood, sql: string): Places | "elsewhere" | null {
  const pieces = analysed.statements.flatMap(({ probes }) =>
    probes.flatMap(({ given }) => given?.pieces ?? [])
  );
  const literals = pieces.filter((piece) => piece.kind === "literal");
  if (literals.length === 0) return null;
  const places = new Map(literalsOf(sql).map(({ location }, index) => [location, index]));
  return literals.every(({ location }) => places.has(location)) ? places : "elsewhere";
}

/** One text's analysis as that of another of its shape: what it compares is the other's. */
function withLiterals(
  analysed: Understood,
  places: Places,
  literals: readonly Literal[],
): Understood {
  const pieceOf = (piece: Piece): Piece => {
    const place = piece.kind === "literal" ? places.get(piece.location) : undefined;
    const literal = place === undefined ? undefined : literals[place];
    return literal === undefined ? piece : { kind: "literal", ...literal };
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
    return change === null && plainCommands.has(analysis.command) &&
      !analysis.details.includes(executesPrepared);
  });
}
const plainCommands: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE"]);
