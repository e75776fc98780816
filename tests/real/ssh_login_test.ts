/** Ways into the SSH edge, and how access is taken back. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { revocationSubject } from "#schemas/subjects.ts";
import { connectAs } from "./bus_user.ts";
import { openLabSystem, openSsh, printed, sshClient } from "./ssh_client.ts";
import { closeReasons } from "./ssh_frames.ts";
import { eventually, scenario, startRig } from "./support.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test("logins at the SSH edge", async (test) => {
  await using rig = await startRig(openLabSystem);
  const { system } = rig;
  await using client = await sshClient(system);
  const { folder } = client;

  /** Logs in with a token as password, asked for by `method`. */
  const withToken = async (token: string, method: string, user = "lab") => {
    await Deno.writeTextFile(`${folder}/ask`, `#!/bin/sh\necho '${token}'\n`, { mode: 0o700 });
    const options = [
      "BatchMode=no",
      "LogLevel=INFO",
      "PubkeyAuthentication=no",
      `PreferredAuthentications=${method}`,
      "NumberOfPasswordPrompts=1",
    ].flatMap((option) => ["-o", option]);
    const asking = { SSH_ASKPASS: `${folder}/ask`, SSH_ASKPASS_REQUIRE: "force" };
    return await client.ssh([...options, "-l", user, "gw", "echo in"], "", asking);
  };

  await scenario(test, rig, "a token is a password, or an answer to a prompt", async () => {
    for (const method of ["password", "keyboard-interactive"]) {
      const { code, stdout } = await withToken(system.tokens.agent, method);
      deepStrictEqual([code, stdout], [0, "in\n"]);
    }
  });

  await scenario(test, rig, "no other token, user or connection gets in", async () => {
    const [head = "", body = "", signature = ""] = system.tokens.agent.split(".");
    const forged = [head, body, signature.split("").toReversed().join("")].join(".");
    for (
      const [token, user, why] of [
        [forged, "lab", /sallyport: The token's signature does not hold.*token_bad_signature/],
        ["", "lab", /sallyport: The exchange cannot be read/],
        [system.tokens.agent, "root", /sallyport: There is no such connection/],
        // Which ones there are is not told to strangers.
        [forged, "root", /sallyport: The token's signature does not hold/],
        [system.tokens.agent, "ehr", /sallyport: This connection is no SSH host/],
        [system.tokens.agent, "__proto__", /sallyport: /],
      ] as const
    ) {
      const { code, stderr } = await withToken(token, "password", user);
      strictEqual(code, 255);
      match(stderr, why);
    }
  });

  await scenario(test, rig, "a key that nobody registered does not get in", async () => {
    const { run } = client;
    const made = await run("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", `${folder}/other`]);
    strictEqual(made.code, 0, made.stderr);
    const args = ["-o", `IdentityFile=${folder}/other`, "gw", "id"];
    const plain = ["-F", "none", "-i", `${folder}/other`, "-o", "IdentitiesOnly=yes"];
    const known = ["-o", `UserKnownHostsFile=${folder}/known_hosts`, "-o", "BatchMode=yes"];
    const { port } = system.ssh;
    const at = ["-p", String(port), "lab@127.0.0.1", "id"];
    const { code, stderr } = await openSsh([...plain, ...known, ...at], "", folder);
    strictEqual(code, 255);
    match(
      stderr,
      /sallyport: This key is not registered.*`sallyport connect`[^]*Permission denied/,
    );
    // The registered one is offered behind it, and does.
    strictEqual((await client.ssh(args)).code, 0);
  });

  await scenario(test, rig, "sallyport connect lets ssh in by the connection's name", async () => {
    await Deno.writeTextFile(`${folder}/token`, system.tokens.agent, { mode: 0o600 });
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", `${root}deploy/sallyport/main.ts`, "connect"],
        ...["--dir", system.directory, "--connection", "lab", "--ssh-dir", `${folder}/.ssh`],
        ...["--subject-token-file", `${folder}/token`],
      ],
    }).output();
    strictEqual(code, 0, new TextDecoder().decode(stderr));
    const config = `${folder}/.ssh/config`;
    const { stdout } = await openSsh(["-F", config, "lab", "echo by-name"], "", folder);
    strictEqual(stdout, "by-name\n");
    // The key is registered still when identity starts anew; its file is identity's alone.
    await system.actor("identity").kill();
    await system.restart("identity");
    const again = await openSsh(["-F", config, "lab", "echo again"], "", folder);
    deepStrictEqual([again.stdout, again.code], ["again\n", 0], again.stderr);
    const { mode } = await Deno.stat(`${system.directory}/revocations/ssh_keys.jsonl`);
    strictEqual((mode ?? 0) & 0o777, 0o600);
  });

  await scenario(
    test,
    rig,
    "a revocation ends what runs, and lets nothing more begin",
    async () => {
      const master = ["-S", `${folder}/master`];
      const carrier = await client.start(["-MN", ...master, "gw"]);
      await eventually("the connection stands", async () => {
        return (await client.ssh([...master, "-O", "check", "gw"])).code === 0 || undefined;
      });
      const shell = await client.terminal([...master, "gw"]);
      await printed(shell, /lab:~\$ /);
      const identity = await connectAs(system, "identity");
      const until = new Date(Date.now() + 60_000).toISOString();
      const revocation = { version: 1, kind: "actor", value: "report-agent", until };
      identity.bus.send(revocationSubject, new TextEncoder().encode(JSON.stringify(revocation)));
      const { code, stdout } = await shell.finished;
      strictEqual(code, 255);
      match(stdout, /sallyport: access was revoked/);
      ok((await closeReasons(rig)).includes("revoked"));
      const later = await client.ssh([...master, "gw", "echo more"]);
      deepStrictEqual([later.code, later.stdout], [255, ""]);
      match(later.stderr, /sallyport: .*token_revoked/);
      strictEqual((await client.ssh(["-S", "none", "gw", "id"])).code, 255);
      carrier.kill("SIGTERM");
      await carrier.finished;
      await identity[Symbol.asyncDispose]();
    },
  );
});
