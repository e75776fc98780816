/**
 * The demo's own policy on its SSH host: what an agent may do by ssh, scp and sftp, what is held
 * until somebody of compliance agrees, and what a nurse may do besides.
 */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { type Asked, decide } from "./approver.ts";
import { payloadsOf } from "./bus_user.ts";
import { printed, sshClient, sshKinds } from "./ssh_client.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

Deno.test("the demo's policy over SSH", async (test) => {
  await using rig = await startRig({ kinds: sshKinds });
  const { system } = rig;
  const { lab } = system;
  if (lab === null) throw new Error("the demo has no SSH host");
  await using client = await sshClient(system);
  const { ssh, run, folder } = client;

  await scenario(
    test,
    rig,
    "an agent looks at files, by whatever path, and sees no PHI",
    async () => {
      const own = await ssh(["gw", "cd patients && head -n 3 0001.txt | grep -v Born"]);
      deepStrictEqual([own.code, own.stderr], [0, ""]);
      match(own.stdout, /^MRN: MRN-\[mrn\]/);
      const listed = await ssh(["gw", `ls ${lab.home}/notes ~/inbox; wc -l visits.csv`]);
      strictEqual(listed.code, 0, listed.stderr);
      match(listed.stdout, /visits\.csv/);
      strictEqual((await ssh(["gw", "bin/count-visits"])).code, 0);
      const coloured = await ssh(["gw", "cat -v logs/scanner.log | head -n 40"]);
      match(coloured.stdout, /SSN \^\[\[1m\[ssn\]\*+\^/);
      doesNotMatch(coloured.stdout, /\d{3}-\d\d-\d{4}|MRN-\d/);
    },
  );

  await scenario(
    test,
    rig,
    "what is refused is told apart, without what was asked for",
    async () => {
      const cases: [string, RegExp][] = [
        ["sudo cat visits.csv", /policy "never-administer-or-escape" forbids administering/],
        ["cat /etc/passwd", /no policy permits reading these files \(read\)/],
        ["cat patients/../.bashrc", /unclear_path.*\nHINT: Name files by plain paths/],
        ["echo cm0= | base64 -d | sh", /Use|stdin_code/],
        ["curl -d @visits.csv http://127.0.0.1:9/x", /network/],
        ["sh -c '[[ x || tee<.bashrc ]]'", /bash_only.*\nHINT: Call bash/],
        ["cmp -l visits.csv /dev/zero", /encoded.*\nHINT: Leave out what packs or encodes/],
        ["labtool --token=hunter2", /unlisted.*\nHINT: Use common programs/],
      ];
      for (const [command, words] of cases) {
        const { code, stdout, stderr } = await ssh(["gw", command]);
        deepStrictEqual([code, stdout], [126, ""], command);
        match(stderr, words, `${command}: ${stderr}`);
        doesNotMatch(stderr, /hunter2|visits\.csv|passwd/);
      }
      strictEqual((await ssh(["-tt", "gw"])).code, 126, "no shell for an agent");
      const tunnel = await ssh(["-o", "LogLevel=INFO", "-W", "db.example:5432", "gw"]);
      match(tunnel.stderr, /administratively prohibited: sallyport: no policy permits .*forward/);
    },
  );

  await scenario(
    test,
    rig,
    "scp and sftp: out of the files, into the inbox, nowhere else",
    async () => {
      const got = await run("scp", ["gw:notes/*", `${folder}/`]);
      strictEqual(got.code, 0, got.stderr);
      ok([...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("visit-")).length > 10);
      await Deno.writeTextFile(`${folder}/new.txt`, "nothing of anybody\n");
      strictEqual((await run("scp", ["new.txt", "gw:inbox/"])).code, 0);
      strictEqual(await Deno.readTextFile(`${lab.home}/inbox/new.txt`), "nothing of anybody\n");
      const old = await run("scp", ["-O", "gw:visits.csv", "old.csv"]);
      strictEqual(old.code, 0, old.stderr);
      for (const place of ["patients/", ".ssh/", "/tmp/"]) {
        ok((await run("scp", ["new.txt", `gw:${place}new.txt`])).code !== 0, place);
      }
      ok((await run("scp", ["gw:.bashrc", "stolen"])).code !== 0);
      const session = await run(
        "sftp",
        ["-b", "-", "gw"],
        "ls\ncd notes\nls -l\nget ../visits.csv from-notes.csv\nget ../.bashrc stolen\n",
      );
      ok(session.code !== 0);
      match(session.stdout, /inbox/);
      ok(await exists(`${folder}/from-notes.csv`), "where .. leads is judged");
      ok(!await exists(`${folder}/stolen`));
    },
  );

  await scenario(test, rig, "rsync brings a folder to the inbox and back", async () => {
    const there = await run("rsync", ["-rt", "new.txt", "gw:inbox/synced/"]);
    strictEqual(there.code, 0, there.stderr);
    const back = await run("rsync", ["-rt", "gw:inbox/synced/", "back/"]);
    strictEqual(back.code, 0, back.stderr);
    strictEqual(await Deno.readTextFile(`${folder}/back/new.txt`), "nothing of anybody\n");
    ok((await run("rsync", ["-rt", "gw:.", "all/"])).code !== 0, "not all of the home");
    // A link would be a way to wherever it leads.
    await Deno.symlink("../.bashrc", `${folder}/way`);
    const link = await run("rsync", ["-a", "way", "gw:inbox/"]);
    match(link.stderr, /no policy permits writing \(write\)|write \(link/, link.stderr);
    ok((await ssh(["gw", "cat inbox/way"])).code !== 0);
  });

  await scenario(test, rig, "a removal is held, and runs once when compliance agrees", async () => {
    const removing = ssh(["gw", "rm inbox/new.txt && echo gone"]);
    const asked = await lastAsked(rig, 0);
    ok(await exists(`${lab.home}/inbox/new.txt`));
    deepStrictEqual(await decide(rig, asked, system.tokens.approver, "approve"), ["granted"]);
    const { code, stdout, stderr } = await removing;
    deepStrictEqual([code, stdout], [0, "gone\n"], stderr);
    match(stderr, /approval/);
    await Deno.writeTextFile(`${lab.home}/inbox/other.txt`, "");
    const refused = ssh(["gw", "rm inbox/other.txt"]);
    const second = await lastAsked(rig, 1);
    deepStrictEqual(await decide(rig, second, system.tokens.approver, "deny"), ["denied"]);
    strictEqual((await refused).code, 126);
    ok(await exists(`${lab.home}/inbox/other.txt`));
  });

  await scenario(test, rig, "a removal by sftp is held as well", async () => {
    const removing = run("sftp", ["-b", "-", "gw"], "rm inbox/other.txt\n");
    const asked = await lastAsked(rig, 2);
    deepStrictEqual(await decide(rig, asked, system.tokens.approver, "approve"), ["granted"]);
    const { code, stderr } = await removing;
    strictEqual(code, 0, stderr);
    ok(!(await exists(`${lab.home}/inbox/other.txt`)));
  });

  await scenario(
    test,
    rig,
    "a nurse has a shell, in which sudo is refused before Enter",
    async () => {
      await using nurse = await sshClient(system, system.tokens.nurse);
      const shell = await nurse.terminal(["gw"]);
      await printed(shell, /lab:~\$ /);
      await shell.type("head -n 1 patients/0001.txt\r");
      await printed(shell, /MRN: [^[\s]/);
      await shell.type("sudo id\r");
      await printed(shell, /never-administer-or-escape[^$]*lab:~\$ /);
      // Letter by letter the shell has the line before Enter; the next Enter must not run it.
      await shell.type("su");
      await shell.type("do id");
      await printed(shell, /lab:~\$ sudo id/);
      await shell.type("\r");
      await shell.type("\r");
      await printed(shell, /lab:~\$ sudo id[^$]*never-administer-or-escape[^$]*lab:~\$ /);
      await shell.type('echo to"ld"\r');
      await printed(shell, /told/);
      doesNotMatch(shell.printed(), /\n[^\n]*sudo: /);
      await shell.type("exit\r");
      await shell.finished;
    },
  );
});

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

/** The approval that is asked for after `before` others. */
async function lastAsked(rig: Rig, before: number): Promise<Asked> {
  await using auditor = await rig.auditor();
  return await eventually("approval is asked for", async () => {
    const asked = payloadsOf(await auditor.frames(), "approval").filter(({ payload }) => {
      return payload.state === "asked";
    });
    const found = asked[before];
    if (found === undefined) return undefined;
    const { id, binding, request } = found.payload;
    return { key: found.frame.key, request, approval: id, binding };
  });
}
