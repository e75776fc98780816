/**
 * How every actor's process begins: settings, configuration, bus, and what to read.
 *
 * **Invariant:** it refuses to start when anything it needs is missing or wrong (G8); it never
 * starts with less.
 *
 * @module
 */
import { type Bus, errorCode } from "#actors/_kit/bus.ts";
import { systemClock, systemRandom } from "#actors/_kit/clock.ts";
import { actorHost, type Host } from "#actors/_kit/host.ts";
import { busLimits, connectBus } from "#actors/_kit/nats.ts";
import { reporter, stopOnBug, stopOnSignal } from "#actors/_kit/report.ts";
import { readSettings, type Settings } from "#actors/_kit/settings.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { parseConfig } from "#schemas/config_file.ts";

export type Process = Host & {
  readonly settings: Settings;
  /**
   * Says that the actor works; supervisors wait for it. `leave` is what it does when it is told to
   * stop, by SIGTERM or Ctrl-C: when that is done the process ends.
   */
  ready(leave?: () => Promise<void>): void;
};

/** Starts the process of the actor `kind`. @throws StartError saying what is wrong. */
export async function startActor(kind: string): Promise<Process> {
  const report = reporter(kind);
  let isStarting = true;
  stopOnBug(report, () => isStarting);
  const settings = readSettings(Deno.args[0]);
  const parsed = parseConfig(Deno.readTextFileSync(settings.configFile));
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
    throw new StartError(
      `${settings.configFile} is wrong: ${problems}`,
      "mend it; sallyport policy check reads it without a start",
    );
  }
  const { config, digest: configDigest } = parsed;
  const bus = await connectTo(settings);
  const ports = { config, configDigest, bus, clock: systemClock, random: systemRandom, report };
  const host = actorHost(kind, settings.epoch, ports);
  return {
    ...host,
    settings,
    // Ready is who can be reached: the server knows of every subscription made before.
    ready: (leave) => {
      isStarting = false;
      if (leave !== undefined) stopOnSignal(report, leave);
      void bus.flush().then(() => report("ready", { epoch: host.epochs.open() ?? "" }));
    },
  };
}

async function connectTo({ name, nats }: Settings): Promise<Bus> {
  const seed = new TextEncoder().encode(Deno.readTextFileSync(nats.seedFile).trim());
  const { url, inboxPrefix } = nats;
  try {
    const clock = systemClock;
    return await connectBus({ url, seed, name, inboxPrefix, clock, limits: busLimits });
  } catch (cause) {
    const why = `the bus at ${url} cannot be used: ${errorCode(cause)}`;
    const hint = "look whether nats-server runs there, and knows the key of these settings";
    throw new StartError(why, hint, { cause });
  }
}
