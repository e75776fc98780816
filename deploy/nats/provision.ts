/**
 * Creates streams and consumers, reads every configuration back and compares it field by field.
 *
 * **Invariant:** the product starts only on a server that says of each stream and consumer exactly
 * what was asked for. Older servers answer "created" to fields they do not know.
 *
 * @module
 */
import type { BusTls } from "#actors/_kit/nats_options.ts";
import { connect, nkeyAuthenticator } from "@nats-io/transport-node";
import {
  type ApiConfig,
  type ConfigValue,
  consumers,
  streams,
  type Topology,
} from "#deploy/nats/streams.ts";

/** The oldest server whose behaviour was tested (strict API, priority groups). */
const serverVersionMin = [2, 12] as const;

export type ProvisionOptions = {
  readonly url: string;
  /** The seed of the provisioner's key. */
  readonly seed: Uint8Array;
  readonly inboxPrefix: string;
  readonly topology: Topology;
  /**
   * The server's `store_dir`, where it can be seen. A stream that has files there and is not known
   * to the server is one that it cannot open, and to make it anew would delete them.
   */
  readonly storeDirectory?: string;
  readonly apiMsMax?: number;
  /** PEM texts; without it the connection is not encrypted. */
  readonly tls?: BusTls;
};

/** Cannot go on: the server is too old, refuses, or holds another configuration. */
export class ProvisionError extends Error {
  override readonly name = "ProvisionError";
}

/** Brings the server to the topology's streams and consumers, or says what differs. */
export async function provision(options: ProvisionOptions): Promise<void> {
  const nc = await connect({
    servers: options.url,
    name: "provisioner",
    authenticator: nkeyAuthenticator(options.seed),
    inboxPrefix: options.inboxPrefix,
    reconnect: false,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
  });
  try {
    checkVersion(nc.info?.version ?? "unknown");
    const api: Api = async (subject, body) => {
      const timeout = options.apiMsMax ?? 10_000;
      const payload = body === undefined ? "" : JSON.stringify(body);
      const answer = await nc.request(`$JS.API.${subject}`, payload, { timeout });
      return toRecord(JSON.parse(answer.string()));
    };
    for (const config of streams(options.topology)) {
      await provisionStream(api, config, options.storeDirectory);
    }
    for (const { stream, config } of consumers(options.topology)) {
      await provisionConsumer(api, stream, config);
    }
  } finally {
    await nc.close();
  }
}

/** @throws ProvisionError when `version` is below the floor or is no version. */
export function checkVersion(version: string): void {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  const [majorMin, minorMin] = serverVersionMin;
  const older = Number(major) < majorMin || Number(major) === majorMin && Number(minor) < minorMin;
  if (major === undefined || minor === undefined || older) {
    const floor = serverVersionMin.join(".");
    throw new ProvisionError(
      `Cannot provision: nats-server is ${version}, at least ${floor} is needed`,
    );
  }
}

/**
 * The path of the first field of `wanted` that `found` holds otherwise, or null. An absent field
 * equals false, 0, empty text and, for counts, no limit (-1).
 */
export function firstDifference(
  wanted: ConfigValue,
  found: unknown,
  path: string,
): string | null {
  if (isList(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return path;
    return firstOf(wanted.map((item, index) => [item, found[index], `${path}[${index}]`]));
  }
  if (typeof wanted === "object") {
    const fields = toRecord(found);
    const entries = Object.entries(wanted);
    return firstOf(entries.map(([name, value]) => [value, fields[name], joined(path, name)]));
  }
  if (found === wanted) return null;
  const isDefault = wanted === false || wanted === 0 || wanted === "" || wanted === -1;
  return found === undefined && isDefault ? null : path;
}

type Api = (subject: string, body?: unknown) => Promise<Record<string, unknown>>;

async function provisionStream(
  api: Api,
  config: ApiConfig,
  storeDirectory: string | undefined,
): Promise<void> {
  const { name } = config;
  let info = await api(`STREAM.INFO.${name}`);
  if (errorOf(info)?.startsWith("10059 ")) {
    if (storeDirectory !== undefined) await checkNothingKept(storeDirectory, name);
    const made = await api(`STREAM.CREATE.${name}`, config);
    checkAnswer(made, `stream ${name}`);
    info = await api(`STREAM.INFO.${name}`);
  }
  checkAnswer(info, `stream ${name}`);
  compare(config, info["config"], `stream ${name}`);
  // What we did not ask for must not be there either.
  const found = toRecord(info["config"]);
  for (const field of forbiddenFields) {
    if (found[field] === undefined || config[field] !== undefined) continue;
    throw new ProvisionError(`Cannot provision: stream ${name} differs in ${field}`);
  }
}

/** The server deletes the files of a stream that it failed to open, when it is to be created. */
async function checkNothingKept(storeDirectory: string, stream: string): Promise<void> {
  const files = `${storeDirectory}/jetstream/$G/streams/${stream}`;
  try {
    await Deno.stat(files);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new ProvisionError(
    `Cannot provision: ${files} holds stream ${stream}, which the server cannot open: is its key ` +
      "another, or are files of it gone? Nothing was changed",
  );
}

async function provisionConsumer(api: Api, stream: string, config: ApiConfig): Promise<void> {
  const { name } = config;
  const what = `consumer ${stream}.${name}`;
  let info = await api(`CONSUMER.INFO.${stream}.${name}`);
  if (errorOf(info)?.startsWith("10014 ")) {
    const filters = config["filter_subjects"];
    // A single filter is named in the subject as well, so that permissions may speak of it.
    const single = Array.isArray(filters) && filters.length === 1 ? String(filters[0]) : null;
    const { "filter_subjects": _many, ...rest } = config;
    const sent = single === null ? config : { ...rest, "filter_subject": single };
    const subject = single === null
      ? `CONSUMER.CREATE.${stream}.${name}`
      : `CONSUMER.CREATE.${stream}.${name}.${single}`;
    const body = { "stream_name": stream, action: "create", config: sent };
    checkAnswer(await api(subject, body), what);
    info = await api(`CONSUMER.INFO.${stream}.${name}`);
  }
  checkAnswer(info, what);
  const found = toRecord(info["config"]);
  const filter = found["filter_subject"];
  compare(config, filter === undefined ? found : { ...found, "filter_subjects": [filter] }, what);
  if (found["deliver_subject"] !== undefined) {
    throw new ProvisionError(`Cannot provision: ${what} differs in deliver_subject`);
  }
}

/** Fields by which frames could leave a stream or come into it past its publishers. */
const forbiddenFields = ["mirror", "sources", "republish", "subject_transform"];

function compare(wanted: ApiConfig, found: unknown, what: string): void {
  const path = firstDifference(wanted, found, "");
  if (path !== null) throw new ProvisionError(`Cannot provision: ${what} differs in ${path}`);
}

function checkAnswer(answer: Record<string, unknown>, what: string): void {
  const error = errorOf(answer);
  if (error !== null) throw new ProvisionError(`Cannot provision: ${what}: ${error}`);
}

function errorOf(answer: Record<string, unknown>): string | null {
  if (answer["error"] === undefined) return null;
  const error = toRecord(answer["error"]);
  return `${String(error["err_code"])} ${String(error["description"])}`;
}

function firstOf(pairs: (readonly [ConfigValue, unknown, string])[]): string | null {
  for (const [wanted, found, path] of pairs) {
    const difference = firstDifference(wanted, found, path);
    if (difference !== null) return difference;
  }
  return null;
}

function isList(value: ConfigValue): value is readonly ConfigValue[] {
  return Array.isArray(value);
}

function toRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
