/** @module */
import { deepStrictEqual, ok } from "node:assert/strict";
import process from "node:process";
import { checkPolicy } from "#actors/authz/policy/check.ts";
import { configText, type InitConfig, policyText } from "./init_files.ts";
import { proposeListing } from "./propose_classes.ts";

// `yaml` asks for variables, which a test may not read.
Object.defineProperty(process, "env", { value: {} });

const config: InitConfig = {
  organisation: "St. Mary's: north",
  issuerUrl: "https://login.example.org/",
  audience: "sallyport",
  peopleClients: ["cli", "*: #"],
  consoleUrl: "http://127.0.0.1:9443",
  consoleClient: "console",
  connection: {
    name: "ehr",
    host: "db.example.org",
    port: 5432,
    database: 'odd "name": #1',
    user: "gateway",
    tls: "verify-full",
  },
  listing: { ...proposeListing([]), plain: ["public.visits.id", 'public.od:d"._#1'] },
};
const groups = { connection: "ehr", readers: 'data "team"', approvers: "compliance" };

Deno.test("what init writes is understood, whatever the names in it", () => {
  for (const database of ["ehr", 'odd "name": #1', "- *a", "no"]) {
    const connection = { ...config.connection, database, passwordFile: "secrets/ehr.password" };
    const checked = checkPolicy(configText({ ...config, connection }), policyText(groups));
    ok(checked.ok, JSON.stringify(checked));
    deepStrictEqual(checked.summary.connections, ["ehr"]);
    deepStrictEqual(checked.summary.classes, ["account", "contact", "mrn", "ssn", "unlisted"]);
  }
});
