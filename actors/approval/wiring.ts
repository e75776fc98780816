/**
 * Approval at work: what its process and a simulation of it start alike.
 *
 * @module
 */
import type { Host } from "#actors/_kit/host.ts";
import type { IdentityKeys } from "#actors/_kit/identity_keys.ts";
import { type SessionWorker, sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { decisionHeader } from "#schemas/frames.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { approvalNoticeSubject, parseAuditSubject } from "#schemas/subjects.ts";
import { approval, type ApprovalInput } from "./actor.ts";
import { approvalDriver, driverLimits } from "./driver.ts";
import { approvalLimits, verdictsLateMs } from "./limits.ts";

/** Starts it; `keys` are identity's. */
export async function wireApproval(
  host: Host,
  keys: IdentityKeys,
): Promise<SessionWorker<ApprovalInput>> {
  const { bus, config, clock, report } = host;
  const issuer = identityIssuer(config.organisation);
  const driver = approvalDriver({
    epochs: host.epochs.read,
    shards: config.shards,
    issuer,
    keys,
    nowMs: clock.nowMs,
    report,
    limits: { ...driverLimits, pendingMax: config.approvals.pending_max },
  });
  const worker = sessionWorker({
    actor: approval({
      issuer,
      keys,
      consoleUrl: config.console.url.replace(/\/$/, ""),
      justificationCharactersMin: config.approvals.justification_chars_min,
      ...approvalLimits,
      admits: driver.admits,
      nowMs: clock.nowMs,
    }),
    ...host.ports,
    recovers: ["open", "verdict", "approval", "close"],
    publishes: ["approval"],
    regained: "rebuilt",
    run: driver.run,
    limits: workerLimits,
  });
  await host.consume((delivery) => {
    // Nearly all verdicts ask for no approval: they cost a look at a header, no session's state.
    const frame = parseAuditSubject(delivery.subject);
    const decision = delivery.headers.get(decisionHeader) ?? "+approval";
    const concerned = frame?.kind !== "verdict" || decision.endsWith("+approval");
    const held = frame === null || worker.holds(frame);
    if (concerned && (held || frame?.kind !== "close")) worker.onDelivery(delivery);
    else delivery.ack();
  }, { lateMs: verdictsLateMs });
  bus.subscribe(approvalNoticeSubject, () => void host.catchUp());
  await host.epochs.each(async (epoch) => {
    report("recovered", { epoch, waiting: await driver.recover(bus, worker.deliver, epoch) });
  });
  driver.serve(bus, async (key, input) => {
    // A decision must not meet an older state than the one its person saw.
    await host.catchUp();
    await worker.deliver(key, input);
  });
  return worker;
}
