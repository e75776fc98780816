/** Masking's process: the only one but target that sees unmasked bytes, in memory alone. @module */
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { maskingKey } from "./key.ts";
import { wireMasking } from "./wiring.ts";

const process = await startActor("masking");
const { keyFile } = needed(process.settings, "masking");
const secret = Uint8Array.fromBase64(Deno.readTextFileSync(keyFile).trim());
await wireMasking(process, maskingKey(secret, new Date().getUTCFullYear()));
process.ready();
