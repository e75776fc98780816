/**
 * Runs the demo's identity provider: one argument, the path of its configuration (`IssuerConfig`).
 *
 * @module
 */
import { startIssuerServer } from "./issuer.ts";
import { IssuerConfig } from "./issuer_config.ts";

const [path] = Deno.args;
if (path === undefined) {
  await Deno.stderr.write(new TextEncoder().encode("usage: issuer_main.ts <configuration.json>\n"));
  Deno.exit(2);
}
const config = IssuerConfig.parse(JSON.parse(await Deno.readTextFile(path)));
const issuer = await startIssuerServer(config);
await Deno.stdout.write(new TextEncoder().encode(`issuer ready on ${config.url}\n`));
Deno.addSignalListener("SIGTERM", () => {
  issuer.close().then(() => Deno.exit(0));
});
