import { deepStrictEqual, match, ok } from "node:assert/strict";
import plugin from "./boundaries.ts";

const root = new URL("../../", import.meta.url).pathname;

function lint(file: string, source: string): Deno.lint.Diagnostic[] {
  return Deno.lint.runPlugin(plugin, `${root}${file}`, source);
}

function refuses(rule: "imports" | "bans", file: string, source: string, pattern: RegExp): void {
  const found = lint(file, source);
  deepStrictEqual(found.map(({ id }) => id), [`sallyport/${rule}`], `${file}: ${source}`);
  match(found[0]?.message ?? "", pattern);
  ok(found[0]?.hint, "a refusal names what to do instead");
}

function takes(file: string, source: string): void {
  deepStrictEqual(lint(file, source).map(({ message }) => message), [], `${file}: ${source}`);
}

const authz = "actors/authz/actor.ts";

/** Every way to name another module. */
const forms: readonly ((specifier: string) => string)[] = [
  (name) => `import { x } from "${name}";`,
  (name) => `import type { X } from "${name}";`,
  (name) => `import "${name}";`,
  (name) => `import * as x from "${name}";`,
  (name) => `export { x } from "${name}";`,
  (name) => `export type { X } from "${name}";`,
  (name) => `export * from "${name}";`,
  (name) => `export * as x from "${name}";`,
  (name) => `const x = await import("${name}");`,
  (name) => `type X = import("${name}").X;`,
  (name) => `import x = require("${name}");`,
];

Deno.test("imports: each form of import of another actor is refused", () => {
  for (const form of forms) {
    refuses("imports", authz, form("#actors/target/actor.ts"), /no other actor/);
    takes(authz, form("#actors/_kit/actor.ts"));
  }
});

Deno.test("imports: the directions", () => {
  const wrong: readonly [file: string, specifier: string, pattern: RegExp][] = [
    ["schemas/frames.ts", "#actors/_kit/bus.ts", /schemas may not import actors/],
    ["schemas/frames.ts", "#deploy/processes.ts", /schemas may not import deploy/],
    ["schemas/frames_test.ts", "#tests/real/psql.ts", /schemas may not import tests/],
    [authz, "#deploy/processes.ts", /actors may not import deploy/],
    ["actors/authz/actor_test.ts", "#tests/conformance/rig.ts", /actors may not import tests/],
    ["deploy/demo/main.ts", "#tests/real/psql.ts", /deploy may not import tests/],
    ["actors/_kit/bus.ts", "#actors/audit/actor.ts", /the kit imports no actor/],
    ["actors/audit/actor_test.ts", "#actors/authz/actor.ts", /no other actor/],
    ["actors/audit/actor_test.ts", "#actors/authz/testing.ts", /no other actor/],
    [authz, "#schemas/../actors/target/actor.ts", /no other actor/],
    [authz, "#schemas/../node_modules/x.ts", /names no folder/],
    [authz, "#nowhere/x.ts", /names no folder/],
    [authz, "./testing.ts", /nothing of tests/],
    [authz, "./actor_test.ts", /nothing of tests/],
  ];
  for (const [file, specifier, pattern] of wrong) {
    refuses("imports", file, `import "${specifier}";`, pattern);
  }
  takes("tests/real/psql_test.ts", `import "#deploy/demo/system.ts"; import "#actors/authz/a.ts";`);
  takes("deploy/processes.ts", `import "#actors/authz/judge.ts"; import "#schemas/config.ts";`);
  takes(authz, `import "#schemas/frames.ts"; import "./analysis/analyse.ts";`);
  takes("actors/authz/actor_test.ts", `import "./testing.ts"; import fc from "fast-check";`);
});

Deno.test("imports: relative names stay in their folder", () => {
  const leaves = /leaves its folder/;
  refuses("imports", "deploy/demo/main.ts", `import "../machine/process.ts";`, leaves);
  refuses("imports", "tests/real/a_test.ts", `import "../conformance/rig.ts";`, leaves);
  refuses("imports", authz, `import "../_kit/bus.ts";`, leaves);
  refuses("imports", authz, `import "../../schemas/frames.ts";`, leaves);
  refuses("imports", authz, `import "./../target/actor.ts";`, /no other actor/);
  refuses("imports", authz, `import "../../../elsewhere/x.ts";`, /leaves the repository/);
  takes("schemas/wire/postgres/frame.ts", `import "../cursor.ts"; import "../../errors.ts";`);
  takes("actors/console/pages/sessions.ts", `import "../ledger.ts";`);
  takes("deploy/compose.ts", `import "./nats/accounts.ts"; import "./processes.ts";`);
});

Deno.test("imports: packages of schemas", () => {
  const only = /schemas import zod only/;
  for (
    const name of ["hono", "node:fs", "node:buffer", "node:zlib", "jose", "yaml", "fast-check"]
  ) {
    refuses("imports", "schemas/frames.ts", `import "${name}";`, only);
  }
  refuses("imports", "schemas/frames_test.ts", `import "jose";`, only);
  takes("schemas/frames.ts", `import { z } from "zod"; import { createHash } from "node:crypto";`);
  takes("schemas/config_file.ts", `import { parse } from "yaml";`);
  takes("schemas/payload_coding.ts", `import { constants } from "node:zlib";`);
  takes("schemas/frames_test.ts", `import "node:assert/strict"; import fc from "fast-check";`);
});

Deno.test("imports: NATS is spoken in two places", () => {
  const places = /NATS is spoken/;
  const source = `import { connect } from "@nats-io/transport-node";`;
  refuses("imports", authz, source, places);
  refuses("imports", "actors/_kit/bus.ts", source, places);
  refuses("imports", "actors/audit/nats.ts", source, places);
  refuses("imports", "deploy/demo/main.ts", source, places);
  refuses("imports", authz, `import type { Msg } from "@nats-io/nats-core/internal";`, places);
  takes("actors/_kit/nats.ts", source);
  takes("actors/_kit/nats_link.ts", source);
  takes("deploy/nats/provision.ts", source);
});

Deno.test("imports: inline specifiers, computed names and test tools", () => {
  for (const name of ["npm:zod@4.6.7", "jsr:@std/assert", "https://example.org/x.ts", "/x.ts"]) {
    refuses("imports", authz, `import "${name}";`, /inline specifiers/);
    refuses("imports", "tests/real/a_test.ts", `import "${name}";`, /inline specifiers/);
  }
  refuses("imports", authz, "const x = await import(name);", /computed/);
  refuses("imports", authz, "const x = await import(`#actors/${name}/actor.ts`);", /computed/);
  refuses("imports", authz, `import { ok } from "node:assert/strict";`, /test tool/);
  refuses("imports", authz, `import fc from "fast-check";`, /test tool/);
});

Deno.test("bans: what a pure module may not touch", () => {
  const touches: readonly [source: string, pattern: RegExp][] = [
    ["const t = Date.now();", /Date\.now/],
    ["const t = globalThis.Date.now();", /Date\.now/],
    ["const t = new Date();", /new Date/],
    ["const t = performance.now();", /performance\.now/],
    ["const r = Math.random();", /Math\.random/],
    ["const r = Math['random']();", /Math\.random/],
    ["const id = crypto.randomUUID();", /randomUUID/],
    ["crypto.getRandomValues(bytes);", /getRandomValues/],
    ["setTimeout(f, 1);", /setTimeout/],
    ["setInterval(f, 1);", /setInterval/],
    ["globalThis.setTimeout(f, 1);", /setTimeout/],
    ["await fetch(url);", /fetch/],
    ["await Deno.readTextFile(path);", /Deno\.readTextFile/],
    ["await Deno[name](path);", /Deno/],
    ["const arguments_ = Deno.args;", /Deno\.args/],
  ];
  for (const [source, pattern] of touches) {
    for (const file of [authz, "schemas/frames.ts", "actors/authz/actor_test.ts"]) {
      refuses("bans", file, source, pattern);
    }
    for (const file of ["authz/main.ts", "edge_postgres/serve.ts", "_kit/clock.ts"]) {
      takes(`actors/${file}`, source);
    }
    takes("deploy/demo/main.ts", source);
    takes("tests/real/psql_test.ts", source);
  }
});

Deno.test("bans: what is allowed everywhere", () => {
  takes(authz, "const at = new Date(ms); const t = clock.now(); ports.fetch(url);");
  takes(authz, "const text = 'Date.now() and fetch(x)'; // Deno.args");
  takes("actors/authz/actor_test.ts", `Deno.test("name", () => {});`);
  refuses("bans", authz, `Deno.test("name", () => {});`, /Deno\.test/);
});
