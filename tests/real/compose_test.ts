/**
 * The steps of `compose.yaml` on this machine instead of in containers: what `install` writes is
 * what a bus server, a database server, the identity provider and every actor start from.
 */
import { match, ok } from "node:assert/strict";
import {
  addressesOf,
  type ComposePlan,
  composePlan,
  edgeName,
  processName,
  sshEdgeName,
} from "#deploy/compose/plan.ts";
import { commandArguments, rotateArguments } from "#deploy/compose/render.ts";
import { install, keep, prepare, welcome } from "#deploy/compose/steps.ts";
import { issuerArguments } from "#deploy/demo/issuer_process.ts";
import { settingsOf } from "#deploy/installation.ts";
import { freePorts } from "#deploy/machine/free_port.ts";
import { findNatsServer, startNatsServer } from "#deploy/machine/nats_server.ts";
import { startPostgres } from "#deploy/machine/postgres.ts";
import { startProcess } from "#deploy/machine/process.ts";
import { keysOf } from "#deploy/nats/accounts.ts";
import { processArguments, processKinds } from "#deploy/processes.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { epochOf } from "#schemas/subjects.ts";
import { eventually } from "./support.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test("compose: installed, prepared, and every process starts with its command", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "sallyport-compose-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const plan = planIn(directory);

  await install(plan, epochOf(Date.now()), say);
  // A second `up` installs again, and what was made stays.
  const key = () => Deno.readTextFile(`${plan.directory}/keys/masking.key`);
  const made = await key();
  await install(plan, epochOf(Date.now()), say);
  ok(made === await key(), "keys are kept");

  const own = `${plan.databaseDirectory}/sallyport`;
  const [binary, postgres] = await Promise.all([
    findNatsServer({ say }),
    startPostgres({
      directory: `${plan.databaseDirectory}/cluster`,
      say,
      port: plan.databasePort,
      tls: { certFile: `${own}/server.crt`, keyFile: `${own}/server.key` },
      ephemeral: true,
    }),
  ]);
  stack.use(postgres);
  await Deno.writeTextFile(
    `${plan.directory}/secrets/superuser.password`,
    postgres.superuserPassword,
  );
  const bus = stack.use(
    await startNatsServer({
      binary: binary.path,
      directory: `${directory}/nats`,
      port: plan.natsPort,
      configText: await Deno.readTextFile(`${plan.busDirectory}/nats.conf`),
      say,
    }),
  );
  const health = await fetch(`http://127.0.0.1:${plan.natsMonitorPort}/healthz`);
  ok(health.ok, "the bus's probe");
  await health.body?.cancel();
  await prepare(plan, say);

  // A bus that restarts has lost RAW, and the provisioner makes it again: masking starts below.
  stack.use(await keep(plan, say));
  await bus.restart();
  const provisioned = () => said.includes("bus provisioned: after a reconnect") || undefined;
  await eventually("the bus is provisioned again", provisioned);

  const issuerFile = `${plan.directory}/issuer/issuer.json`;
  const issuer = { host: "0.0.0.0", port: plan.issuerPort } as const;
  await start(
    stack,
    plan,
    "issuer",
    issuerArguments(issuer, issuerFile, root),
    /^issuer ready on /,
  );
  const parsed = parseConfig(await Deno.readTextFile(`${plan.directory}/sallyport.yaml`));
  ok(parsed.ok);
  for (const kind of processKinds) {
    const name = processName(kind);
    const key = keysOf([edgeName], [sshEdgeName]).find((each) => each.name === name);
    ok(key, name);
    const settings = settingsOf(key, plan.directory, addressesOf(plan, "2026_01"));
    const file = `${plan.directory}/settings/${name}.json`;
    const args = processArguments(kind, root, file, settings, parsed.config);
    await start(stack, plan, name, args, /"event":"ready"/);
  }
  await welcome(plan, say);
  match(said.join("\n"), /PGPASSWORD='[\w.-]+' psql "host=127\.0\.0\.1 port=\d+ dbname=ehr/);

  // As `docker compose run --rm sallyport <verb>` does, with no more rights than it has there.
  match(await denoRun(plan, rotateArguments(plan)), /; 1 before it verify what they signed\n$/);
  const doctor = await sallyport(plan, ["doctor"]);
  match(doctor, /identity's key: .*vouches for 1 before it/);
  ok(doctor.endsWith("all is well\n"), doctor);
  const token = /PGPASSWORD='([\w.-]+)'/.exec(said.join("\n"))?.[1] ?? "";
  match(
    await sallyport(plan, ["token", "--connection", "ehr"], token),
    /^[\w-]+\.[\w-]+\.[\w-]+\n$/,
  );
});

/** Runs a verb, with the text on its standard input, and gives all that it said. */
function sallyport(plan: ComposePlan, verb: readonly string[], input = ""): Promise<string> {
  return denoRun(plan, [...commandArguments(plan), ...verb], input);
}

async function denoRun(plan: ComposePlan, args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { SALLYPORT_DIR: plan.directory },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return success ? out : err + out;
}

/** The plan of compose.yaml with folders and ports of this run. */
function planIn(directory: string): ComposePlan {
  const ports = freePorts(8);
  const next = () => ports.shift() ?? 0;
  return {
    ...composePlan,
    root,
    directory: `${directory}/installation`,
    busDirectory: `${directory}/bus`,
    databaseDirectory: `${directory}/database`,
    databaseHost: "127.0.0.1",
    databasePort: next(),
    natsPort: next(),
    natsMonitorPort: next(),
    edgePort: next(),
    sshPort: next(),
    identityPort: next(),
    consolePort: next(),
    issuerPort: next(),
  };
}

async function start(
  stack: AsyncDisposableStack,
  plan: ComposePlan,
  name: string,
  args: readonly string[],
  ready: RegExp,
): Promise<void> {
  const running = await startProcess({
    name,
    command: Deno.execPath(),
    args: [...args],
    logFile: `${plan.directory}/${name}.log`,
    ready,
    readyWaitMs: 30_000,
    stopWaitMs: 3000,
  });
  stack.defer(() => running.stop());
}
