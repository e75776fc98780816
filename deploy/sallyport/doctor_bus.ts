/**
 * Doctor on the bus: the server's version, the streams' configuration field by field, that nothing
 * left the audit stream, and that audit signs.
 *
 * @module
 */
import type { Bus } from "#actors/_kit/bus.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { throughHeader } from "#schemas/log/checkpoint_message.ts";
import { epochLog, logName } from "#schemas/log/epoch.ts";
import { auditStream, checkpointStream, checkpointSubject } from "#schemas/subjects.ts";
import { checkVersion, firstDifference, ProvisionError } from "#deploy/nats/provision.ts";
import { streams } from "#deploy/nats/streams.ts";
import type { Check } from "./doctor_check.ts";
import { presentEpoch } from "./present_epoch.ts";
import type { Auditor } from "./place.ts";

const askMsMax = 5000;
/** How far audit may be behind the newest frame before it counts as not signing. */
const signWaitMsMax = 3000;

/** Checks with the auditor's rights. */
export async function checkBus({ bus, settings }: Auditor): Promise<Check[]> {
  const epoch = presentEpoch(settings);
  const checks = [await versionCheck(settings.nats.url)];
  const parsed = parseConfig(await Deno.readTextFile(settings.configFile).catch(() => ""));
  if (parsed.ok) {
    // Replicas are the operator's choice; all else is the product's.
    const topology = { epoch, shards: parsed.config.shards, replicas: 1 } as const;
    for (const { num_replicas: _any, ...wanted } of streams(topology)) {
      if (wanted.name !== auditStream(epoch) && wanted.name !== checkpointStream) continue;
      checks.push(await streamCheck(bus, wanted.name, wanted));
    }
  }
  checks.push(await wholeCheck(bus, epoch), await signedCheck(bus, epoch));
  return checks;
}

/** A server says who it is before anybody says anything. */
async function versionCheck(url: string): Promise<Check> {
  const what = "nats-server";
  const hint = "install a newer nats-server";
  const { hostname, port } = new URL(url);
  try {
    const signal = AbortSignal.timeout(askMsMax);
    using connection = await Deno.connect({ hostname, port: Number(port), signal });
    const bytes = new Uint8Array(4096);
    const count = await connection.read(bytes) ?? 0;
    const info = new TextDecoder().decode(bytes.subarray(0, count));
    const version = /^INFO .*"version":"([0-9A-Za-z.-]{1,32})"/.exec(info)?.[1] ?? "unknown";
    checkVersion(version);
    return { what, good: true, said: `version ${version}`, hint };
  } catch (error) {
    const said = error instanceof ProvisionError ? error.message : "does not say its version";
    return { what, good: false, said, hint };
  }
}

async function streamCheck(
  bus: Bus,
  name: string,
  wanted: Parameters<typeof firstDifference>[0],
): Promise<Check> {
  const what = `stream ${name}`;
  const hint = "somebody changed it past the product: take this as an incident";
  const answer = await bus.request(`$JS.API.STREAM.INFO.${name}`, new Uint8Array(0), askMsMax);
  const info: unknown = JSON.parse(new TextDecoder().decode(answer));
  const config = typeof info === "object" && info !== null && "config" in info ? info.config : {};
  const added = inflows.find((field) => Object.hasOwn(config ?? {}, field)) ?? null;
  const path = firstDifference(wanted, config, "") ?? added;
  const said = path === null ? "configured as it must be" : `differs in ${path}`;
  return { what, good: path === null, said, hint };
}

/** Fields by which frames could come into a stream past its publishers. */
const inflows = ["mirror", "sources", "subject_transform"];

async function wholeCheck(bus: Bus, epoch: string): Promise<Check> {
  const { first, last, messages } = await bus.state(auditStream(epoch));
  const good = messages === last && (last === 0 || first === 1);
  const said = good ? `${messages} frames, none missing` : `${last - messages} frames are missing`;
  const hint = "sallyport verify names them; take this as an incident";
  return { what: "audit stream", good, said, hint };
}

async function signedCheck(bus: Bus, epoch: string): Promise<Check> {
  const what = "signatures";
  const { last } = await bus.state(auditStream(epoch));
  let signed = 0;
  for (const until = performance.now() + signWaitMsMax; performance.now() < until;) {
    const newest = await bus.last(checkpointStream, checkpointSubject(epochLog(logName, epoch)));
    signed = Number(newest?.headers.get(throughHeader) ?? 0);
    if (signed >= last) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const good = signed >= last;
  const said = good ? `up to frame ${signed}` : `up to frame ${signed} of ${last}`;
  return { what, good, said, hint: "audit does not keep up or does not run: look at its log" };
}
