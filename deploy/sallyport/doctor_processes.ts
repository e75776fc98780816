/**
 * Doctor on processes: those that this machine started for the installation, and the doors of
 * identity, console and edges.
 *
 * @module
 */
import { z } from "zod";
import type { Settings } from "#actors/_kit/settings.ts";
import type { Check } from "./doctor_check.ts";
import { CommandError } from "./failure.ts";
import { askJson } from "./http.ts";
import { type Place, reachableHost, settingsOf } from "./place.ts";

/** Keys without a process of their own. */
const noProcess = new Set(["auditor", "provisioner"]);
const connectMsMax = 3000;

/** Checks every process that has settings. */
export async function checkProcesses(place: Place, signal: AbortSignal): Promise<Check[]> {
  const checks: Check[] = [];
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${place.directory}/settings`)) {
    if (name.endsWith(".json")) names.push(name.slice(0, -".json".length));
  }
  for (const name of names.sort()) {
    if (noProcess.has(name)) continue;
    const running = await runningCheck(place, name);
    if (running !== null) checks.push(running);
    if (running?.good === false) continue;
    const door = await doorCheck(place, name, signal);
    if (door !== null) checks.push(door);
    if (name === "identity" && door?.good === true) checks.push(await keyCheck(place, signal));
  }
  return checks;
}

const KeySet = z.object({
  keys: z.array(z.object({ kid: z.string() })).min(1),
  earlier: z.array(z.unknown()).default([]),
});

/** Whether identity signs with the key that is published: a rotation may have been cut off. */
async function keyCheck(place: Place, signal: AbortSignal): Promise<Check> {
  const { identity, identityKeysFile } = settingsOf(place, "identity");
  const url = `http://${reachableHost(identity?.host ?? "")}:${identity?.port}`;
  const answer = await askJson(`${url}/.well-known/jwks.json`, {}, "identity", signal)
    .catch(() => null);
  const served = KeySet.safeParse(answer?.body).data;
  const published = KeySet.safeParse(await jsonOf(identityKeysFile)).data;
  const kid = served?.keys[0]?.kid;
  const good = kid !== undefined && published?.keys[0]?.kid === kid;
  const said = good
    ? `${kid} signs, and vouches for ${served?.earlier.length} before it`
    : `identity signs with another key than ${identityKeysFile} has first`;
  const hint =
    "start the system again: that ends a rotation that was cut off, or says what is wrong";
  return { what: "identity's key", good, said, hint };
}

async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch {
    return null;
  }
}

/** Null when no process of this machine was started with these settings. */
async function runningCheck({ directory }: Place, name: string): Promise<Check | null> {
  const log = `${directory}/logs/${name}.log`;
  const started = await Deno.stat(log).catch(() => null);
  if (started === null) return null;
  const text = await Deno.readTextFile(`${directory}/logs/${name}.pid`).catch(() => "");
  const pid = /^([1-9]\d{0,9})\n/.exec(text)?.[1];
  const line = pid === undefined
    ? ""
    : await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  const good = line.includes(`settings/${name}.json`);
  const said = good ? `runs, process ${pid}` : "does not run";
  return { what: name, good, said, hint: `${log} says why it ended; start the system again` };
}

/** Null when the process takes no connections. */
async function doorCheck(place: Place, name: string, signal: AbortSignal): Promise<Check | null> {
  let settings: Settings;
  try {
    settings = settingsOf(place, name);
  } catch (error) {
    // The check of the settings says so already.
    if (error instanceof CommandError) return null;
    throw error;
  }
  const { identity, console } = settings;
  const log = `${place.directory}/logs/${name}.log`;
  const wasStarted = await Deno.stat(log).then(() => true, () => false);
  const hint = wasStarted
    ? `look at ${log}`
    : "start the system (sallyport up); where it runs in containers, look at what they say";
  const http = identity ?? console;
  if (http !== undefined) {
    const url = `http://${reachableHost(http.host)}:${http.port}`;
    const answer = await askJson(`${url}/health`, {}, name, signal).catch(() => null);
    const good = answer?.status === 200;
    const said = good ? `${url} is healthy` : `${url} answers ${answer?.status ?? "nothing"}`;
    return { what: `${name}'s door`, good, said, hint };
  }
  const edge = settings.edge ?? settings.edgeSsh;
  if (edge === undefined) return null;
  const host = reachableHost(edge.host);
  const good = await accepts(host, edge.port);
  const address = `${host}:${edge.port}`;
  const said = good ? `${address} takes connections` : `${address} takes no connection`;
  return { what: `${name}'s door`, good, said, hint };
}

async function accepts(hostname: string, port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(connectMsMax);
    (await Deno.connect({ hostname, port, signal })).close();
    return true;
  } catch {
    return false;
  }
}
