/**
 * `deno task demo`: the whole system on this machine, ready for `psql` and a browser. Stays until
 * Ctrl-C and stops all it started.
 *
 * @module
 */
import { relative } from "node:path";
import { ProvisionError } from "#deploy/nats/provision.ts";
import { SecretError } from "#deploy/secret_file.ts";
import { startSystem } from "./system.ts";
import { keepTokens } from "./demo_tokens.ts";
import { welcomeLines } from "./welcome.ts";

const started = performance.now();
const directory = Deno.args[0] ?? `${Deno.cwd()}/.sallyport/demo`;

const stopping = Promise.withResolvers<void>();
let isStanding = false;
let isToldToStop = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    // What is half started is stopped once it stands; who cannot wait says so twice.
    if (!isStanding && isToldToStop) Deno.exit(130);
    if (!isStanding) say("stopping as soon as all has started; once more to leave at once");
    isToldToStop = true;
    stopping.resolve();
  });
}
const system = await startSystem({ directory, say }).catch((error) => {
  // Ctrl-C reaches what is being started as well.
  if (isToldToStop) {
    say("stopped");
    Deno.exit(130);
  }
  // Words for a person; where in the code it happened is of no use to them.
  say(`cannot start: ${error instanceof Error ? error.message : "unknown"}`);
  if (error instanceof ProvisionError) {
    say(`${directory} may be of another version: move it away, and the demo makes a new one`);
  }
  if (error instanceof SecretError) say(error.hint);
  say(`what each process said is in ${directory}/logs`);
  Deno.exit(1);
});
const { edge, consoleUrl, issuer, tokens } = system;
const ready = {
  postgres: { host: edge.host, port: edge.port, database: "ehr", sslrootcert: system.caFile },
  ssh: { ...system.ssh, connection: "lab", hostKey: system.sshHostKey },
  console: consoleUrl,
  issuer: issuer.url,
  identity: system.identityUrl,
  tokens: { agent: tokens.agent, nurse: tokens.nurse, approver: tokens.approver },
};
await keepTokens(directory, tokens);
print(`READY ${JSON.stringify(ready)}`);
isStanding = true;
if (!isToldToStop) {
  print("");
  const folder = relative(Deno.cwd(), directory);
  const sshPort = system.ssh.port;
  for (const line of welcomeLines({ ...edge, folder, sshPort, consoleUrl })) print(line);
}
void system.nats.exited().then(() => {
  if (isToldToStop) return;
  say(`nats-server ended, so nothing runs until the demo is started again: ${system.nats.logFile}`);
});
await stopping.promise;
say("stopping");
await system.stop();
Deno.exit(0);

function say(line: string): void {
  print(`[${((performance.now() - started) / 1000).toFixed(1)}s] ${line}`);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
