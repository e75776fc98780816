/** Configurations for tests. @module */
import type { z } from "zod";
import { Config } from "#schemas/config.ts";

type Rest = Omit<z.input<typeof Config>, "version" | "organisation" | "issuer" | "console">;

/** The configuration of an organisation that has these connections, classes and limits. */
export function configWith(rest: Rest): Config {
  return Config.parse({
    version: 1,
    organisation: "Example Health",
    issuer: { url: "https://id.example.org", audience: "sallyport" },
    console: { url: "https://gate.example.org", "client_id": "console" },
    ...rest,
  });
}
