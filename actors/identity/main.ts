/** Identity's process: the only one that holds the key that signs who somebody is. @module */
import { systemClock, systemRandom } from "#actors/_kit/clock.ts";
import { lineFile } from "#actors/_kit/line_file.ts";
import { configuredFile, needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { replayCache } from "./bounded.ts";
import { currentKey } from "./current_key.ts";
import { requestBytesMax, serveExchanges } from "./driver.ts";
import { identityExchange } from "./exchange.ts";
import { identityHttp } from "./http.ts";
import { issuerKeys, issuerKeysLimits } from "./issuer_keys.ts";
import { keptKeys } from "./kept_keys.ts";
import { keptRevocations } from "./kept_revocations.ts";
import { identityLimits } from "./limits.ts";
import { organisationVerifier } from "./organisation_token.ts";
import { clientRules } from "./token_client.ts";

const process = await startActor("identity");
const { bus, config, report, settings } = process;
const { host, port, signingKeyFile, revocationsFile, sshKeysFile } = needed(settings, "identity");
const { issuer } = config;

const key = await currentKey(() => Deno.readTextFileSync(signingKeyFile));
const client = issuer.ca_file === undefined ? undefined : Deno.createHttpClient({
  caCerts: [Deno.readTextFileSync(configuredFile(settings, issuer.ca_file))],
});
const sshKeys = keptKeys(
  lineFile(sshKeysFile, { bytesMax: identityLimits.keysFileBytesMax }),
  identityLimits,
  (text) => key.now().seal(text),
  Math.floor(systemClock.nowMs() / 1000),
);
const identity = identityExchange({
  organisation: config.organisation,
  connections: new Set(Object.keys(config.connections)),
  verifyOrganisation: organisationVerifier({
    issuer: issuer.url,
    audience: issuer.audience,
    consoleClientId: config.console.client_id,
    clients: clientRules({
      claim: issuer.client_claim,
      // Nobody but people signs in at the console.
      people: issuer.people_clients === "any"
        ? "any"
        : [...issuer.people_clients, config.console.client_id],
      agents: new Map(Object.entries(issuer.agents)),
    }),
    groupsClaim: issuer.groups_claim,
    purposeClaim: issuer.purpose_claim,
    skewSeconds: identityLimits.skewSeconds,
    keys: issuerKeys(
      issuer.url,
      (url, init) => fetch(url, client === undefined ? init : { ...init, client }),
      issuerKeysLimits,
    ),
  }),
  keys: { get: (kid) => key.now().keys.get(kid) },
  sign: (claims) => key.now().sign(claims),
  clock: systemClock,
  random: systemRandom,
  replays: replayCache({ entriesMax: identityLimits.replaysMax }),
  revocations: keptRevocations(
    lineFile(revocationsFile, { bytesMax: identityLimits.revocationsFileBytesMax }),
    { entriesMax: identityLimits.revocationsMax, linesMax: identityLimits.revocationLinesMax },
    systemClock.nowMs(),
  ),
  sshKeys,
  limits: { inFlightMax: identityLimits.exchangesMax },
});

process.every(identityLimits.keyLookMs, () => void lookForKey());
serveExchanges(bus, identity, report);
const http = identityHttp({
  identity,
  publicKeys: () => key.now().publicKeys,
  healthy: bus.connected,
  bodyBytesMax: requestBytesMax,
});
Deno.serve({ hostname: host, port, onListen: () => process.ready() }, http.fetch);

/** `sallyport rotate` puts another key in place of this one. */
async function lookForKey(): Promise<void> {
  const found = await key.look();
  if (found === "same") return;
  if (found === "unreadable") return report("signing_key_unreadable", {});
  if (found === "stranger") return report("signing_key_not_following", {});
  sshKeys.reseal(Math.floor(systemClock.nowMs() / 1000));
  report("signing_key_taken", { earlier: key.now().publicKeys.earlier.length });
}
