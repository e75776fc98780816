/** Approval's process: it holds no secret, and decides nothing alone. @module */
import { systemClock } from "#actors/_kit/clock.ts";
import { identityKeys } from "#actors/_kit/identity_token.ts";
import { sessionWorker, workerLimits } from "#actors/_kit/session_worker.ts";
import { startActor } from "#actors/_kit/start.ts";
import { decisionHeader } from "#schemas/frames.ts";
import { identityIssuer } from "#schemas/identity.ts";
import { approvalNoticeSubject, parseAuditSubject } from "#schemas/subjects.ts";
import { approval } from "./actor.ts";
import { approvalDriver, driverLimits } from "./driver.ts";
import { approvalLimits, verdictsLateMs } from "./limits.ts";

const process = await startActor("approval");
const { bus, config, report, settings } = process;
const issuer = identityIssuer(config.organisation);
const keys = identityKeys(JSON.parse(Deno.readTextFileSync(settings.identityKeysFile)));
const driver = approvalDriver({
  epochs: process.epochs.read,
  shards: config.shards,
  issuer,
  keys,
  nowMs: systemClock.nowMs,
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
    nowMs: systemClock.nowMs,
  }),
  ...process.ports,
  recovers: ["open", "verdict", "approval", "close"],
  publishes: ["approval"],
  regained: "rebuilt",
  run: driver.run,
  limits: workerLimits,
});
await process.consume((delivery) => {
  // Nearly all verdicts ask for no approval: they cost a look at a header, and no session's state.
  const frame = parseAuditSubject(delivery.subject);
  const decision = delivery.headers.get(decisionHeader) ?? "+approval";
  const concerned = frame?.kind !== "verdict" || decision.endsWith("+approval");
  const held = frame === null || worker.holds(frame.session);
  if (concerned && (held || frame?.kind !== "close")) worker.onDelivery(delivery);
  else delivery.ack();
}, { lateMs: verdictsLateMs });
bus.subscribe(approvalNoticeSubject, () => void process.catchUp());
await process.epochs.each(async (epoch) => {
  report("recovered", { epoch, waiting: await driver.recover(bus, worker.deliver, epoch) });
});
driver.serve(bus, async (key, input) => {
  // A decision must not meet an older state than the one its person saw.
  await process.catchUp();
  await worker.deliver(key, input);
});
process.ready();
