import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import {
  addressesOf,
  composePlan,
  configurationOf,
  edgeName,
  processName,
  sshEdgeName,
} from "#deploy/compose/plan.ts";
import { renderCompose } from "#deploy/compose/render.ts";
import { demoConfiguration } from "#deploy/demo/configuration.ts";
import { settingsOf } from "#deploy/installation.ts";
import { keysOf } from "#deploy/nats/accounts.ts";
import { processArguments, processKinds } from "#deploy/processes.ts";
import { parseConfig } from "#schemas/config_file.ts";

const root = new URL("../../", import.meta.url);
const committed = await Deno.readTextFile(new URL("compose.yaml", root));

const Service = z.looseObject({
  image: z.string(),
  user: z.string(),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  command: z.array(z.string()),
  entrypoint: z.array(z.string()).optional(),
  network_mode: z.string().optional(),
  networks: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
});
const Compose = z.object({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
});
const { services, networks, volumes } = Compose.parse(parse(committed));

Deno.test("compose.yaml is what deploy/compose renders", async () => {
  strictEqual(committed, await renderCompose(composePlan), "run deploy/compose/main.ts render");
});

Deno.test("compose.yaml: each actor's command is the table's", async () => {
  const parsed = parseConfig(await demoConfiguration(configurationOf(composePlan)));
  ok(parsed.ok);
  for (const kind of processKinds) {
    const name = processName(kind);
    const key = keysOf([edgeName], [sshEdgeName]).find((each) => each.name === name);
    ok(key, name);
    const settings = settingsOf(key, composePlan.directory, addressesOf(composePlan, "2026_02"));
    const file = `${composePlan.directory}/settings/${name}.json`;
    const expected = processArguments(kind, composePlan.root, file, settings, parsed.config);
    deepStrictEqual(services[kind]?.command, expected, kind);
    deepStrictEqual(services[kind]?.entrypoint, ["deno"], kind);
  }
});

/** What actors keep over a restart. */
const kept = new Map([["identity", "revocations"], ["audit", "checkpoints"]]);

Deno.test("compose.yaml: no service runs as root, writes to its image or gains a right", () => {
  for (const [name, service] of Object.entries(services)) {
    strictEqual(service.user, "1993:1993", name);
    ok(service.read_only, name);
    deepStrictEqual(service.cap_drop, ["ALL"], name);
    deepStrictEqual(service.security_opt, ["no-new-privileges:true"], name);
    const words = [...service.entrypoint ?? [], ...service.command];
    ok(!words.some((word) => /^(-A|--allow-all|--allow-run)/.test(word)), name);
    for (const port of service.ports ?? []) ok(port.startsWith("127.0.0.1:"), `${name} ${port}`);
    const writes = (service.volumes ?? []).filter((each) => !each.endsWith(":ro"));
    const may = ["install", "nats", "database", "rotate"].includes(name);
    const folder = kept.get(name);
    const own = folder === undefined ? [] : [`${folder}:${composePlan.directory}/${folder}`];
    if (!may) deepStrictEqual(writes, own, `${name} mounts read-only`);
  }
});

Deno.test("compose.yaml: what holds the shared namespace does nothing else", () => {
  const spaces = Object.values(services).flatMap(({ network_mode: mode = "" }) => {
    return mode.startsWith("service:") ? [mode.slice("service:".length)] : [];
  });
  deepStrictEqual(new Set(spaces), new Set(["namespace"]));
  deepStrictEqual(services["namespace"]?.entrypoint, ["sleep"]);
  deepStrictEqual(services["namespace"]?.volumes, undefined);
  for (const kind of [...processKinds, "nats", "issuer", "provisioner"]) {
    strictEqual(services[kind]?.network_mode, "service:namespace", kind);
  }
});

Deno.test("compose.yaml: every name that a service uses is there", () => {
  for (const [name, service] of Object.entries(services)) {
    for (const [before, { condition }] of Object.entries(service.depends_on ?? {})) {
      const found = services[before];
      ok(found, `${name} waits for ${before}`);
      ok(condition !== "service_healthy" || "healthcheck" in found, `${before} has a probe`);
    }
    const [kind, space] = (service.network_mode ?? "").split(":");
    ok(kind !== "service" || services[space ?? ""], `${name} lives in ${space}`);
    for (const network of service.networks ?? []) ok(network in networks, `${name} ${network}`);
    for (const volume of service.volumes ?? []) {
      ok((volume.split(":")[0] ?? "") in volumes, `${name} mounts ${volume}`);
    }
  }
});

Deno.test("the image is of the Deno that the tests run on", async () => {
  const file = await Deno.readTextFile(new URL("deploy/images/Dockerfile", root));
  const bases = [...file.matchAll(/^FROM (denoland\/\S+)/gm)].map(([, base]) => base);
  deepStrictEqual(new Set(bases), new Set([`denoland/deno:${Deno.version.deno}`]));
});
