/** Authz's process. @module */
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { followCatalogs } from "#actors/_kit/catalog_channel.ts";
import { systemClock, systemRandom } from "#actors/_kit/clock.ts";
import { identityKeys } from "#actors/_kit/identity_token.ts";
import { sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { encodeControl } from "#schemas/frames.ts";
import { auditStream, auditSubject } from "#schemas/subjects.ts";
import { frameHeaders } from "#actors/_kit/frame.ts";
import { newId } from "#actors/_kit/new_id.ts";
import { authz } from "./actor.ts";
import { defaultLimits } from "./analysis/analyse.ts";
import { loadParser } from "./analysis/parser.ts";
import { createJudge } from "./judge.ts";
import { authzLimits, judgedKinds, requestLimits } from "./limits.ts";
import { loadPolicy, type PolicySet } from "./policy/cedar.ts";

const process = await startActor("authz");
const { bus, config, configDigest, report, settings } = process;
const { policyFile } = needed(settings, "authz");
let policy = load(Deno.readTextFileSync(policyFile));
if (policy === null) {
  throw new StartError(`${policyFile} is wrong`, "sallyport policy check says where and why");
}
let lastModified = Deno.statSync(policyFile).mtime?.getTime() ?? 0;

const { judge, onCatalog, onCatalogBroken } = createJudge({
  nowMs: systemClock.nowMs,
  config,
  configDigest,
  policy: current,
  identityKeys: identityKeys(JSON.parse(Deno.readTextFileSync(settings.identityKeysFile))),
  parser: await loadParser(),
  analysisLimits: {
    ...defaultLimits,
    bulkRows: config.limits.bulk_rows,
    nodesMax: config.limits.nodes_max,
  },
  requestLimits: requestLimits(config.limits.parameters_max),
});
const withCatalog = Object.entries(config.connections).flatMap(([name, { protocol }]) => {
  return protocol === "postgres" ? [name] : [];
});
await followCatalogs(bus, withCatalog, onCatalog, onCatalogBroken);
await process.epochs.each(recordPolicy);

const worker = sessionWorker({
  actor: authz(judge, newApprovalId, authzLimits, systemClock.nowMs),
  ...process.ports,
  recovers: judgedKinds,
  publishes: ["explain", "verdict"],
  regained: "rebuilt",
  limits: workerLimits,
});
await process.consume(worker.onDelivery);
setInterval(reload, 2000);
process.ready();

function current(): PolicySet {
  if (policy === null) throw new Error("No policy is in force");
  return policy;
}

/** The policy file is read again when it changed; one that is wrong changes nothing and is told. */
function reload(): void {
  try {
    const modified = Deno.statSync(policyFile).mtime?.getTime() ?? 0;
    if (modified === lastModified) return;
    lastModified = modified;
    const loaded = load(Deno.readTextFileSync(policyFile));
    if (loaded === null || loaded.version === policy?.version) return loaded?.release();
    policy?.release();
    policy = loaded;
    for (const epoch of process.epochs.read()) {
      recordPolicy(epoch).catch(() => report("policy_not_recorded", { epoch }));
    }
  } catch {
    report("policy_unreadable", {});
  }
}

function load(text: string): PolicySet | null {
  const loaded = loadPolicy(text, config);
  if (loaded.ok) return loaded.policy;
  for (const { path, message } of loaded.problems) report("policy_wrong", { path, message });
  return null;
}

/** Every change of policy or configuration is a frame (design 5), in each month it judges. */
async function recordPolicy(epoch: string): Promise<void> {
  const { version, rules } = current();
  const at = new Date().toISOString();
  const policies = [...rules.keys()];
  const frame = { version: 1, policyVersion: version, policies, configDigest, at } as const;
  const key = { epoch, shard: 0, edge: "control", session: "policy" };
  const nonce = systemRandom(16).toBase64({ alphabet: "base64url", omitPadding: true });
  const headers = frameHeaders({ request: 0, part: 0, more: false }, nonce, undefined);
  const payload = encodeControl("policy", frame);
  await bus.publish(auditSubject(key, "policy"), payload, headers, { stream: auditStream(epoch) });
}

function newApprovalId(): string {
  return newId(systemRandom, 12);
}
