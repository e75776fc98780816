/**
 * Bounds a policy text before Cedar's parser sees it.
 *
 * Cedar's parser and evaluator recurse, and in WebAssembly a stack that runs out does not fail one
 * call: it leaves the whole instance unusable ("memory access out of bounds" ever after). Cedar
 * 4.13 was measured to break between 64 and 250 nested brackets, and between 250 and 1000 chained
 * operators. One bad reload would then refuse every statement, so such a text is refused here.
 *
 * **Invariant:** what passes has at most the named depth, and the named operators in each policy.
 *
 * @module
 */

export type ScanLimits = {
  readonly policyBytesMax: number;
  readonly policiesMax: number;
  /** Open brackets of any kind. */
  readonly nestingMax: number;
  /** Operators, member accesses and `if`s of one policy. */
  readonly operatorsMax: number;
};

export type Overrun = {
  readonly reason: keyof ScanLimits | "unterminatedString";
  /** From 1. */
  readonly line: number;
};

/** Strings and comments (skipped), brackets, the end of a policy, and operators. */
const tokens =
  /"(?:[^"\\]|\\.)*"|"|\/\/[^\n]*|\n|[([{]|[)\]}]|;|&&|\|\||[-+*!.<>=]|\b(?:if|has|in|is|like)\b/gs;

/** The first limit the text breaks; null when it keeps them all. */
export function scanPolicy(text: string, limits: ScanLimits): Overrun | null {
  // UTF-8 takes at least one byte for each UTF-16 unit, so the cheap test comes first.
  const long = text.length > limits.policyBytesMax ||
    new TextEncoder().encode(text).length > limits.policyBytesMax;
  if (long) return { reason: "policyBytesMax", line: 1 };
  let line = 1;
  let depth = 0;
  let operators = 0;
  let policies = 0;
  for (const [token] of text.matchAll(tokens)) {
    if (token === "\n") line += 1;
    else if (token === '"') return { reason: "unterminatedString", line };
    else if (token.startsWith('"')) line += token.split("\n").length - 1;
    else if (token.startsWith("//")) continue;
    else if ("([{".includes(token)) depth += 1;
    else if (")]}".includes(token)) depth = Math.max(0, depth - 1);
    else if (token === ";") {
      policies += 1;
      operators = 0;
    } else operators += 1;
    if (depth > limits.nestingMax) return { reason: "nestingMax", line };
    if (operators > limits.operatorsMax) return { reason: "operatorsMax", line };
    if (policies > limits.policiesMax) return { reason: "policiesMax", line };
  }
  return null;
}
