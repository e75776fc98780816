/** COPY's formats as they are without options, for tests. @module */
import type { CopyFormat } from "#schemas/mask_plan.ts";

export const copyText: CopyFormat = {
  format: "text",
  delimiter: "\t",
  null: "\\N",
  quote: '"',
  escape: '"',
  header: false,
};
export const copyCsv: CopyFormat = { ...copyText, format: "csv", delimiter: ",", null: "" };
