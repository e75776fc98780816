/**
 * An organisation's issuer and an exchange in memory, for the tests of identity and approval's
 * neighbours. Keys are real; nothing else is.
 *
 * @module
 */
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import type { ExchangeRequestInput } from "#schemas/identity.ts";
import { replayCache, revocationList } from "./bounded.ts";
import { type Exchange, type ExchangeOptions, identityExchange } from "./exchange.ts";
import { organisationVerifier } from "./organisation_token.ts";
import { registeredKeys } from "./registered_keys.ts";
import { newSigningKey, type SigningKey, signingKey } from "./signing_key.ts";
import { type ClientRules, clientRules } from "./token_client.ts";

export const issuerUrl = "https://id.example.org";
export const startSeconds = 1_800_000_000;

export type TestIdentity = {
  readonly identity: Exchange;
  readonly key: SigningKey;
  /** Seconds since 1970; move it. */
  readonly time: { seconds: number };
  /** Another run of identity with the same key: what a restart gives. */
  restarted(): Exchange;
  /** A token of the organisation; claims given replace the usual ones. */
  organisation(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
};

/** People's own is `workbench`, to which tokens are issued if nothing else is said. */
const usualClients = clientRules({ people: ["workbench"] });

/** Builds an issuer with one ES256 key and an exchange that trusts it. */
export async function testIdentity(
  change: Partial<ExchangeOptions> = {},
  clients: ClientRules = usualClients,
): Promise<TestIdentity> {
  const pair = await generateKeyPair("ES256");
  const jwks = { keys: [{ ...await exportJWK(pair.publicKey), kid: "org-1", alg: "ES256" }] };
  const key = await signingKey(await newSigningKey());
  const time = { seconds: startSeconds };
  const clock: Clock = { nowMs: () => time.seconds * 1000, after: () => () => undefined };
  const random = countingRandom();
  const options: ExchangeOptions = {
    organisation: "test",
    connections: new Set(["ehr", "billing"]),
    verifyOrganisation: organisationVerifier({
      issuer: issuerUrl,
      audience: "sallyport",
      consoleClientId: "console",
      clients,
      groupsClaim: "groups",
      purposeClaim: "purpose_of_use",
      skewSeconds: 30,
      keys: createLocalJWKSet(jwks),
    }),
    keys: key.keys,
    sign: key.sign,
    clock,
    random,
    replays: replayCache({ entriesMax: 1000 }),
    revocations: revocationList({ entriesMax: 100 }),
    sshKeys: registeredKeys({ keysMax: 100, keysPerPersonMax: 3 }),
    limits: { inFlightMax: 100 },
    ...change,
  };
  return { identity: identityExchange(options), key, time, restarted, organisation };

  function restarted(): Exchange {
    return identityExchange({ ...options, replays: replayCache({ entriesMax: 1000 }) });
  }

  function organisation(
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
  ) {
    const usual = {
      iss: issuerUrl,
      aud: "sallyport",
      sub: "ada",
      name: "Ada Lovelace",
      groups: ["clinical-agents", "treatment-team"],
      "purpose_of_use": "TREAT",
      "client_id": "workbench",
      iat: time.seconds,
      exp: time.seconds + 3600,
    };
    const protectedHeader = { alg: "ES256", kid: "org-1", ...header };
    return new SignJWT({ ...usual, ...claims }).setProtectedHeader(protectedHeader)
      .sign(pair.privateKey);
  }
}

/** A request for a session on `ehr`. */
export function sessionRequest(
  token: string,
  change: Partial<ExchangeRequestInput> = {},
): ExchangeRequestInput {
  return { version: 1, token, connection: "ehr", session: "s1", audience: "edge", ...change };
}

/** Different bytes at each call, the same in each run. */
function countingRandom(): Random {
  let count = 0;
  return (bytes) => {
    const out = new Uint8Array(bytes);
    new DataView(out.buffer).setUint32(0, ++count);
    return out;
  };
}

/** A file of lines in memory; while it is `full` nothing is written. */
export function memoryFile(lines: string[] = []) {
  const file = {
    lines,
    full: false,
    read: () => [...file.lines],
    append: (line: string) => store([...file.lines, line]),
    replace: (all: readonly string[]) => store([...all]),
  };
  const store = (all: string[]) => {
    if (file.full) throw new Error("No space left on device");
    file.lines = all;
  };
  return file;
}
