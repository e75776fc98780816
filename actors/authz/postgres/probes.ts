/**
 * How many distinct values a session has compared each class with: what an agent that may only ask
 * "is it this one?" learns by asking often.
 *
 * Values are kept as digests under a key of the session, in memory alone. A parameter and a literal
 * of the same text are one value; what no one can count (an array made by a function, the rows of a
 * table without classes) is as many as any policy minds.
 *
 * **Invariant:** the count never falls while a session lasts, and is the same when its stored
 * frames are replayed.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import type { StatementAnalysis } from "#schemas/analysis.ts";
import type { Bind } from "#schemas/wire/postgres/bind.ts";
import { binaryElements, textElements } from "#schemas/wire/postgres/array_elements.ts";
import type { Given, Piece, Probe } from "../analysis/probes.ts";

/** Digests remembered for each class of a session; beyond them there are too many to count. */
export const probesMax = 10_000;
/** What a count is that nobody knows: more than any policy's limit. */
export const uncounted = Number.MAX_SAFE_INTEGER;

/** One value that a class is compared with; null for values that cannot be counted. */
export type Probed = { readonly class: string; readonly digest: string | null };
/** A parameter's digest, and those of its elements when it is an array; null when it is none. */
type Parameter = { readonly whole: string; readonly elements: readonly string[] | null };
export type Parameters = ReadonlyMap<number, Parameter>;
export const noParameters: Parameters = new Map();

/** A digest under a session's key. */
export type Digest = (value: Uint8Array) => string;

export function createDigest(key: string): Digest {
  return (value) =>
    createHmac("sha256", key).update("sallyport probe 1\n").update(value).digest("base64url");
}

/** Of a Bind, the parameters that classes will be compared with. */
export function parametersOf(probes: readonly Probe[], bind: Bind, digest: Digest): Parameters {
  const result = new Map<number, Parameter>();
  for (const { given } of probes) {
    for (const piece of given?.pieces ?? []) {
      if (piece.kind !== "parameter" || result.has(piece.number)) continue;
      const value = bind.parameters[piece.number - 1];
      if (value === undefined) continue;
      const { parameterFormats: formats } = bind;
      const format = formats.length === 1 ? formats[0] : formats[piece.number - 1];
      result.set(piece.number, parameterOf(value, format === 1, given?.array === true, digest));
    }
  }
  return result;
}

function parameterOf(
  value: Uint8Array | null,
  isBinary: boolean,
  isArray: boolean,
  digest: Digest,
): Parameter {
  if (value === null) return { whole: "null", elements: [] };
  const whole = digest(value);
  if (!isArray) return { whole, elements: null };
  const elements = isBinary
    ? binaryElements(value, probesMax)
    : textElements(new TextDecoder().decode(value), probesMax)?.map(encode) ?? null;
  return { whole, elements: elements?.map(digest) ?? null };
}

/** What a statement compares classes with, now that its parameters are known. */
export function probedBy(
  probes: readonly Probe[],
  parameters: Parameters,
  digest: Digest,
): readonly Probed[] {
  return probes.flatMap(({ classes, given }) => {
    const digests = given === null ? [null] : digestsOf(given, parameters, digest);
    return classes.flatMap((name) => digests.map((one) => ({ class: name, digest: one })));
  });
}

function digestsOf(
  { pieces, array }: Given,
  parameters: Parameters,
  digest: Digest,
): readonly (string | null)[] {
  const [first, ...others] = pieces;
  if (array) {
    const elements = others.length > 0 || first === undefined
      ? null
      : elementsOf(first, parameters, digest);
    return elements ?? [null];
  }
  const parts: string[] = [];
  for (const piece of pieces) {
    const part = partOf(piece, parameters, digest);
    if (part === null) return [null];
    parts.push(part);
  }
  return [
    parts.length === 1 && parts[0] !== undefined ? parts[0] : digest(encode(parts.join("\n"))),
  ];
}

function partOf(piece: Piece, parameters: Parameters, digest: Digest): string | null {
  switch (piece.kind) {
    case "literal":
      return digest(encode(piece.text));
    case "parameter":
      return parameters.get(piece.number)?.whole ?? null;
    case "made":
      return JSON.stringify(piece.by);
  }
}

function elementsOf(
  piece: Piece,
  parameters: Parameters,
  digest: Digest,
): readonly string[] | null {
  if (piece.kind === "parameter") return parameters.get(piece.number)?.elements ?? null;
  if (piece.kind !== "literal") return null;
  return textElements(piece.text, probesMax)?.map((text) => digest(encode(text))) ?? null;
}

/** Digests by class, null where they cannot be counted any more; or nothing can. */
export type ProbesSeen = ReadonlyMap<string, ReadonlySet<string> | null> | "uncounted";

/** What is seen once these are allowed; `seen` itself stays as it is. */
export function seenWith(seen: ProbesSeen, probed: readonly Probed[]): ProbesSeen {
  if (seen === "uncounted" || probed.length === 0) return seen;
  const after = new Map(seen);
  for (const [name, values] of Map.groupBy(probed, (one) => one.class)) {
    const digests = new Set(after.get(name) ?? []);
    const isCounted = after.get(name) !== null && values.every(({ digest }) => {
      if (digest !== null) digests.add(digest);
      return digest !== null && digests.size <= probesMax;
    });
    after.set(name, isCounted ? digests : null);
  }
  return after;
}

/** The analyses with the count of each class that they filter by. */
export function withProbes(
  analyses: readonly StatementAnalysis[],
  seen: ProbesSeen,
): readonly StatementAnalysis[] {
  return analyses.map((analysis) => {
    const { filters } = analysis;
    if (filters === undefined) return analysis;
    const counted = filters.map((filter) => ({ ...filter, probes: countOf(filter.class, seen) }));
    return { ...analysis, filters: counted };
  });
}

function countOf(name: string, seen: ProbesSeen): number {
  if (seen === "uncounted") return uncounted;
  const known = seen.get(name);
  return known === null ? uncounted : known?.size ?? 0;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
