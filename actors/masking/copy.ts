/**
 * Begins the masking of COPY data, when it is what the plan foresaw.
 *
 * **Invariant:** COPY data whose format was not foreseen, or cannot be cut into rows for certain,
 * is not masked but withheld: there is no safe guess at where a value ends.
 *
 * @module
 */
import type { CopyFormat, ResultPlan } from "#schemas/mask_plan.ts";
import { embedsAscii } from "#schemas/wire/postgres/client_encodings.ts";
import type { CopyResponse } from "#schemas/wire/postgres/copy_response.ts";
import { copyBinary } from "./copy_binary.ts";
import { copyCsv } from "./copy_csv.ts";
import { copyText } from "./copy_text.ts";
import { copyTypeOid } from "./operators.ts";
import { originType } from "./programs.ts";
import type { Rewriter } from "./rewriter.ts";
import { columnProgram } from "./rows.ts";

/** Null when the plan does not foresee this COPY. */
export function openCopy(
  rewriter: Rewriter,
  result: ResultPlan | undefined,
  response: CopyResponse,
): Rewriter["copy"] {
  const copy = result?.copy ?? null;
  if (result === undefined || copy === null) return null;
  const isBinary = copy.format === "binary";
  if (isBinary !== (response.format === 1)) return null;
  if (!isBinary && !isReadable(copy, rewriter.clientEncoding)) return null;
  const isCovered = response.columnFormats.length === result.columns.length;
  const plans = isCovered ? result.columns : [];
  const columns = plans.map((plan) => {
    const typeOid = originType(plan, rewriter.request.catalog);
    const format = isBinary ? 1 : 0;
    const facts = {
      typeOid: isBinary ? typeOid : copyTypeOid(typeOid),
      format,
      whole: false,
      typeIsCertain: typeOid !== 0,
    } as const;
    return columnProgram(plan, facts, rewriter.means);
  });
  const program = { columns };
  const { copyRowBytesMax } = rewriter.options.limits;
  const { counts } = rewriter;
  switch (copy.format) {
    case "text":
      return { program, rewriter: copyText(copy, program, copyRowBytesMax, counts) };
    case "csv":
      return { program, rewriter: copyCsv(copy, program, copyRowBytesMax, counts) };
    case "binary":
      return { program, rewriter: copyBinary(program, copyRowBytesMax, counts) };
  }
}

/** Delimiters are single bytes, and no byte of a longer character can be taken for one. */
function isReadable(copy: CopyFormat, clientEncoding: string): boolean {
  const marks = copy.format === "csv"
    ? [copy.delimiter, copy.quote, copy.escape]
    : [copy.delimiter];
  const areBytes = marks.every((mark) => /^[\t\x20-\x7e]$/.test(mark));
  const areApart = copy.delimiter !== copy.quote || copy.format === "text";
  return areBytes && areApart && !embedsAscii(clientEncoding);
}
