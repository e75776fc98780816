/**
 * Doctor on what is in force: whether authz judges by the files as they are now. A changed policy
 * it takes by itself; a changed configuration when everything is started again.
 *
 * @module
 */
import { checkPolicy } from "#actors/authz/policy/check.ts";
import { decodeControl } from "#schemas/frames.ts";
import { auditStream, auditSubject, policyKey } from "#schemas/subjects.ts";
import type { Check } from "./doctor_check.ts";
import { presentEpoch } from "./present_epoch.ts";
import type { Auditor, Place } from "./place.ts";

/** How long authz may take to see a changed policy. */
const waitMsMax = 5000;
const askEveryMs = 200;
const what = "in force";

export async function checkInForce({ directory }: Place, auditor: Auditor): Promise<Check> {
  const { bus, settings } = auditor;
  const epoch = presentEpoch(settings);
  const [config, policy] = await Promise.all(
    ["sallyport.yaml", "policy.cedar"].map((name) => {
      return Deno.readTextFile(`${directory}/${name}`).catch(() => "");
    }),
  );
  const { summary } = checkPolicy(config ?? "", policy ?? "");
  const bad = (said: string, hint: string): Check => ({ what, good: false, said, hint });
  if (summary === null) {
    return bad(
      "the files are wrong, so authz goes on by others",
      "sallyport policy check says more",
    );
  }
  const subject = auditSubject(policyKey(epoch), "policy");
  for (const until = performance.now() + waitMsMax;;) {
    const stored = await bus.last(auditStream(epoch), subject);
    const now = stored === null ? null : decodeControl("policy", stored.payload);
    if (now !== null && now.configDigest !== summary.configDigest) {
      return bad("sallyport.yaml was changed since the start", "start the system again");
    }
    if (now?.policyVersion === summary.policyVersion) {
      const said = `policy ${now.policyVersion.slice(0, 12)}…, as the files are`;
      return { what, good: true, said, hint: null };
    }
    if (performance.now() > until) {
      const said = now === null ? "authz has said of no policy" : "authz judges by another policy";
      return bad(said, `look at ${directory}/logs/authz.log`);
    }
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}
