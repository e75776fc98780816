/** Authz's process. @module */
import { systemClock } from "#actors/_kit/clock.ts";
import { identityKeyFile } from "#actors/_kit/identity_key_file.ts";
import { needed } from "#actors/_kit/settings.ts";
import { startActor } from "#actors/_kit/start.ts";
import { StartError } from "#actors/_kit/start_error.ts";
import { loadParser } from "./analysis/parser.ts";
import { loadPolicy, type PolicySet } from "./policy/cedar.ts";
import { wireAuthz } from "./wiring.ts";

const process = await startActor("authz");
const { config, report, settings } = process;
const { policyFile } = needed(settings, "authz");
let policy = load(Deno.readTextFileSync(policyFile));
if (policy === null) {
  throw new StartError(`${policyFile} is wrong`, "sallyport policy check says where and why");
}
let lastModified = Deno.statSync(policyFile).mtime?.getTime() ?? 0;

const { policyChanged } = await wireAuthz(process, {
  policy: current,
  identityKeys: identityKeyFile(
    () => Deno.readTextFileSync(settings.identityKeysFile),
    systemClock.nowMs,
  ),
  parser: await loadParser(),
});
process.every(2000, reload);
process.ready();

function current(): PolicySet {
  if (policy === null) throw new Error("No policy is in force");
  return policy;
}

/** The policy file is read again when it changed; one that is wrong changes nothing and is told. */
function reload(): void {
  try {
    const modified = Deno.statSync(policyFile).mtime?.getTime() ?? 0;
    if (modified === lastModified) return;
    lastModified = modified;
    const loaded = load(Deno.readTextFileSync(policyFile));
    if (loaded === null || loaded.version === policy?.version) return loaded?.release();
    policy?.release();
    policy = loaded;
    policyChanged();
  } catch {
    report("policy_unreadable", {});
  }
}

function load(text: string): PolicySet | null {
  const loaded = loadPolicy(text, config);
  if (loaded.ok) return loaded.policy;
  for (const { path, message } of loaded.problems) report("policy_wrong", { path, message });
  return null;
}
