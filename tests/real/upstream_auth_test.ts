/** How target logs in upstream: each method, and certificates that do not verify. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { ensureAuthority } from "#deploy/machine/certificates.ts";
import { setIn } from "./configuration.ts";
import { psql } from "./psql.ts";
import { eventually, scenario, startRig } from "./support.ts";

const read = { input: "select ssn from patients where id = 1;\n", args: ["-At"] };

Deno.test("md5 and cleartext passwords over TLS", async (test) => {
  for (const passwordMethod of ["md5", "password"] as const) {
    await using rig = await startRig({ passwordMethod });
    await scenario(test, rig, `password method ${passwordMethod}`, async () => {
      const result = await psql(rig.system, read);
      deepStrictEqual(result, { code: 0, stdout: "[ssn]\n", stderr: "" });
    });
  }
});

Deno.test("SCRAM, and upstreams that do not prove who they are", async (test) => {
  await using rig = await startRig();
  const { system } = rig;
  const { directory } = system;
  const other = await ensureAuthority({ directory: `${directory}/other`, say: () => {} });
  const yaml = await Deno.readTextFile(`${directory}/sallyport.yaml`);
  // The same authority also vouches for the edge: psql keeps a copy of it.
  const kept = `${directory}/kept.crt`;
  await Deno.copyFile(system.caFile, kept);
  const asked = { ...read, connection: `sslrootcert=${kept}` };

  await scenario(test, rig, "scram-sha-256", async () => {
    const result = await psql(system, read);
    deepStrictEqual(result, { code: 0, stdout: "[ssn]\n", stderr: "" });
  });

  const wrong: readonly (readonly [string, string, string, RegExp])[] = [
    ["authority", system.caFile, await Deno.readTextFile(other.certFile), /certificate|TLS/],
    [
      "name",
      `${directory}/sallyport.yaml`,
      setIn(yaml, ["connections", "ehr", "tls", "server_name"], "database.example"),
      /certificate|TLS/,
    ],
    ["password", `${directory}/secrets/ehr.password`, "wrong", /the server refused the login/],
  ];
  for (const [name, file, text, expected] of wrong) {
    await scenario(test, rig, `refused upstream: another ${name}`, async () => {
      const original = await Deno.readTextFile(file);
      await Deno.writeTextFile(file, text);
      await system.actor("target").stop();
      await system.restart("target");
      await Deno.writeTextFile(file, original);
      const result = await psql(system, asked);
      strictEqual(result.code, 2);
      match(result.stderr, /FATAL: {2}sallyport: the target could not be reached/);
      match(result.stderr, expected);
    });
  }

  await scenario(test, rig, "and with the right settings it works again", async () => {
    await system.actor("target").stop();
    await system.restart("target");
    const result = await eventually("a session opens", async () => {
      const answer = await psql(system, read);
      return answer.code === 0 ? answer : undefined;
    });
    strictEqual(result.stdout, "[ssn]\n");
  });
});
