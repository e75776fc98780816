/** `sallyport policy check`: whether a configuration and a policy would be taken. @module */
import { checkPolicy, type PolicySummary, type RuleSummary } from "#actors/authz/policy/check.ts";
import type { Grammar } from "./arguments.ts";
import { exitCodes } from "./failure.ts";
import { readNamed } from "./files.ts";
import { findPlace } from "./place.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "policy check",
  summary: "check a configuration and a policy as a start of the gateway would",
  flags: {
    config: { value: "<file>", help: "the configuration (default: the installation's)" },
    policy: { value: "<file>", help: "the Cedar policy (default: the installation's)" },
  },
};

export const policyCheck: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const files = {
    config: given.value("config") ?? `${(await findPlace(call)).directory}/sallyport.yaml`,
    policy: given.value("policy") ?? `${(await findPlace(call)).directory}/policy.cedar`,
  };
  terminal.say(`checking ${files.config} and ${files.policy}`);
  const [config, policy] = await Promise.all([
    readNamed(files.config, "the configuration"),
    readNamed(files.policy, "the policy"),
  ]);
  const decoder = new TextDecoder();
  const checked = checkPolicy(decoder.decode(config), decoder.decode(policy));
  if (given.has("json")) {
    terminal.print(JSON.stringify({ files, ...checked }, null, 2));
  } else if (checked.ok) {
    for (const line of summaryLines(checked.summary)) terminal.print(line);
  } else {
    for (const { file, path, message } of checked.problems) {
      terminal.print(`${files[file]}: ${path === "" ? "" : `${path}: `}${message}`);
    }
    const { length } = checked.problems;
    terminal.say(`${length === 1 ? "1 problem" : `${length} problems`}: it would not be taken`);
  }
  return checked.ok ? exitCodes.done : exitCodes.failed;
}

/** What a good policy amounts to; lines without line ends. */
function summaryLines(summary: PolicySummary): string[] {
  const { rules, connections, classes, policyVersion, configDigest, warnings } = summary;
  const width = Math.max(0, ...rules.map(({ id }) => id.length));
  return [
    `good: ${rules.length} rules, connections ${connections.join(", ")}, ` +
    `classes ${classes.join(", ")}`,
    `policy version ${policyVersion}, configuration ${configDigest.slice(0, 16)}`,
    ...rules.map((rule) => `  ${rule.id.padEnd(width)}  ${ruleText(rule)}`),
    ...warnings.map((text) => `warning: ${text}`),
  ];
}

function ruleText({ effect, actions, conditional, approval, volume }: RuleSummary): string {
  const when = conditional ? " when its conditions hold" : "";
  const limits = Object.entries(volume).map(([name, max]) => `, ${name} ${max}`).join("");
  if (approval === null) return `${effect} ${actions.join(", ")}${when}${limits}`;
  const people = `${approval.quorum} of ${approval.group}`;
  return `${effect} ${actions.join(", ")}${when}, with approval by ${people}${limits}`;
}
