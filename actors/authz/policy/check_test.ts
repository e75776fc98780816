import { deepStrictEqual, match, ok } from "node:assert/strict";
import process from "node:process";
import { checkPolicy } from "./check.ts";
import { designPolicy, permitAll } from "./testing.ts";

// yaml looks up its debugging switches in the environment, which a unit test may not read.
Object.defineProperty(process, "env", { value: {} });

const configText = `version: 1
organisation: Example Health
issuer: { url: https://id.example.org, audience: sallyport }
console: { url: https://gate.example.org, client_id: console }
connections:
  ehr: { protocol: postgres, host: db.example.org, port: 5432, database: ehr, user: gate }
classes:
  ssn: { columns: [public.patients.ssn] }
  mrn: {}
`;

Deno.test("checkPolicy() sums up what configuration and policy amount to", () => {
  const checked = checkPolicy(configText, designPolicy);
  ok(checked.ok);
  const { summary } = checked;
  deepStrictEqual(summary.connections, ["ehr"]);
  deepStrictEqual(summary.classes, ["mrn", "ssn"]);
  match(summary.policyVersion, /^[0-9a-f]{64}$/);
  deepStrictEqual(summary.rules[1], {
    id: "bulk-needs-compliance",
    line: 5,
    effect: "permit",
    actions: ["export"],
    conditional: true,
    approval: { group: "compliance", quorum: 2, expiresMs: 900_000 },
    volume: {},
  });
  deepStrictEqual(summary.warnings, [
    'no policy permits "connect" to anyone',
    'no policy permits "session" to anyone',
    'class "mrn" has no columns and no detectors, so it protects nothing',
  ]);
});

Deno.test("checkPolicy() warns of a policy that permits everything", () => {
  const checked = checkPolicy(configText, permitAll);
  deepStrictEqual(checked.summary?.warnings.slice(0, 2), [
    'policy "all" permits reveal among other actions: it unmasks classes',
    'policy "all" permits escape, past everything that lineage follows',
  ]);
});

Deno.test("checkPolicy() knows the class of what is unlisted where a connection masks that", () => {
  const policy =
    `@id("r") permit (principal, action == Action::"reveal", resource == DataClass::"unlisted")
    when { context.classes.contains("unlisted") };`;
  const masks = checkPolicy(configText.replace("user: gate", "user: gate, unlisted: mask"), policy);
  deepStrictEqual(masks.summary?.classes, ["mrn", "ssn", "unlisted"]);
  ok(!masks.summary.warnings.some((text) => text.includes("unlisted")));
  const keeps = checkPolicy(configText, policy);
  deepStrictEqual(keeps.problems.map(({ message }) => message), [
    'DataClass::"unlisted" is not in the configuration: no connection says `unlisted: mask`',
    'context.classes never holds "unlisted"',
  ]);
});

Deno.test("checkPolicy() names the file, place and reason of each problem", () => {
  const wrongName = checkPolicy(
    configText,
    designPolicy.replace('Connection::"ehr"', 'Connection::"er"'),
  );
  deepStrictEqual(wrongName.problems, [{
    file: "policy",
    path: 'line 2, policy "clinical-agents-read"',
    message: 'Connection::"er" is not in the configuration (did you mean "ehr"?)',
  }]);
});

Deno.test("checkPolicy() shows the policy's own problems beside a broken configuration", () => {
  const broken = configText.replace("version: 1", "version: 2");
  deepStrictEqual(checkPolicy(broken, designPolicy).problems.map(({ file }) => file), ["config"]);
  // What a command may be depends on the protocols of connections, which are not known.
  const shell = `@id("ls") permit (principal, action, resource)
    when { context.command == "ls" && context.connection == "lab" };`;
  deepStrictEqual(checkPolicy(broken, shell).problems.map(({ file }) => file), ["config"]);
  const both = checkPolicy(broken, designPolicy.replace("@approval", "@aproval"));
  ok(both.problems.some(({ file, message }) => file === "policy" && message.includes("@aproval")));
  ok(!both.problems.some(({ message }) => message.includes("is not in the configuration")));
});
