import { startPostgres } from "#deploy/machine/postgres.ts";
import { checkCatalogReading } from "./catalog_reading.ts";
import { checkPlanning } from "./planning.ts";
import { checkPresence } from "./presence.ts";

Deno.test("what target asks a server on its own account", async (test) => {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-catalog-" });
  try {
    const options = { directory: `${directory}/server`, say: () => {}, ephemeral: true };
    await using server = await startPostgres(options);
    await test.step("the catalog is read over one connection, and anew only when it changed", () => {
      return checkCatalogReading(server);
    });
    await test.step("the planner says how many rows there are, and nothing runs", () => {
      return checkPlanning(server);
    });
    await test.step("processes agree who is alone with its definitions", () => {
      return checkPresence(server);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
