/**
 * Authz at work: what its process and a simulation of it start alike.
 *
 * @module
 */
import { followCatalogs } from "#actors/_kit/catalog_channel.ts";
import { frameHeaders } from "#actors/_kit/frame.ts";
import type { Host } from "#actors/_kit/host.ts";
import type { IdentityKeys } from "#actors/_kit/identity_keys.ts";
import { newId } from "#actors/_kit/new_id.ts";
import { type SessionWorker, sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { encodeControl, type Policy } from "#schemas/frames.ts";
import { auditStream, auditSubject, policyKey } from "#schemas/subjects.ts";
import { authz } from "./actor.ts";
import { defaultLimits } from "./analysis/analyse.ts";
import type { Parser } from "./analysis/parser.ts";
import { createJudge } from "./judge.ts";
import { authzLimits, judgedKinds, requestLimits } from "./limits.ts";
import type { PolicySet } from "./policy/cedar.ts";

/** What it reads of files. */
export type AuthzFacts = {
  readonly policy: () => PolicySet;
  readonly identityKeys: IdentityKeys;
  readonly parser: Parser;
};

export type AuthzWired = Pick<SessionWorker<unknown>, "holds"> & {
  /** Another policy is in force. */
  policyChanged(): void;
};

/** Starts it. */
export async function wireAuthz(host: Host, facts: AuthzFacts): Promise<AuthzWired> {
  const { bus, clock, config, configDigest, epochs, random, report } = host;
  const { judge, onCatalog, onCatalogBroken } = createJudge({
    ...facts,
    nowMs: clock.nowMs,
    config,
    configDigest,
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
  await epochs.each(recordPolicy);
  const { holds, onDelivery } = sessionWorker({
    actor: authz(judge, () => newId(random, 12), authzLimits, clock.nowMs),
    ...host.ports,
    recovers: judgedKinds,
    publishes: ["explain", "verdict"],
    regained: "rebuilt",
    limits: workerLimits,
  });
  await host.consume(onDelivery);
  return { holds, policyChanged };

  function policyChanged(): void {
    for (const epoch of epochs.read()) {
      recordPolicy(epoch).catch(() => report("policy_not_recorded", { epoch }));
    }
  }

  /** Every change of policy or configuration is a frame (design 5), in each month it judges. */
  async function recordPolicy(epoch: string): Promise<void> {
    const { version, rules } = facts.policy();
    const at = new Date(clock.nowMs()).toISOString();
    const asked = [...rules.values()].flatMap(({ approval }) => approval?.group ?? []);
    const frame: Policy = {
      version: 1,
      policyVersion: version,
      policies: [...rules.keys()],
      approvers: [...new Set(asked)].sort(),
      configDigest,
      at,
    };
    const nonce = random(16).toBase64({ alphabet: "base64url", omitPadding: true });
    const headers = frameHeaders({ request: 0, part: 0, more: false }, nonce, undefined);
    const payload = encodeControl("policy", frame);
    const subject = auditSubject(policyKey(epoch), "policy");
    await bus.publish(subject, payload, headers, { stream: auditStream(epoch) });
  }
}
