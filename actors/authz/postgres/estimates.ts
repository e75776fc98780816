/**
 * How many rows statements are expected to give: by the server's planner where a decision turns on
 * it, by the catalog's statistics otherwise.
 *
 * Theory of operation. The planner is asked when all of this holds: a rule names `estimated_rows`,
 * or the statement is an `export` by its rows; the statement may be planned (`plannable.ts`) and
 * its text stands in the request; the request would be allowed if it gave no rows, and decided
 * otherwise if it gave as many as it can. (A rule that tells rows in the middle from both ends is
 * asked at the ends and where the catalog's guess lies.) So nothing is planned for a request that
 * policy refuses or that people must see anyway, and a request on which rows have no bearing costs
 * nothing.
 *
 * An answer is remembered for a while, by connection, catalog, search path and text. Parameters
 * have no values in a text, so that a prepared statement is planned once; literals have, and
 * another literal is another question: an answer for one that few rows match must not serve for
 * one that all match. A question without an answer counts as asked, so that a server that cannot
 * plan is not asked again and again. A statement that an earlier request prepared is expected to
 * give what was answered then, when it was a question then: it is asked about as it is prepared.
 *
 * Who has no answer takes the catalog's guess; where the catalog has none either, what is expected
 * is more than any limit.
 *
 * **Invariant:** an estimate is no bound. What leaves is bounded by `schemas/volume.ts` alone.
 *
 * @module
 */
import { rowsUnknown, type StatementAnalysis } from "#schemas/analysis.ts";
import { type Explain, explainedMax } from "#schemas/frames.ts";
import { remember } from "#schemas/remember.ts";
import { statementTexts } from "#schemas/wire/postgres/statement_texts.ts";
import type { Decision } from "../policy/decide.ts";
import { type Expected, withRows } from "../policy/rows.ts";
import type { PlannableText } from "./draft.ts";

export type EstimateLimits = {
  /** Answers remembered. */
  readonly rememberedMax: number;
  /** A longer text is not asked about. */
  readonly textCharsMax: number;
  /** How long an answer is good; one that says nothing, shorter. */
  readonly goodMs: number;
  readonly silentMs: number;
};

export const estimateLimits: EstimateLimits = {
  rememberedMax: 4096,
  textCharsMax: 8192,
  goodMs: 600_000,
  silentMs: 60_000,
};

/** By what names mean something: of one connection, under one catalog. */
export type Place = { readonly connection: string; readonly catalogDigest: string };

type Answer = { readonly rows: number | null; readonly atMs: number };

/** Remembers the planner's answers. */
export type Estimates = {
  /** Null: never asked, or forgotten. `rows` is null where the planner had no answer. */
  find(
    place: Place,
    text: Pick<PlannableText, "sql" | "searchPath">,
  ): { readonly rows: number | null; readonly good: boolean } | null;
  /** What the planner answered to a question about a request holds for every session. */
  learn(
    connection: string,
    bytes: Uint8Array | null,
    question: Explain,
    rows: readonly (number | null)[],
    atMs: number,
  ): void;
};

export function createEstimates(
  nowMs: () => number,
  limits: EstimateLimits = estimateLimits,
): Estimates {
  const answers = new Map<string, Answer>();
  return {
    find(place, text) {
      const answer = answers.get(keyOf(place, text));
      if (answer === undefined) return null;
      const { rows, atMs } = answer;
      const goodMs = rows === null ? limits.silentMs : limits.goodMs;
      return { rows, good: nowMs() - atMs < goodMs };
    },
    learn(connection, bytes, { catalogDigest, statements }, rows, atMs) {
      const texts = bytes === null ? null : statementTexts(bytes);
      for (const [index, { message, searchPath }] of statements.entries()) {
        const sql = texts?.get(message)?.text;
        if (sql === undefined || sql.length > limits.textCharsMax) continue;
        const place = { connection, catalogDigest };
        const answer = { rows: rows[index] ?? null, atMs };
        remember(answers, keyOf(place, { sql, searchPath }), answer, limits.rememberedMax);
      }
    },
  };
}

/** The lists before the text are JSON, hence free of newlines. */
function keyOf(
  { connection, catalogDigest }: Place,
  { sql, searchPath }: Pick<PlannableText, "sql" | "searchPath">,
): string {
  return `${JSON.stringify([connection, catalogDigest, searchPath])}\n${sql}`;
}

/** Statements of a request, each with what the planner may be asked of it. */
export type Weighed = {
  readonly analyses: readonly StatementAnalysis[];
  readonly texts: readonly (PlannableText | null)[];
};

export type Scales = {
  readonly place: Place;
  readonly estimates: Estimates;
  /** A rule can see how many rows are expected. */
  readonly seesRows: boolean;
  readonly bulkRows: number;
  decide(analyses: readonly StatementAnalysis[]): Decision;
};

/**
 * What the planner is to be asked before a request is judged; empty: nothing. What is prepared is
 * judged by itself, and what runs together. Nothing is asked for a request that is refused anyway.
 */
export function questionsOf(
  executed: Weighed,
  prepared: Weighed,
  scales: Scales,
): Explain["statements"] {
  const alone = prepared.analyses.map((analysis, index) => ({
    analyses: [analysis],
    texts: [prepared.texts[index] ?? null],
  }));
  const judged = [executed, ...alone];
  if (
    !judged.some(({ texts }) => texts.some((text) => text !== null && isQuestion(text, scales)))
  ) {
    return [];
  }
  const questions = judged.map((one) => questionsOfOne(one, scales));
  const isRefused = judged.some((one, index) =>
    questions[index]?.length === 0 && scales.decide(weighed(one, scales)).decision === "deny"
  );
  if (isRefused) return [];
  const statements = questions.flat();
  const distinct = new Map(statements.map((one) => [JSON.stringify(one), one]));
  return [...distinct.values()].slice(0, explainedMax);
}

/**
 * The statements with the rows that they are expected to give. `before` are those of a verdict that
 * was made already: what it expected is expected again.
 */
export function weighed(
  statements: Weighed,
  scales: Scales,
  before: readonly StatementAnalysis[] = [],
): readonly StatementAnalysis[] {
  return expecting(statements, scales, (analysis, text, index) => {
    const { estimatedRows: rows, estimatedBy: by } = before[index] ?? {};
    if (rows === undefined || by === undefined) return expectedOf(analysis, text, scales);
    return { rows, by };
  });
}

/** The statements, those of them to whose rows policy looks with what `expect` says of them. */
function expecting(
  { analyses, texts }: Weighed,
  scales: Scales,
  expect: (analysis: StatementAnalysis, text: PlannableText, index: number) => Expected,
): readonly StatementAnalysis[] {
  return analyses.map((analysis, index) => {
    const text = texts[index] ?? null;
    if (text === null || !matters(text, scales)) return analysis;
    const exportsAbove = text.exportsByRows ? scales.bulkRows : null;
    return withRows(analysis, expect(analysis, text, index), exportsAbove);
  });
}

function questionsOfOne(statements: Weighed, scales: Scales): Explain["statements"] {
  const asked = statements.analyses.flatMap((_, index) => {
    const text = statements.texts[index] ?? null;
    return text !== null && isQuestion(text, scales) ? [{ index, text }] : [];
  });
  if (asked.length === 0) return [];
  const indices = new Set(asked.map(({ index }) => index));
  const giving = (rowsOf: (text: PlannableText) => number): Decision =>
    scales.decide(expecting(statements, scales, (analysis, text, index) => {
      if (!indices.has(index)) return expectedOf(analysis, text, scales);
      return { rows: rowsOf(text), by: "planner" };
    }));
  const least = giving(() => 0);
  if (least.decision !== "allow") return [];
  const guessed = scales.decide(weighed(statements, scales));
  const most = giving(({ rowsMost }) => Math.min(rowsMost, rowsUnknown));
  if (sameOutcome(least, most) && sameOutcome(least, guessed)) return [];
  return asked.map(({ text: { message, searchPath } }) => ({
    message: message ?? 0,
    searchPath: [...searchPath],
  }));
}

function isQuestion(text: PlannableText, scales: Scales): boolean {
  const { message, rowsMost, sql, searchPath } = text;
  if (!matters(text, scales) || message === null || rowsMost <= 1) return false;
  if (sql.length > estimateLimits.textCharsMax || searchPath.length > 256) return false;
  return scales.estimates.find(scales.place, text)?.good !== true;
}

/** Whether anything of policy depends on its rows. */
function matters({ exportsByRows, rowsMost }: PlannableText, scales: Scales): boolean {
  return scales.seesRows || exportsByRows && rowsMost > scales.bulkRows;
}

function expectedOf(
  { estimatedRows }: StatementAnalysis,
  text: PlannableText,
  { estimates, place }: Scales,
): Expected {
  const { rowsMost } = text;
  const planned = estimates.find(place, text)?.rows ?? null;
  return planned === null
    ? { rows: estimatedRows, by: "catalog" }
    : { rows: Math.min(planned, rowsMost), by: "planner" };
}

function sameOutcome(one: Decision, other: Decision): boolean {
  const told = ({ decision, policies, approvals, revealed, everything }: Decision) =>
    JSON.stringify([decision, policies, approvals, revealed, everything]);
  return told(one) === told(other);
}
