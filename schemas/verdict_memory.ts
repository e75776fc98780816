/**
 * Verdicts of the same shape of statement differ in nothing but their request and its digest. The
 * rest of such a text is checked once and remembered: to check it again costs a busy actor more
 * than what it then does with it.
 *
 * @module
 */
import { z } from "zod";
import { remember } from "#schemas/remember.ts";

/** Different rests that are remembered; the oldest makes room. */
export const restsMax = 256;
/** Longer ones are checked each time, UTF-16 code units. */
const restCharactersMax = 16_384;

const beginning = /^\{"version":1,"request":(0|[1-9]\d{0,14}),"digest":"([0-9a-f]{64})",/;

/**
 * A decoder of texts that begin with version, request and digest, as our own encoder writes them;
 * null for any other text and for what is not of `shape`: the caller then decodes it whole. What
 * it returns is shared between calls, and frozen.
 *
 * **Invariant:** what it returns is what a whole decoding would: a rest that names one of the three
 * fields again is not of `rest`'s shape, which is strict.
 */
export function verdictMemory<T extends object>(
  rest: z.ZodType<T>,
): (text: string) => T & { version: 1; request: number; digest: string } | null {
  const known = new Map<string, T>();
  return (text) => {
    const [prefix, request, digest] = beginning.exec(text) ?? [];
    if (prefix === undefined || digest === undefined) return null;
    const remaining = text.slice(prefix.length);
    const value = known.get(remaining) ?? checked(remaining);
    return value === null ? null : { version: 1, request: Number(request), digest, ...value };
  };

  function checked(remaining: string): T | null {
    if (remaining.length > restCharactersMax) return null;
    const result = rest.safeParse(JSON.parse(`{${remaining}`));
    if (!result.success) return null;
    remember(known, remaining, frozen(result.data), restsMax);
    return result.data;
  }
}

function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) frozen(inner);
  }
  return Object.freeze(value);
}
