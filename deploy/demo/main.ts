/**
 * `deno task demo`: the whole system on this machine, ready for `psql` and a browser. Stays until
 * Ctrl-C and stops all it started.
 *
 * @module
 */
import { startSystem } from "./system.ts";

const started = performance.now();
const directory = Deno.args[0] ?? `${Deno.cwd()}/.sallyport/demo`;

const stopping = Promise.withResolvers<void>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stopping.resolve());
}
const system = await startSystem({ directory, say }).catch((error) => {
  // Words for a person; where in the code it happened is of no use to them.
  say(`cannot start: ${error instanceof Error ? error.message : "unknown"}`);
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
print(`READY ${JSON.stringify(ready)}`);
print("");
print("An agent, acting for an analyst:");
print(`  PGPASSWORD='${tokens.agent}' psql "${target("report-agent")}"`);
print("A nurse of the treatment team:");
print(`  PGPASSWORD='${tokens.nurse}' psql "${target("nora")}"`);
print("The same agent over SSH, for a quarter of an hour without a prompt:");
print(`  sallyport connect --connection lab <<< '${tokens.agent}' && ssh lab 'ls patients'`);
print(`  or ssh -p ${system.ssh.port} lab@127.0.0.1, with the token as the password`);
print(`Approvers: ${consoleUrl} (sign in as carl, of compliance)`);
print("(sallyport stands for: deno task sallyport)");
print("What happened: deno task sallyport sessions | replay <session> | verify");
print("Ctrl-C stops everything.");
await stopping.promise;
say("stopping");
await system.stop();
Deno.exit(0);

function target(user: string): string {
  return `host=${edge.host} port=${edge.port} dbname=ehr user=${user} ` +
    `sslmode=verify-full sslrootcert=${system.caFile}`;
}

function say(line: string): void {
  print(`[${((performance.now() - started) / 1000).toFixed(1)}s] ${line}`);
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
