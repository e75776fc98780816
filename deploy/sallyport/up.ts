/**
 * `sallyport up`: runs the actors of an installation on this machine, each as its own process with
 * its own rights, until Ctrl-C; and its bus, where `init` made the installation. Databases run
 * elsewhere.
 *
 * @module
 */
import type { Settings } from "#actors/_kit/settings.ts";
import { type ActorProcess, startActorProcess } from "#deploy/actor_process.ts";
import {
  type Machine,
  readMachine,
  type RunningMachine,
  startMachine,
} from "#deploy/own_machine.ts";
import type { RunningProcess } from "#deploy/machine/process.ts";
import { ProvisionError } from "#deploy/nats/provision.ts";
import { SecretError } from "#deploy/secret_file.ts";
import { edgesFirst, edgesLast, type ProcessKind, processKinds } from "#deploy/processes.ts";
import type { Config } from "#schemas/config.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { didYouMean } from "#schemas/did_you_mean.ts";
import { type Grammar, usage } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { connectAuditor, findPlace, type Place, settingsOf } from "./place.ts";
import { welcome } from "./up_welcome.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "up",
  summary: "run the installation until Ctrl-C",
  flags: {
    only: { value: "<names>", help: "these actors alone: authz,masking" },
  },
  details: [
    "An actor that ends is started again. What `sallyport init` made has its bus started, too; with\n" +
    "--only, and elsewhere, the bus must run and hold its streams.",
  ],
};

const restartMs = 1000;
/** How often one actor may end or fail to start within the window before it counts as broken. */
const failuresMax = 5;
const failureWindowMs = 120_000;

export const up: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal, signal } = call;
  const place = await findPlace(call);
  const config = await configOf(settingsOf(place, "target"));
  await Deno.mkdir(`${place.directory}/logs`, { recursive: true, mode: 0o700 });
  await using stack = new AsyncDisposableStack();
  const machine = given.has("only") ? null : await readMachine(place.directory);
  const own = machine === null ? null : await startOwn(place, { machine, config }, call, stack);
  const members = await membersOf(place, given.value("only"));
  if (members.length === 0) throw new CommandError("the installation has no actors to run");
  terminal.say("looking whether the bus answers");
  await (await connectAuditor(place)).bus.close();

  const stopping = new AbortController();
  const context = { place, config, call, stop: AbortSignal.any([signal, stopping.signal]) };
  const all = members.map((member) => memberRun(member, context));
  try {
    await edgesLast(all, (one) => one.start());
    const names = members.map(({ name }) => name);
    if (!context.stop.aborted) {
      terminal.print(given.has("json") ? JSON.stringify({ ready: names }) : "ready");
      if (machine !== null && own !== null) await welcome({ place, machine, config, own }, call);
    }
    const kept = all.map((one) => one.keep());
    if (own !== null) kept.push(keepBus(own, context));
    await Promise.all(kept);
  } finally {
    stopping.abort();
    terminal.say("stopping");
    await edgesFirst(all, (one) => one.end());
  }
  return exitCodes.done;
}

async function configOf({ configFile }: Settings): Promise<Config> {
  const text = await readNamed(configFile, "the configuration");
  const parsed = parseConfig(new TextDecoder().decode(text));
  if (parsed.ok) return parsed.config;
  throw new CommandError("the configuration is wrong", "sallyport policy check says where");
}

async function startOwn(
  { directory }: Place,
  { machine, config }: { readonly machine: Machine; readonly config: Config },
  { terminal: { say } }: Call,
  stack: AsyncDisposableStack,
): Promise<RunningMachine> {
  try {
    return await startMachine(directory, { machine, config, say }, stack);
  } catch (error) {
    if (error instanceof SecretError) throw new CommandError(error.message, error.hint);
    const why = error instanceof Error ? error.message : "unknown";
    const hint = error instanceof ProvisionError
      ? `${directory}/nats/nats.log says what the server found`
      : "sallyport doctor looks further";
    throw new CommandError(`the bus does not start: ${why}`, hint);
  }
}

/** The bus is started again when it ends. */
async function keepBus({ nats }: RunningMachine, { call, stop }: Context): Promise<void> {
  for (;;) {
    await Promise.race([nats.exited(), aborted(stop)]);
    if (stop.aborted) return;
    call.terminal.say(`nats-server ended; ${nats.logFile} says why`);
    await pause(stop);
    if (!stop.aborted) await nats.restart();
  }
}

type Context = {
  readonly place: Place;
  readonly config: Config;
  readonly call: Call;
  readonly stop: AbortSignal;
};

/** One actor: started, and started again when it ends, until the stop or until it is broken. */
function memberRun(member: ActorProcess, { place, config, call: { terminal }, stop }: Context) {
  const { name } = member;
  const failures: number[] = [];
  let running: RunningProcess | null = null;
  return { start, keep, end, kind: member.kind };

  async function start(): Promise<void> {
    while (!stop.aborted) {
      try {
        running = await startMember(place, member, config);
        return terminal.say(`${name} is ready`);
      } catch (error) {
        if (!(error instanceof CommandError) || isBroken()) throw error;
        terminal.say(`${error.message}; starting it again`);
        await pause(stop);
      }
    }
  }

  async function keep(): Promise<void> {
    for (;;) {
      await Promise.race([running?.exited, aborted(stop)]);
      if (stop.aborted) return;
      terminal.say(`${name} ended; ${place.directory}/logs/${name}.log says why`);
      if (isBroken()) throw new CommandError(`${name} ends again and again`, "read its log");
      await pause(stop);
      await start();
    }
  }

  function isBroken(): boolean {
    const now = performance.now();
    failures.push(now);
    return failures.filter((at) => at > now - failureWindowMs).length > failuresMax;
  }

  async function end(): Promise<void> {
    await running?.stop();
  }
}

/** The installation's processes, or those of them that are named. */
async function membersOf(place: Place, only: string | null): Promise<ActorProcess[]> {
  const members: ActorProcess[] = [];
  for await (const { name: file } of Deno.readDir(`${place.directory}/settings`)) {
    if (!file.endsWith(".json")) continue;
    const name = file.slice(0, -".json".length);
    const settings = settingsOf(place, name);
    const kind = kindOf(name, settings);
    // Keys without a process: the auditor's, the provisioner's.
    if (kind !== undefined) members.push({ name, kind, settings });
  }
  if (only === null) return members;
  const names = members.map(({ name }) => name);
  const wanted = only.split(",");
  for (const name of wanted) {
    if (names.includes(name)) continue;
    throw usage(grammar, `--only names an unknown actor${didYouMean(name, names)}`);
  }
  return members.filter(({ name }) => wanted.includes(name));
}

/** Edges bear names of their own. */
function kindOf(name: string, settings: Settings): ProcessKind | undefined {
  if (settings.edge !== undefined) return "edge";
  if (settings.edgeSsh !== undefined) return "edge_ssh";
  return processKinds.find((one) => one === name);
}

async function startMember(
  place: Place,
  member: ActorProcess,
  config: Config,
): Promise<RunningProcess> {
  try {
    return await startActorProcess(member, { directory: place.directory, config });
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    throw new CommandError(
      `${member.name} does not start: ${why}`,
      "sallyport doctor looks further",
    );
  }
}

async function pause(stop: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, restartMs));
  await Promise.race([passed, aborted(stop)]);
  clearTimeout(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}
