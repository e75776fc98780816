import { startPostgres } from "#deploy/machine/postgres.ts";
import { checkCatalogReading } from "./catalog_reading.ts";

Deno.test("the catalog is read over one connection, and anew only when it changed", async () => {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-catalog-" });
  try {
    const options = { directory: `${directory}/server`, say: () => {}, ephemeral: true };
    await using server = await startPostgres(options);
    await checkCatalogReading(server);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
