import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { loadPolicy, policyLimits } from "./cedar.ts";
import { decide } from "./decide.ts";
import { ada, config, designPolicy, load, permitAll, select } from "./testing.ts";

function problems(text: string): string[] {
  const loaded = loadPolicy(text, config);
  if (loaded.ok) loaded.policy.release();
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path}: ${message}`);
}

function refuses(text: string, pattern: RegExp): void {
  const found = problems(text);
  ok(found.some((problem) => pattern.test(problem)), `${text}\n${found.join("\n")}`);
}

Deno.test("loadPolicy() takes the design's example and names it by its hash", () => {
  const policy = load(designPolicy);
  deepStrictEqual([...policy.rules.keys()], [
    "clinical-agents-read",
    "bulk-needs-compliance",
    "treatment-team-sees-mrn",
    "never-drop",
  ]);
  match(policy.version, /^[0-9a-f]{64}$/);
  strictEqual(load(designPolicy).version, policy.version);
  ok(load(`${designPolicy} `).version !== policy.version);
});

Deno.test("loadPolicy() says on which line a text is not Cedar", () => {
  refuses("\n\npermit (principal, action, resource) when {", /^line 3: /);
  refuses(`${permitAll}\n@id("é") permit (nobody);`, /^line 2: /);
});

Deno.test("loadPolicy() requires an @id of each policy, once", () => {
  refuses("\npermit (principal, action, resource);", /^line 2: has no @id/);
  refuses(`${permitAll}\n${permitAll}`, /^line 2: @id\("all"\) is already/);
  refuses(`@id("") permit (principal, action, resource);`, /@id must be/);
  refuses(`@id("a b") permit (principal, action, resource);`, /@id must be/);
  refuses(`@id("__proto__") permit (principal, action, resource);`, /@id must be/);
});

Deno.test("loadPolicy() refuses an annotation that it does not know", () => {
  const misspelt = `@id("x") @aproval("g") permit (principal, action, resource);`;
  refuses(misspelt, /@aproval is not an annotation we know \(did you mean "approval"\?\)/);
});

Deno.test("loadPolicy() checks what annotations say", () => {
  const permit = (annotations: string) =>
    `@id("x") ${annotations} permit (principal, action == Action::"read", resource);`;
  const wrong: [string, RegExp][] = [
    ["@approval", /must name a group/],
    ['@approval("")', /must name a group/],
    ['@approval("g") @quorum("0")', /@quorum must be/],
    ['@approval("g") @quorum("11")', /@quorum must be/],
    ['@approval("g") @quorum("1.5")', /@quorum must be/],
    ['@approval("g") @quorum("-1")', /@quorum must be/],
    ['@approval("g") @quorum', /@quorum must be/],
    ['@approval("g") @expires("15")', /@expires must be/],
    ['@approval("g") @expires("0m")', /@expires must be/],
    ['@approval("g") @expires("31d")', /@expires must be/],
    ['@approval("g") @expires("1w")', /@expires must be/],
    ['@quorum("2")', /@quorum says nothing without @approval/],
    ['@expires("2h")', /@expires says nothing without @approval/],
  ];
  for (const [annotations, pattern] of wrong) refuses(permit(annotations), pattern);
  const good: [string, unknown][] = [
    ['@approval("g")', { group: "g", quorum: 1, expiresMs: 900_000 }],
    ['@approval("g") @quorum("10") @expires("30s")', { group: "g", quorum: 10, expiresMs: 30_000 }],
    ['@approval("g") @expires("2h")', { group: "g", quorum: 1, expiresMs: 7_200_000 }],
    ['@approval("g") @expires("30d")', { group: "g", quorum: 1, expiresMs: 2_592_000_000 }],
  ];
  for (const [annotations, expected] of good) {
    deepStrictEqual(load(permit(annotations)).rules.get("x")?.approval, expected);
  }
});

Deno.test("loadPolicy() refuses an approval that could lift a forbid or a mask", () => {
  refuses(`@id("x") @approval("g") forbid (principal, action, resource);`, /a forbid cannot/);
  const scopes = ['action == Action::"reveal"', 'action in [Action::"reveal"]'];
  for (const scope of scopes) {
    refuses(
      `@id("x") @approval("g") permit (principal, ${scope}, resource);`,
      /cannot guard reveal/,
    );
  }
});

Deno.test("loadPolicy() refuses names that lead nowhere", () => {
  const cases: [string, RegExp][] = [
    [
      `permit (principal, action, resource == Connection::"ehrr");`,
      /^line 1, policy "x": Connection::"ehrr" is not in .* \(did you mean "ehr"\?\)/,
    ],
    [
      `permit (principal, action == Action::"reveal", resource == DataClass::"mnr");`,
      /DataClass::"mnr" is not in the configuration \(did you mean "mrn"\?\)/,
    ],
    [
      `permit (principal, action, resource is Connection in Connection::"nowhere");`,
      /Connection::"nowhere"/,
    ],
    [
      `permit (principal, action == Action::"read", resource)
        unless { resource == Connection::"no" };`,
      /Connection::"no" is not/,
    ],
    [
      `forbid (principal, action, resource) when { context.classes.contains("snn") };`,
      /context.classes never holds "snn" \(did you mean "ssn"\?\)/,
    ],
    [
      `forbid (principal, action, resource)
        when { context.filtered_classes.containsAny(["mrn", "zip"]) };`,
      /context.filtered_classes never holds "zip"/,
    ],
    [
      `forbid (principal, action, resource) when { ["ssn", "x"].containsAll(context.classes) };`,
      /context.classes never holds "x"/,
    ],
    [
      `forbid (principal, action, resource) when { "labb" == context.connection };`,
      /context.connection never holds "labb" \(did you mean "lab"\?\)/,
    ],
    [
      `forbid (principal, action, resource) when { context.command == "drop table" };`,
      /commands are upper case/,
    ],
    [
      `forbid (principal, action, resource) when { context.effects.contains("Write") };`,
      /effects are lower case \(did you mean "write"\?\)/,
    ],
  ];
  for (const [rule, pattern] of cases) refuses(`@id("x") ${rule}`, pattern);
  deepStrictEqual(
    problems(`@id("x") forbid (principal, action, resource == Connection::"lab")
      when { context.classes.contains("opaque") || context.classes.containsAny(["ssn", "mrn"]) };`),
    [],
  );
});

Deno.test("loadPolicy() validates against the schema, strictly", () => {
  const cases = [
    `permit (principal, action == Action::"raed", resource);`,
    `permit (principal == Person::"x", action, resource);`,
    `permit (principal, action == Action::"read", resource == DataClass::"mrn");`,
    `permit (principal, action == Action::"reveal", resource == Connection::"ehr");`,
    `permit (principal, action, resource) when { context.rows > 1 };`,
    `permit (principal, action, resource) when { context.estimated_rows > "1" };`,
    `permit (principal, action, resource is Connection) when { resource.getTag("env") == "x" };`,
    `forbid (principal, action, resource) when { context.purpose == 1 };`,
  ];
  for (const rule of cases) refuses(`@id("x") ${rule}`, /policy "x": /);
});

Deno.test("loadPolicy() refuses a policy that can never apply", () => {
  refuses(`@id("x") forbid (principal, action, resource) when { false };`, /policy "x": /);
});

Deno.test("loadPolicy() refuses templates", () => {
  refuses(`@id("x") permit (principal == ?principal, action, resource);`, /is a template/);
});

Deno.test("loadPolicy() refuses a forbid that agents could step around", () => {
  const cases = [
    `forbid (principal == User::"bob", action, resource);`,
    `forbid (principal == Agent::"bot", action, resource);`,
    `forbid (principal, action, resource) when { principal == User::"bob" };`,
    `forbid (principal, action, resource) when { context.agent || User::"bob" == principal };`,
  ];
  for (const rule of cases) refuses(`@id("x") ${rule}`, /a forbid must say `principal in/);
  const fine = [
    `permit (principal == User::"bob", action, resource);`,
    `forbid (principal, action, resource) unless { principal == User::"bob" };`,
    `forbid (principal in User::"bob", action, resource);`,
  ];
  for (const rule of fine) deepStrictEqual(problems(`@id("x") ${rule}`), []);
});

Deno.test("loadPolicy() bounds what it hands to Cedar, which stays usable", () => {
  const when = (body: string) => `@id("x") permit (principal, action, resource) when { ${body} };`;
  const { nestingMax, operatorsMax, policyBytesMax, policiesMax } = policyLimits;
  const cases: [string, RegExp][] = [
    [when("(".repeat(50_000) + "true" + ")".repeat(50_000)), new RegExp(`${nestingMax} nested`)],
    [when("[".repeat(5000)), new RegExp(`${nestingMax} nested`)],
    [when("{a: ".repeat(5000)), new RegExp(`${nestingMax} nested`)],
    [when(Array(5000).fill("true").join(" || ")), new RegExp(`${operatorsMax} operators`)],
    [when("context" + ".purpose".repeat(5000)), new RegExp(`${operatorsMax} operators`)],
    [
      when("if true then true else ".repeat(5000) + "true"),
      new RegExp(`${operatorsMax} operators`),
    ],
    [when("!".repeat(5000) + "true"), new RegExp(`${operatorsMax} operators`)],
    ["x".repeat(policyBytesMax + 1), /bytes in the file/],
    ["é".repeat(policyBytesMax / 2 + 1), /bytes in the file/],
    [`${permitAll}\n`.repeat(policiesMax + 1), /policies in the file/],
    ['\n"'.repeat(3), /^line 4: a string has no closing quote/],
  ];
  for (const [text, pattern] of cases) refuses(text, pattern);
  strictEqual(decide(load(permitAll), ada, "ehr", [select]).decision, "allow");
});

Deno.test("loadPolicy() takes a policy at its limits, which then evaluates", () => {
  const { nestingMax, operatorsMax } = policyLimits;
  // The braces and parentheses of the policy itself count, and so does "<" below.
  const depth = nestingMax - 1;
  const terms = Array(operatorsMax - 1).fill("1").join(" + ");
  const body = `${"(".repeat(depth)}${terms} < 1000${")".repeat(depth)}`;
  const policy = load(`@id("x") permit (principal, action, resource) when { ${body} };`);
  strictEqual(decide(policy, ada, "ehr", [select]).decision, "allow");
});

Deno.test("loadPolicy() does not count what stands in strings and comments", () => {
  const noise = "(".repeat(1000) + "&&".repeat(1000);
  const text = `// ${noise} "\n@id("x") forbid (principal, action, resource)
    when { context.purpose == "${noise} // \\" ;" };`;
  deepStrictEqual(problems(text), []);
});

Deno.test("loadPolicy() never throws", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.nat(designPolicy.length),
      (text, at) => {
        problems(designPolicy.slice(0, at) + text + designPolicy.slice(at));
        problems(text);
      },
    ),
    { numRuns: 60 },
  );
});
