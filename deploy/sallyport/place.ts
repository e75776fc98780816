/**
 * Finds the installation that a verb is about, and connects to its bus with the auditor's key,
 * which may read, and store that it read.
 *
 * @module
 */
import { type Bus, BusError } from "#actors/_kit/bus.ts";
import { systemClock } from "#actors/_kit/clock.ts";
import { busLimits, connectBus } from "#actors/_kit/nats.ts";
import { readSettings, type Settings } from "#actors/_kit/settings.ts";
import { CommandError } from "./failure.ts";
import type { Call } from "./verb.ts";

export type Place = { readonly directory: string };

const demoFolder = ".sallyport/demo";
const startHint =
  "start the demo (deno task demo), make an installation (sallyport init), or name " +
  "one with --dir or SALLYPORT_DIR";

/** The installation's folder: `--dir`, else SALLYPORT_DIR, else the demo's. */
export async function findPlace({ given, environment, cwd }: Call): Promise<Place> {
  const named = given.value("dir") ?? environment.SALLYPORT_DIR ?? demoFolder;
  const directory = named.startsWith("/") ? named : `${cwd}/${named}`;
  const found = await Deno.stat(`${directory}/settings`).catch(() => null);
  if (found?.isDirectory === true) return { directory };
  throw new CommandError(`there is no installation in ${directory}`, startHint);
}

/** The settings of one process of the installation. */
export function settingsOf({ directory }: Place, name: string): Settings {
  const path = `${directory}/settings/${name}.json`;
  try {
    return readSettings(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "is not there"
      : error instanceof Deno.errors.PermissionDenied
      ? "may not be read"
      : error instanceof SyntaxError
      ? "is no JSON"
      : error instanceof Error
      ? `is not understood (${error.message})`
      : "is not understood";
    throw new CommandError(`${path} ${why}`, startHint);
  }
}

/** Where what listens on this host is reached from this machine. */
export function reachableHost(listening: string): string {
  return listening === "0.0.0.0" ? "127.0.0.1" : listening;
}

export type Auditor = {
  readonly bus: Bus;
  readonly settings: Settings;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Connects as the auditor. @throws CommandError when the bus does not answer. */
export async function connectAuditor(place: Place): Promise<Auditor> {
  const settings = settingsOf(place, "auditor");
  const { url, seedFile, inboxPrefix } = settings.nats;
  const seed = await Deno.readTextFile(seedFile).catch(() => {
    throw new CommandError(`the auditor's key ${seedFile} cannot be read`, startHint);
  });
  try {
    const bus = await connectBus({
      url,
      seed: new TextEncoder().encode(seed.trim()),
      name: "sallyport-command",
      inboxPrefix,
      clock: systemClock,
      limits: busLimits,
    });
    return { bus, settings, [Symbol.asyncDispose]: () => bus.close() };
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    const running = error.code === "refused"
      ? "the key is not the one the server knows: is this folder of another installation?"
      : `start it (sallyport up, or deno task demo), and look at ${place.directory}/logs`;
    throw new CommandError(`the bus at ${url} ${answers(error)}`, running);
  }
}

/** What went wrong on the bus later on, in words for a person. */
export function busFailure(error: BusError): CommandError {
  return new CommandError(
    `the bus ${answers(error)} while it was read`,
    "look whether nats-server still runs, then try again",
  );
}

function answers(error: BusError): string {
  switch (error.code) {
    case "refused":
      return "refuses the auditor's key";
    case "timeout":
      return "does not answer in time";
    default:
      return "does not answer";
  }
}
