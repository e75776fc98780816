/** Approval's process: it holds no secret, and decides nothing alone. @module */
import { identityKeys } from "#actors/_kit/identity_keys.ts";
import { startActor } from "#actors/_kit/start.ts";
import { wireApproval } from "./wiring.ts";

const process = await startActor("approval");
const { identityKeysFile } = process.settings;
await wireApproval(process, identityKeys(JSON.parse(Deno.readTextFileSync(identityKeysFile))));
process.ready();
