/** The bus on a real nats-server: the conformance suite. */
import { behaviours } from "./bus_conformance.ts";
import { natsRig } from "./nats_harness.ts";

for (const { name, run } of behaviours) {
  Deno.test(`nats: ${name}`, async () => {
    await using rig = await natsRig();
    await run(rig);
  });
}
