/** Doctor on files: settings that parse, secrets that only their owner reads. @module */
import { checkPolicy } from "#actors/authz/policy/check.ts";
import { parseConfig } from "#schemas/config_file.ts";
import { parseVerifier } from "#schemas/log/key.ts";
import type { Check } from "./doctor_check.ts";
import { type Place, settingsOf } from "./place.ts";
import { CommandError } from "./failure.ts";

const making = "start the system anew, or restore the file from its backup";

/** Checks the folder without reading a secret. */
export async function checkFiles(place: Place): Promise<Check[]> {
  const clients = await clientsCheck(place);
  return [
    await settingsCheck(place),
    await secretsCheck(place),
    await keyCheck(place),
    await policyCheck(place),
    ...clients === null ? [] : [clients],
  ];
}

async function settingsCheck(place: Place): Promise<Check> {
  const names: string[] = [];
  const wrong: string[] = [];
  for await (const { name } of Deno.readDir(`${place.directory}/settings`)) {
    if (!name.endsWith(".json")) continue;
    names.push(name);
    try {
      settingsOf(place, name.slice(0, -".json".length));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      wrong.push(error.message);
    }
  }
  const good = wrong.length === 0 && names.length > 0;
  const said = good ? `${names.length} files are understood` : wrong.join("; ") || "there are none";
  return { what: "settings", good, said, hint: making };
}

async function secretsCheck({ directory }: Place): Promise<Check> {
  let count = 0;
  const wrong: string[] = [];
  for (const folder of ["keys", "secrets"]) {
    try {
      for await (const { name, isFile } of Deno.readDir(`${directory}/${folder}`)) {
        if (!isFile) continue;
        count++;
        const { mode, size } = await Deno.stat(`${directory}/${folder}/${name}`);
        if (size === 0) wrong.push(`${folder}/${name} is empty`);
        if (mode !== null && (mode & 0o077) !== 0) {
          wrong.push(
            `${folder}/${name} may be read by others (mode ${(mode & 0o777).toString(8)})`,
          );
        }
      }
    } catch (error) {
      wrong.push(`${folder}: ${error instanceof Error ? error.name : "unknown"}`);
    }
  }
  const good = wrong.length === 0 && count > 0;
  const said = good
    ? `${count} files, for their owner alone`
    : wrong.join("; ") || "there are none";
  return { what: "keys and secrets", good, said, hint: `chmod 600 them; ${making}` };
}

async function keyCheck({ directory }: Place): Promise<Check> {
  const path = `${directory}/public/log.vkey`;
  const text = await Deno.readTextFile(path).catch(() => "");
  const verifier = parseVerifier(text.trim());
  const good = verifier !== null;
  const said = good ? `${verifier.name}+${verifier.keyId}` : `${path} is no verifier key`;
  return { what: "public key of the log", good, said, hint: making };
}

async function policyCheck({ directory }: Place): Promise<Check> {
  const what = "configuration and policy";
  const hint = "sallyport policy check says more";
  const texts = await Promise.all(
    ["sallyport.yaml", "policy.cedar"].map((name) => Deno.readTextFile(`${directory}/${name}`)),
  ).catch(() => null);
  const [config, policy] = texts ?? [];
  if (config === undefined || policy === undefined) {
    return { what, good: false, said: "sallyport.yaml or policy.cedar cannot be read", hint };
  }
  const checked = checkPolicy(config, policy);
  const said = checked.ok
    ? `${checked.summary.rules.length} rules, ${checked.summary.connections.length} connections`
    : `${checked.problems.length} problems`;
  return { what, good: checked.ok, said, hint };
}

/** By whose tokens people stand alone: none is no fault, but who is masked by it wonders why. */
async function clientsCheck({ directory }: Place): Promise<Check | null> {
  const text = await Deno.readTextFile(`${directory}/sallyport.yaml`).catch(() => "");
  const parsed = parseConfig(text);
  // The check of the configuration says so already.
  if (!parsed.ok) return null;
  const { people_clients: people } = parsed.config.issuer;
  const said = people === "any"
    ? "any client's token stands for the person, an agent's too (issuer.people_clients)"
    : people.length === 0
    ? "none but the console: a token without act is an agent's (issuer.people_clients)"
    : `the console and ${people.length} more`;
  const hint = "name the clients that people use as issuer.people_clients";
  return { what: "people's own clients", good: true, said, hint };
}
