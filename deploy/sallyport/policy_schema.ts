/** `sallyport policy schema`: the shape of the configuration file, for editors. @module */
import { configJsonSchema } from "#schemas/config_file.ts";
import type { Grammar } from "./arguments.ts";
import { exitCodes } from "./failure.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "policy schema",
  summary: "print the JSON Schema of sallyport.yaml, for editors",
  flags: {},
  details: [
    "Save it beside the file, and name it in the file's first line:\n" +
    "  # yaml-language-server: $schema=sallyport.schema.json",
  ],
};

export const policySchema: Verb = { grammar, run };

function run({ terminal }: Call): Promise<number> {
  terminal.print(JSON.stringify(configJsonSchema(), null, 2));
  return Promise.resolve(exitCodes.done);
}
