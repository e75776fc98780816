import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import process from "node:process";
import fc from "fast-check";
import { configJsonSchema, configLimits, parseConfig } from "./config_file.ts";

// yaml looks up its debugging switches in the environment, which a unit test may not read.
Object.defineProperty(process, "env", { value: {} });

const good = `version: 1
organisation: Example Health
issuer: { url: https://id.example.org, audience: sallyport }
console: { url: https://gate.example.org, client_id: console }
connections:
  ehr:
    protocol: postgres
    host: db.example.org
    port: 5432
    database: ehr
    user: gate
    password_file: ehr.password
classes:
  ssn:
    columns: [public.patients.ssn]
    mask: { operator: partial, last: 4 }
    detectors: [ssn]
  mrn:
    columns: ["*.*.mrn"]
`;

function problems(text: string): string[] {
  const parsed = parseConfig(text);
  if (parsed.ok) return [];
  return parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("parseConfig() reads a good file, with defaults and the digest of its bytes", () => {
  const parsed = parseConfig(good);
  ok(parsed.ok);
  const { ehr } = parsed.config.connections;
  strictEqual(ehr?.protocol === "postgres" && ehr.tls.mode, "verify-full");
  strictEqual(parsed.config.limits.bulk_rows, 1000);
  deepStrictEqual(parsed.config.classes["mrn"]?.mask, { operator: "redact" });
  strictEqual(parsed.digest, createHash("sha256").update(good).digest("hex"));
});

Deno.test("parseConfig() adds the class of what is unlisted where a connection masks that", () => {
  const classesOf = (more: string) => {
    const parsed = parseConfig(good.replace("user: gate", `user: gate\n    ${more}`));
    ok(parsed.ok);
    return parsed.config.classes;
  };
  deepStrictEqual(Object.keys(classesOf("plain: [public.visits.*]")), ["ssn", "mrn"]);
  deepStrictEqual(Object.keys(classesOf("unlisted: keep")), ["ssn", "mrn"]);
  const { unlisted } = classesOf("unlisted: mask");
  deepStrictEqual([unlisted?.mask, unlisted?.columns], [{ operator: "redact" }, []]);
  deepStrictEqual(problems(good.replace("user: gate", "user: gate\n    unlisted: hide")), [
    'connections.ehr.unlisted: Invalid option: expected one of "mask"|"keep", line 12',
  ]);
});

Deno.test("parseConfig() names a misspelt key, its line, and what was meant", () => {
  const cases: [string, string, string][] = [
    [
      "organisation:",
      "organization:",
      'organization: is not a key we know (did you mean "organisation"?), line 2',
    ],
    [
      "password_file:",
      "pasword_file:",
      "connections.ehr.pasword_file: is not a key we know " +
      '(did you mean "password_file"?), line 12',
    ],
    [
      "last: 4",
      "lsat: 4",
      'classes.ssn.mask.lsat: is not a key we know (did you mean "last"?), line 16',
    ],
    [
      "client_id:",
      "clientid:",
      'console.clientid: is not a key we know (did you mean "client_id"?), line 4',
    ],
  ];
  for (const [from, to, expected] of cases) {
    ok(
      problems(good.replace(from, to)).includes(expected),
      problems(good.replace(from, to)).join(),
    );
  }
  const unknown = problems(`${good}colour: red\n`);
  deepStrictEqual(unknown, ["colour: is not a key we know, line 20"]);
});

Deno.test("parseConfig() names what is missing, of a wrong type or out of range", () => {
  const cases: [string, string, string][] = [
    ["    host: db.example.org\n", "", "connections.ehr.host: is missing: expected string, line 7"],
    [
      "port: 5432",
      "port: soon",
      "connections.ehr.port: Invalid input: expected number, received string, line 9",
    ],
    ["version: 1", "version: 2", "version: Invalid input: expected 1, line 1"],
    ["  ehr:", "  EHR:", "connections.EHR: must be a name: lower case, digits, _ and -, line 7"],
    [
      "public.patients.ssn",
      "ssn",
      "classes.ssn.columns.0: must be schema.relation.column, " +
      "each part a name or *, line 15",
    ],
  ];
  for (const [from, to, expected] of cases) {
    deepStrictEqual(problems(good.replace(from, to)), [expected]);
  }
});

Deno.test("parseConfig() refuses settings that contradict or protect nothing", () => {
  const cases: [string, string, string][] = [
    [
      'columns: ["*.*.mrn"]',
      "detectors: [ssn]",
      "classes.mrn.detectors.0: detector ssn is already " +
      'assigned to class "ssn", line 19',
    ],
    [
      'columns: ["*.*.mrn"]',
      "detectors: [mrn, mrn]",
      "classes.mrn.detectors.1: detector mrn is " +
      'already assigned to class "mrn", line 19',
    ],
    ['["*.*.mrn"]', "[a.b.c, a.b.c]", "classes.mrn.columns.1: repeats an earlier pattern, line 19"],
    [
      "{ operator: partial, last: 4 }",
      "{ operator: keep }",
      "classes.ssn.mask.operator: keep would " +
      "show the class to everyone; permit reveal in policy instead, line 16",
    ],
    [
      "  mrn:",
      "  opaque:",
      "classes.opaque: is a reserved name: it stands for what is not " +
      "understood, line 19",
    ],
    [
      "  mrn:",
      "  unlisted:",
      "classes.unlisted: is a reserved name: it stands for columns that " +
      "no class names, line 19",
    ],
    [
      "user: gate",
      'user: gate\n    plain: ["*.*.id", "*.*.id"]',
      "connections.ehr.plain.1: repeats an earlier pattern, line 12",
    ],
    [
      "user: gate",
      "user: gate\n    plain: [public.patients.ssn]",
      'connections.ehr.plain.0: stands in class "ssn" too, which holds: strike one of them out, ' +
      "line 12",
    ],
    [
      "user: gate",
      "user: gate\n    tls: { mode: disable }",
      "connections.ehr.tls.mode: disable is " +
      "for a loopback address or a socket path only, line 12",
    ],
  ];
  for (const [from, to, expected] of cases) {
    deepStrictEqual(problems(good.replace(from, to)), [expected]);
  }
});

Deno.test("parseConfig() takes a connection without TLS on loopback only", () => {
  const plain = good.replace("user: gate", "user: gate\n    tls: { mode: disable }");
  for (const host of ["localhost", "127.0.0.1", "127.9.8.7", "'::1'", "/run/postgresql"]) {
    deepStrictEqual(problems(plain.replace("db.example.org", host)), [], host);
  }
  for (const host of ["127.0.0.1.example.org", "0.0.0.0", "10.0.0.1", "localhost.example.org"]) {
    strictEqual(problems(plain.replace("db.example.org", host)).length, 1, host);
  }
});

Deno.test("parseConfig() refuses YAML that says two things, or is not YAML", () => {
  const cases: [string, string][] = [
    [`${good}version: 1\n`, ": has a key twice, line 20"],
    [`${good}---\nversion: 1\n`, ": has more than one document, line 20"],
    [good.replace("gate\n", "!secret gate\n"), ": has a tag we do not know, line 11"],
    [
      good.replace("user: gate", 'user: "gate'),
      ": lacks a character, such as a closing quote, line 11",
    ],
    [good.replace("    port", "\tport"), ": is indented with a tab, line 9"],
  ];
  for (const [text, expected] of cases) {
    ok(problems(text).includes(expected), problems(text).join());
  }
  for (const text of ["", "null", "[]", "text", "a: *nowhere"]) ok(problems(text).length > 0, text);
});

Deno.test("parseConfig() bounds length, nesting, aliases and the problems it reports", () => {
  const long = parseConfig(`${good}#${"x".repeat(configLimits.fileBytesMax)}`);
  deepStrictEqual(long.ok ? [] : long.problems, [
    { path: "", message: `is longer than ${configLimits.fileBytesMax} bytes` },
  ]);
  ok(problems("[".repeat(100_000)).length > 0);
  const levels = Array.from({ length: 12 }, (_, level) => {
    const before = level === 0 ? "x" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array(9).fill(before).join(", ")}]`;
  });
  deepStrictEqual(problems(levels.join("\n")), [
    ": has an alias that leads nowhere, or too many of them, or is nested too deeply",
  ]);
  const many = Array.from({ length: 1000 }, (_, index) => `key${index}: 1`).join("\n");
  strictEqual(problems(many).length, configLimits.problemsMax);
});

Deno.test("parseConfig() never repeats a value of the file", () => {
  const secret = "hunter2";
  const texts = [
    good.replace("port: 5432", `port: ${secret}`),
    good.replace("version: 1", `version: ${secret}`),
    good.replace("https://id.example.org", secret),
    good.replace("operator: partial", `operator: ${secret}`),
    good.replace("detectors: [ssn]", `detectors: [${secret}]`),
    good.replace("protocol: postgres", `protocol: ${secret}`),
    good.replace("public.patients.ssn", secret),
    good.replace("user: gate", `user: "${secret}`),
    good.replace("user: gate", `user: [${secret}`),
    good.replace("user: gate", `password: ${secret}`),
    good.replace("user: gate", `user: \`${secret}`),
    good.replace("user: gate", `user: gate ${secret}: x: y`),
    secret,
  ];
  for (const text of texts) {
    const found = problems(text);
    ok(found.length > 0);
    ok(!found.join("\n").includes(secret), found.join("\n"));
  }
});

Deno.test("parseConfig() keeps __proto__ a key like any other", () => {
  ok(problems(`${good}__proto__: { version: 1 }\n`).length > 0);
  ok(problems(good.replace("  mrn:", "  __proto__:")).length > 0);
});

Deno.test("parseConfig() never throws", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.nat(good.length),
      (text, at) => {
        parseConfig(good.slice(0, at) + text + good.slice(at));
        parseConfig(text);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("configJsonSchema() describes the file for an editor", () => {
  const schema = configJsonSchema();
  ok(schema["additionalProperties"] === false);
  deepStrictEqual(schema["required"], [
    "version",
    "organisation",
    "issuer",
    "console",
    "connections",
    "classes",
  ]);
});

const ssh = `  lab:
    protocol: ssh
    host: lab.example.org
    user: gate
    private_key_file: lab.key
    host_keys: ["SHA256:${"A".repeat(43)}"]
`;

Deno.test("parseConfig() takes an SSH connection with one credential and a known host key", () => {
  const parsed = parseConfig(good.replace("classes:\n", `${ssh}classes:\n`));
  ok(parsed.ok, JSON.stringify(parsed.ok ? [] : parsed.problems));
  strictEqual(parsed.config.connections["lab"]?.port, 22);
  const at = (text: string) => problems(good.replace("classes:\n", `${text}classes:\n`));
  const without = ssh.replace(/ {4}host_keys.*\n/, "");
  ok(at(without)[0]?.startsWith("connections.lab.host_keys: is missing"));
  const both = `${ssh}    password_file: lab.password\n`;
  ok(at(both)[0]?.startsWith("connections.lab: needs one of"));
});

Deno.test("parseConfig() takes a client of the issuer for people's own or for an agent's", () => {
  const of = (issuer: string) =>
    good.replace("audience: sallyport", `audience: sallyport, ${issuer}`);
  const read = (issuer: string) => {
    const parsed = parseConfig(of(issuer));
    ok(parsed.ok);
    return parsed.config.issuer;
  };
  strictEqual(read("people_clients: any").people_clients, "any");
  deepStrictEqual(read("agents: { 0oa7: report-agent }").agents, { "0oa7": "report-agent" });
  const plain = parseConfig(good);
  ok(plain.ok);
  deepStrictEqual([plain.config.issuer.people_clients, plain.config.issuer.agents], [[], {}]);
  const wrong: readonly (readonly [string, string])[] = [
    [
      "people_clients: [cli], agents: { cli: bot }",
      "issuer.agents.cli: is one of people_clients, too: " +
      "either people act by it or an agent, line 3",
    ],
    [
      "agents: { console: bot }",
      "issuer.agents.console: is the console's client, with which people sign in, line 3",
    ],
    [
      "people_clients: cli",
      "issuer.people_clients: must be a list of client ids, or any, line 3",
    ],
  ];
  for (const [issuer, problem] of wrong) deepStrictEqual(problems(of(issuer)), [problem]);
});
