import { deepStrictEqual, ok } from "node:assert/strict";
import process from "node:process";
import { parseConfig } from "#schemas/config_file.ts";
import configText from "#deploy/demo/sallyport.yaml" with { type: "text" };
import { settingsOf } from "./installation.ts";
import { keysOf } from "./nats/accounts.ts";
import { processArguments, type ProcessKind, processKinds } from "./processes.ts";

// yaml looks up its debugging switches in the environment, which a unit test may not read.
Object.defineProperty(process, "env", { value: {} });

const addresses = {
  natsUrl: "nats://127.0.0.1:4222",
  epoch: "2026_11",
  edge: { name: "postgres-1", host: "127.0.0.1", port: 5433 },
  edgeSsh: { name: "ssh-1", host: "127.0.0.1", port: 2222 },
  identity: { host: "127.0.0.1", port: 9401 },
  console: { host: "127.0.0.1", port: 9443 },
};

Deno.test("processes: files that the configuration names are read relative to it", () => {
  const text = configText
    .replace(/^( *)(client_id: .*)$/m, "$1$2\n$1client_secret_file: secrets/console.secret")
    .replace(/^( *)(audience: .*)$/m, "$1$2\n$1ca_file: certificates/issuer.crt");
  const issuerCa = "/srv/sallyport/certificates/issuer.crt";
  const secret = "/srv/sallyport/secrets/console.secret";
  ok(readable("console", text).includes(issuerCa));
  ok(readable("console", text).includes(secret));
  ok(readable("identity", text).includes(issuerCa));
  ok(!readable("identity", text).includes(secret));
  ok(!readable("edge", text).includes(secret));
});

Deno.test("processes: identity and audit alone write, each where it keeps something", () => {
  const folders = new Map([["identity", "revocations"], ["audit", "checkpoints"]]);
  for (const kind of processKinds) {
    const writes = argumentsOf(kind, configText).filter((word) => word.includes("write"));
    const folder = folders.get(kind);
    deepStrictEqual(writes, folder === undefined ? [] : [`--allow-write=/srv/sallyport/${folder}`]);
  }
});

/** What `--allow-read` of a process names. */
function readable(kind: ProcessKind, text: string): string[] {
  const flag = argumentsOf(kind, text).find((word) => word.startsWith("--allow-read=")) ?? "";
  return flag.slice("--allow-read=".length).split(",");
}

function argumentsOf(kind: ProcessKind, text: string): string[] {
  const parsed = parseConfig(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.message);
  const name = kind === "edge"
    ? addresses.edge.name
    : kind === "edge_ssh"
    ? addresses.edgeSsh.name
    : kind;
  const key = keysOf([addresses.edge.name], [addresses.edgeSsh.name]).find((each) =>
    each.name === name
  );
  if (key === undefined) throw new Error(`Cannot find the key of ${name}`);
  const settings = settingsOf(key, "/srv/sallyport", addresses);
  return processArguments(kind, "/app/", "settings.json", settings, parsed.config);
}
