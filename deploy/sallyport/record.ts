/**
 * The record that a verb reads: the bus's own, with the auditor's key, or a file of evidence that
 * was taken elsewhere, where nothing of the installation is.
 *
 * @module
 */
import { z } from "zod";
import { type IdentityKeys, identityKeys } from "#actors/_kit/identity_keys.ts";
import type { Settings } from "#actors/_kit/settings.ts";
import type { IdentityCheck } from "#actors/audit/verify/identity_check.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { identityIssuer } from "#schemas/identity.ts";
import type { LeafRange } from "#schemas/log/merkle.ts";
import type { SessionKey } from "#schemas/subjects.ts";
import { type Arguments, type Flag, type Grammar, usage } from "./arguments.ts";
import { presentEpoch } from "./present_epoch.ts";
import { openEvidence, type RecordBus } from "./evidence_file.ts";
import { CommandError } from "./failure.ts";
import { readNamed } from "./files.ts";
import { connectAuditor, findPlace } from "./place.ts";
import type { Call } from "./verb.ts";
import { recordView } from "./view_record.ts";

/** Flags of the verbs that read a record. */
export const recordFlags: Readonly<Record<"from" | "epoch", Flag>> = {
  from: { value: "<file>", help: "read what `sallyport evidence` wrote, not the bus" },
  epoch: { value: "<YYYY_MM>", help: "the log of that month (default: the present one)" },
};

export type LogRecord = {
  readonly bus: RecordBus;
  /** The month that is asked for. */
  readonly epoch: string;
  /** The log's public key where none is named, and where it came from. */
  logKey(): Promise<{ readonly text: string; readonly from: string }>;
  /** What identity's signatures are held against: its keys in a file, or the record's own. */
  identity(keysFile: string | null): Promise<IdentityCheck>;
  /** False of evidence: what is there is all that comes. */
  readonly grows: boolean;
  /** The one session that is here; null: all of the month. */
  readonly session: string | null;
  /** Frames that are known by their hashes alone, as the verifier takes them. */
  ranges(): Promise<ReadonlyMap<number, LeafRange>>;
  /** Stores that a recording is read. In evidence that stands already: it was made to be read. */
  viewed(key: SessionKey): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Opens the record a verb is about. @throws CommandError */
export async function openRecord(grammar: Grammar, call: Call): Promise<LogRecord> {
  const file = call.given.value("from");
  return file === null
    ? await liveRecord(grammar, call)
    : await evidenceRecord(grammar, call, file);
}

async function liveRecord(grammar: Grammar, call: Call): Promise<LogRecord> {
  const place = await findPlace(call);
  const auditor = await connectAuditor(place);
  const { bus, settings } = auditor;
  const close = () => auditor[Symbol.asyncDispose]();
  try {
    const path = `${place.directory}/public/log.vkey`;
    return {
      bus,
      epoch: epochOfCall(grammar, call.given, presentEpoch(settings)),
      logKey: async () => {
        return { text: decoded(await readNamed(path, "the log's key")), from: path };
      },
      identity: (file) => identityOf(file, settings),
      grows: true,
      session: null,
      ranges: () => Promise.resolve(new Map()),
      viewed: (key) => recordView(bus, key, settings.name, "replay"),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function evidenceRecord(grammar: Grammar, call: Call, file: string): Promise<LogRecord> {
  const { head, bus, ranges } = await openEvidence(file);
  const epoch = epochOfCall(grammar, call.given, head.epoch);
  if (epoch !== head.epoch) {
    throw new CommandError(`${file} is the record of ${head.epoch}`, "leave --epoch out");
  }
  if (grammar.verb !== "verify") {
    call.terminal.say(`as ${file} says; whether that is genuine, sallyport verify --from says`);
  }
  return {
    bus,
    epoch,
    logKey: () => Promise.resolve({ text: head.logKey, from: file }),
    identity: async (keysFile) => {
      const { identityKeys: own, organisation } = head;
      if (keysFile === null) return identityCheckOf(own, organisation, file);
      return identityCheckOf(await jsonOf(keysFile), organisation, keysFile, own);
    },
    grows: false,
    session: head.session ?? null,
    ranges,
    viewed: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function identityOf(
  named: string | null,
  { identityKeysFile, configFile }: Settings,
): Promise<IdentityCheck> {
  const parsed = parseConfig(decoded(await readNamed(configFile, "the configuration")));
  if (!parsed.ok) {
    const hint = "sallyport policy check says where";
    throw new CommandError("the configuration is wrong, so nobody knows whose record it is", hint);
  }
  const { organisation } = parsed.config;
  if (named === null) {
    return identityCheckOf(await jsonOf(identityKeysFile), organisation, identityKeysFile);
  }
  const own = await jsonOf(identityKeysFile).catch(() => null);
  return identityCheckOf(await jsonOf(named), organisation, named, own);
}

/**
 * Keys that are named from elsewhere may be the present ones alone: what the record's own set says
 * of those before holds where they signed it.
 *
 * @throws CommandError: signatures that cannot be checked are not passed over.
 */
function identityCheckOf(
  keys: unknown,
  organisation: string,
  file: string,
  own: unknown = null,
): IdentityCheck {
  const issuer = identityIssuer(organisation);
  try {
    const named = identityKeys(keys);
    return { keys: withEarlier(keys, own) ?? named, issuer };
  } catch {
    const hint = "name what identity serves as /.well-known/jwks.json by --identity-keys";
    throw new CommandError(`identity's keys in ${file} are not understood`, hint);
  }
}

const Earlier = z.object({ earlier: z.array(z.unknown()).min(1) });

/** Null where the named set has earlier keys of its own, or its keys signed none of the other's. */
function withEarlier(keys: unknown, own: unknown): IdentityKeys | null {
  const [named, found] = [Earlier.safeParse(keys), Earlier.safeParse(own)];
  if (named.success || !found.success) return null;
  try {
    return identityKeys(Object.assign({}, keys, found.data));
  } catch {
    return null;
  }
}

async function jsonOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(decoded(await readNamed(file, "identity's keys")));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The month that is asked for. @throws UsageError */
export function epochOfCall(grammar: Grammar, given: Arguments, otherwise: string): string {
  const epoch = given.value("epoch") ?? otherwise;
  if (/^\d{4}_(0[1-9]|1[0-2])$/.test(epoch)) return epoch;
  throw usage(grammar, "--epoch is a month, as 2026_11");
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
