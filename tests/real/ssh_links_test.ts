/** sftp through the gateway reaches only the places that its paths name. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { payloadsOf } from "./bus_user.ts";
import { openLabSystem, sshClient } from "./ssh_client.ts";
import { scenario, startRig } from "./support.ts";

Deno.test("links on a host, by sftp", async (test) => {
  await using rig = await startRig(openLabSystem);
  await using client = await sshClient(rig.system);
  const home = rig.system.lab?.home ?? "";
  await Deno.writeTextFile(`${home}/forbidden.txt`, "what policy forbids\n");
  await Deno.symlink("forbidden.txt", `${home}/harmless.txt`);
  // Whatever the account may do there, policy forbids it by this name.
  await Deno.mkdir(`${home}/forbidden`);
  await Deno.chmod(`${home}/forbidden`, 0o777);
  await Deno.writeTextFile(`${home}/forbidden/passwd`, "what policy forbids\n", { mode: 0o666 });
  await Deno.symlink("forbidden", `${home}/elsewhere`);
  const sftp = (...lines: readonly string[]) => {
    return client.run("sftp", ["-b", "-", "gw"], `${lines.join("\n")}\n`);
  };

  await scenario(test, rig, "a link to what is forbidden is no way around it", async () => {
    const { code, stderr } = await sftp("get harmless.txt");
    ok(code !== 0);
    match(stderr, /Permission denied/);
    for (const line of ["get elsewhere/passwd", "rm elsewhere/passwd", "put README elsewhere/x"]) {
      await Deno.writeTextFile(`${client.folder}/README`, "sent\n");
      ok((await sftp(line)).code !== 0, line);
    }
    ok(!(await sftp("ls elsewhere")).stdout.includes("passwd"));
    deepStrictEqual([...Deno.readDirSync(`${home}/forbidden`)].map(({ name }) => name), ["passwd"]);
    const local = [...Deno.readDirSync(client.folder)].map(({ name }) => name);
    ok(!local.includes("harmless.txt") && !local.includes("passwd"));
    await using auditor = await rig.auditor();
    const outcomes = payloadsOf(await auditor.frames(), "outcome");
    ok(outcomes.some(({ payload }) => payload.request > 1 && payload.status === "not_run"));
  });

  await scenario(test, rig, "true paths pass, from the home and from the root", async () => {
    const { code, stderr } = await sftp("get README.txt", `get ${home}/visits.csv`, "ls -l notes");
    strictEqual(stderr, "");
    strictEqual(code, 0);
    const text = await Deno.readTextFile(`${client.folder}/README.txt`);
    strictEqual(text, await Deno.readTextFile(`${home}/README.txt`));
  });

  await scenario(test, rig, "a link itself can be made, renamed and removed", async () => {
    const lines = ["symlink README.txt made", "rename made moved", "rm moved", "rm harmless.txt"];
    const { code, stderr } = await sftp(...lines);
    strictEqual(stderr, "");
    strictEqual(code, 0);
    ok(await Deno.stat(`${home}/forbidden.txt`));
  });
});
