/**
 * What the tests of the judge share: a session under a policy, and how its requests ended.
 *
 * @module
 */
import type { Config } from "#schemas/config.ts";
import type { Open, Outcome } from "#schemas/frames.ts";
import { openOf, outcomeOf } from "#schemas/frames_testing.ts";
import { defaultLimits } from "../analysis/analyse.ts";
import { clinicCatalog } from "../analysis/clinic.ts";
import { parser } from "../analysis/testing.ts";
import { createJudge } from "../judge.ts";
import { loadPolicy } from "../policy/cedar.ts";
import { ada, config as plainConfig } from "../policy/testing.ts";
import type { Asked, SessionJudge } from "../session_judge.ts";

type Options = {
  readonly config?: Config;
  readonly parameters?: Record<string, string>;
  readonly nowMs?: () => number;
};

/** A session of ada's on the clinic's catalog. @throws Error when the policy does not load. */
export function admitted(policyText: string, options: Options = {}): SessionJudge {
  return judgeOf(policyText, options).admit();
}

/** A judge that admits sessions of ada's, and to which more catalogs may come. */
export function judgeOf(policyText: string, options: Options = {}) {
  const { config = plainConfig, parameters = {}, nowMs = () => 0 } = options;
  const loaded = loadPolicy(policyText, config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { judge, onCatalog } = createJudge({
    nowMs,
    config,
    configDigest: "",
    policy: () => loaded.policy,
    identityKeys: new Map(),
    parser,
    analysisLimits: defaultLimits,
    requestLimits: { parametersMax: 10, portalsMax: 10, preparedMax: 10, messagesMax: 50 },
  });
  onCatalog({ ...clinicCatalog, connection: "ehr" });
  return {
    admit: (): SessionJudge => judge.admitted({ ...opening, parameters }, opening.principal),
    catalogRead(digest: string): void {
      onCatalog({ ...clinicCatalog, connection: "ehr", digest });
    },
  };
}

/** A request of its own, whole. */
export function asked(bytes: Uint8Array, request = 1): Asked {
  return { request, digest: "", bytes, continues: false };
}

/** A request that was executed, outside a transaction. */
export const executed: Outcome = outcomeOf({ digest: "", bytes: 1, transaction: "I" });

/** What the session opens with. */
export const opening: Open = openOf({
  principal: { ...ada, name: "Ada", actors: [...ada.actors], groups: [...ada.groups] },
  token: "a token",
});
