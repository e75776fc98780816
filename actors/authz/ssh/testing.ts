/** What the tests of SSH share: a host, a policy, a judge; analyses as lines of text. @module */
import type { StatementAnalysis } from "#schemas/analysis.ts";
import { configWith } from "#schemas/config_testing.ts";
import type { Open, PrincipalChain } from "#schemas/frames.ts";
import { openOf as anyOpen } from "#schemas/frames_testing.ts";
import { defaultLimits } from "../analysis/analyse.ts";
import { parser } from "../analysis/testing.ts";
import { createJudge, type Judge } from "../judge.ts";
import { loadPolicy } from "../policy/cedar.ts";
import { ada } from "../policy/testing.ts";

/** `program effects (details) path or host:port`, indented; what is the matter when null. */
export function corpusText(statements: readonly StatementAnalysis[] | null): string[] {
  if (statements === null) return ["  too complex"];
  return statements.map(({ command, effects, details, access }) => {
    const finer = details.length === 0 ? "" : ` (${details.join(", ")})`;
    const host = access?.host ?? null;
    const port = access?.port === null ? "" : `:${access?.port}`;
    const place = access?.path ?? (host === null ? "" : `${host}${port}`);
    const line = `  ${command === "" ? "-" : command} ${effects.join("+")}${finer} ${place}`;
    return line.trimEnd().replaceAll(/[^ -~]/g, (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    });
  });
}

const host = {
  protocol: "ssh" as const,
  host: "lab.example.org",
  user: "lab",
  private_key_file: "key",
  host_keys: ["SHA256:" + "A".repeat(43)],
  home: "/srv/lab",
};
const config = configWith({
  connections: {
    lab: { ...host, volume: { bytes_max: 5000 } },
    strict: { ...host, uploads: "refuse" },
    ehr: { protocol: "postgres", host: "db", port: 5432, database: "ehr", user: "gate" },
  },
  classes: { ssn: { detectors: ["ssn"] }, mrn: { detectors: ["mrn"] }, name: {} },
});
const policyText = `
@id("opens") permit (principal, action in [Action::"connect", Action::"session"], resource);
@id("plain-reads") @bytes_max("1000") permit (principal, action == Action::"execute", resource)
  when { ["cat", "ls", "grep", "rm", "cd", "sudo"].contains(context.command) };
@id("own-files") permit (principal, action in [Action::"read", Action::"write"], resource)
  when { context.path like "~/reports/*" && !context.effects.contains("remove") };
@id("list-home") permit (principal, action == Action::"read", resource)
  when { context.path == "~" && context.effects.containsAny(["stat", "list"]) };
@id("removal-is-held") @approval("compliance")
permit (principal, action == Action::"write", resource)
  when { context.path like "~/reports/*" && context.effects.contains("remove") };
@id("shells") @session_bytes_max("700000") permit (principal, action == Action::"shell", resource)
  when { !context.agent };
@id("nothing-unseen") forbid (principal, action == Action::"shell", resource == Connection::"strict")
  when { context.effects.contains("hidden") };
@id("sudo-never") forbid (principal, action == Action::"administer", resource);
@id("private-never") forbid (principal, action == Action::"read", resource)
  when { context.path like "~/private/*" };
@id("no-exfiltration") forbid (principal, action == Action::"read", resource)
  when { context.effects.contains("network") };
@id("to-the-database") permit (principal, action == Action::"forward", resource)
  when { context.host == "db.example" && context.port == 5432 };
@id("sees-mrn") permit (principal, action == Action::"reveal", resource == DataClass::"mrn")
  when { !context.agent && context.content == "terminal" };
`;

/** Somebody through an agent, and by themselves. */
export const agent: PrincipalChain = {
  ...ada,
  name: "Ada",
  actors: ["bot"],
  groups: [...ada.groups],
};
export const person: PrincipalChain = { ...agent, actors: [] };

/** The judge under the policy above. */
export function sshJudge(): Judge {
  const loaded = loadPolicy(policyText, config);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { judge } = createJudge({
    nowMs: () => 0,
    config,
    configDigest: "c",
    policy: () => loaded.policy,
    identityKeys: new Map(),
    parser,
    analysisLimits: defaultLimits,
    requestLimits: { parametersMax: 10, portalsMax: 10, preparedMax: 10, messagesMax: 50 },
  });
  return judge;
}

export function openOf(
  connection: string,
  principal: PrincipalChain,
  protocol: Open["protocol"],
): Open {
  const client = { address: "", tls: "", user: "lab", application: "" };
  return anyOpen({ connection, principal, protocol, client });
}
