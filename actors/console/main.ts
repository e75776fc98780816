/** The console's process: it holds no key but the log's public one. @module */
import { configuredFile, needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { epochVerifier } from "#schemas/log/epoch.ts";
import { maskLiterals } from "#schemas/sql/literals.ts";
import { revocationSubject } from "#schemas/subjects.ts";
import { createConsole } from "./app.ts";
import { consoleLimits } from "./limits.ts";

const process = await startActor("console");
const { config, settings, ports } = process;
const { host, port, logKeyFile } = needed(settings, "console");
const logKey = Deno.readTextFileSync(logKeyFile).trim();
const logVerifier = (epoch: string) => epochVerifier(logKey, epoch);
if (logVerifier(settings.epoch) === null) {
  throw new StartError("the log's key is not a verifier key", "restore public/log.vkey");
}
const { ca_file: caFile } = config.issuer;
const { client_secret_file: secretFile } = config.console;
const client = caFile === undefined
  ? undefined
  : Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(configuredFile(settings, caFile))] });

const console = createConsole({
  ...ports,
  epochs: process.epochs,
  config,
  fetch: (url, init) => fetch(url, client === undefined ? init : { ...init, client }),
  clientSecret: secretFile === undefined
    ? null
    : Deno.readTextFileSync(configuredFile(settings, secretFile)).trim(),
  logVerifier,
  maskLiterals,
  player: {
    script: packaged("asciinema-player/dist/bundle/asciinema-player.min.js"),
    style: packaged("asciinema-player/dist/bundle/asciinema-player.css"),
  },
  limits: consoleLimits,
});
await console.start();
process.bus.subscribe(revocationSubject, ({ payload }) => console.revoke(payload));
Deno.serve(
  { hostname: host, port, onListen: () => process.ready() },
  (request, info) => console.app.fetch(request, { address: info.remoteAddr.hostname }),
);

/** A file of a package, which is served as it is. */
function packaged(specifier: string): string {
  return Deno.readTextFileSync(new URL(import.meta.resolve(specifier)));
}
