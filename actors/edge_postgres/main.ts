/** The PostgreSQL edge's process. @module */
import { startActor } from "#actors/_kit/start.ts";
import { toFrame } from "#actors/_kit/frame.ts";
import { Revocation, revokes } from "#schemas/identity.ts";
import {
  aliveSubject,
  auditSubject,
  parseReleaseSubject,
  releaseSubject,
  revocationSubject,
  shardOf,
} from "#schemas/subjects.ts";
import { admission } from "./admission.ts";
import { edgeLimits } from "./limits.ts";
import { closeOrphans } from "./orphans.ts";
import { edge } from "./serve.ts";

const process = await startActor("edge");
const { bus, config, configDigest, report, settings } = process;
const { epoch, name } = settings;
if (settings.edge === undefined) throw new Error("Cannot start: settings.edge is missing");
const { host, port, certificateFile, keyFile } = settings.edge;

const gateway = edge({
  bus,
  clock: process.ports.clock,
  random: process.ports.random,
  report,
  config,
  configDigest,
  epoch,
  edge: name,
  limits: edgeLimits,
  admission: admission(bus, edgeLimits.exchangeMsMax),
  tls: { cert: Deno.readTextFileSync(certificateFile), key: Deno.readTextFileSync(keyFile) },
});

await closeOrphans(bus, { epoch, edge: name, report });
for (const kind of ["response", "verdict", "approval", "outcome"] as const) {
  bus.subscribe(releaseSubject(name, "*", kind), (message) => {
    const place = parseReleaseSubject(message.subject);
    if (place === null) return;
    const shard = shardOf(place.session, config.shards);
    const subject = auditSubject({ epoch, shard, edge: name, session: place.session }, kind);
    const sequence = Number(message.headers.get("Nats-Sequence") ?? "0");
    const frame = toFrame({ ...message, subject, sequence, timeMs: 0 });
    if (frame !== null) gateway.stored(frame);
  });
}
bus.subscribe(revocationSubject, ({ payload }) => {
  const revocation = Revocation.safeParse(JSON.parse(new TextDecoder().decode(payload)));
  if (!revocation.success) return;
  gateway.terminate(({ principal, tokenId, key }) =>
    revokes(revocation.data, { principal, jtis: [tokenId], session: key.session })
  );
});
setInterval(() => bus.send(aliveSubject(name), new Uint8Array(0)), edgeLimits.aliveEveryMs);
bus.send(aliveSubject(name), new Uint8Array(0));
await gateway.listen(host, port);
process.ready();
