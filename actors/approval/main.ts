/** Approval's process: it holds no secret, and decides nothing alone. @module */
import { systemClock } from "#actors/_kit/clock.ts";
import { identityKeyFile } from "#actors/_kit/identity_key_file.ts";
import { startActor } from "#actors/_kit/start.ts";
import { wireApproval } from "./wiring.ts";

const process = await startActor("approval");
const { identityKeysFile } = process.settings;
const keys = identityKeyFile(() => Deno.readTextFileSync(identityKeysFile), systemClock.nowMs);
await wireApproval(process, keys);
process.ready();
