/**
 * Registered SSH keys that outlive the process, so that who registered one minutes ago need not do
 * so again.
 *
 * Each line is a registration and identity's seal over it: who can write the file, but does not
 * hold identity's key, registers nobody. There is no secret in it.
 *
 * **Invariant (G8):** a line that is not understood, not sealed or expired registers nothing. Who
 * was shut out stays so, for revocations are asked at each use.
 *
 * @module
 */
import type { LineFile } from "#actors/_kit/line_file.ts";
import { IdentityClaims, KeyFingerprint } from "#schemas/identity.ts";
import { z } from "zod";
import { type RegisteredKey, type RegisteredKeys, registeredKeys } from "./registered_keys.ts";

export type KeptKeysLimits = {
  readonly keysMax: number;
  readonly keysPerPersonMax: number;
  /** Lines of the file, and its characters; with more, it is written anew with what still holds. */
  readonly keyLinesMax: number;
  readonly keyCharsMax: number;
};

/** Seals a text with a key that identity alone holds. */
export type Seal = (text: string) => string;

const Line = z.strictObject({ seal: z.string(), registration: z.string() });
const Registration = z.strictObject({
  version: z.literal(1),
  fingerprint: KeyFingerprint,
  connection: z.string().min(1).max(63),
  claims: IdentityClaims,
  jti: z.string().nullable(),
});

export type KeptKeys = RegisteredKeys & {
  /** Writes what is kept anew, sealed as `seal` seals from now on. */
  reseal(nowSeconds: number): void;
};

/** Reads what is kept, and lets go of what no longer holds. */
export function keptKeys(
  file: LineFile,
  limits: KeptKeysLimits,
  seal: Seal,
  nowSeconds: number,
): KeptKeys {
  const keys = registeredKeys(limits);
  for (const line of linesOf(file)) {
    const read = parse(line, seal);
    if (read === null || read.claims.exp <= nowSeconds) continue;
    const { fingerprint, connection, claims, jti } = read;
    keys.add(fingerprint, connection, { claims, jti }, nowSeconds);
  }
  let lines = 0;
  let characters = 0;
  /** Something that is registered is not in the file. */
  let behind = true;
  keep(() => rewrite(nowSeconds));
  return { ...keys, add, reseal: (atSeconds) => keep(() => rewrite(atSeconds)) };

  function add(
    fingerprint: string,
    connection: string,
    key: RegisteredKey,
    nowSeconds: number,
  ): ReturnType<RegisteredKeys["add"]> {
    const added = keys.add(fingerprint, connection, key, nowSeconds);
    if (added !== "added") return added;
    const line = format(fingerprint, connection, key, seal);
    const isFull = lines >= limits.keyLinesMax || characters + line.length > limits.keyCharsMax;
    keep(() => {
      if (behind || isFull) return rewrite(nowSeconds);
      behind = true;
      file.append(line);
      lines++;
      characters += line.length;
      behind = false;
    });
    return added;
  }

  function rewrite(nowSeconds: number): void {
    behind = true;
    const all: string[] = [];
    characters = 0;
    for (const { fingerprint, connection, key } of keys.entries(nowSeconds)) {
      const line = format(fingerprint, connection, key, seal);
      // What does not fit is registered, and forgotten with the process.
      if (all.length >= limits.keyLinesMax) break;
      if (characters + line.length > limits.keyCharsMax) continue;
      all.push(line);
      characters += line.length;
    }
    file.replace(all);
    lines = all.length;
    behind = false;
  }
}

/** A key that cannot be kept is registered all the same, for as long as the process lives. */
function keep(write: () => void): void {
  try {
    write();
  } catch {
    // It is written with the next one.
  }
}

/** A file that cannot be read, or is too long to be ours, keeps nothing. */
function linesOf(file: LineFile): readonly string[] {
  try {
    return file.read();
  } catch {
    return [];
  }
}

function format(
  fingerprint: string,
  connection: string,
  { claims, jti }: RegisteredKey,
  seal: Seal,
): string {
  const registration = JSON.stringify({ version: 1, fingerprint, connection, claims, jti });
  return JSON.stringify({ seal: seal(registration), registration });
}

function parse(line: string, seal: Seal): z.infer<typeof Registration> | null {
  try {
    const { seal: sealed, registration } = Line.parse(JSON.parse(line));
    return sealed === seal(registration) ? Registration.parse(JSON.parse(registration)) : null;
  } catch {
    return null;
  }
}
