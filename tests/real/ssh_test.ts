/**
 * OpenSSH's clients through a gateway to a real OpenSSH server: commands, shells, files, and what
 * runs over them. Every scenario ends with the guarantees.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { payloadsOf } from "./bus_user.ts";
import { openLabSystem, printed, sshClient } from "./ssh_client.ts";
import { plantedForNobody } from "./planted.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";
import { closeReasons, linesSaid } from "./ssh_frames.ts";

Deno.test("ssh, sftp, scp, rsync and git through the gateway", async (test) => {
  await using rig = await startRig(openLabSystem);
  await plant(rig);
  await using client = await sshClient(rig.system);
  const { ssh, run, folder } = client;

  await scenario(test, rig, "a command's output, errors and status come through", async () => {
    deepStrictEqual(await ssh(["gw", "echo out; echo err >&2; exit 7"]), {
      code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    strictEqual((await ssh(["gw", "wc -c"], "x".repeat(300_000))).stdout, "300000\n");
    strictEqual((await ssh(["gw", "false"])).code, 1);
    const endless = "ulimit -c 0; ulimit -t 1; while :; do :; done";
    const killed = await ssh(["gw", endless]);
    strictEqual(killed.code, 255);
    deepStrictEqual(new Set(await closeReasons(rig)), new Set(["closed"]));
  });

  await scenario(test, rig, "both outputs keep their bytes under a full window", async () => {
    const both = "head -c 6000000 /dev/zero | tr '\\0' a & head -c 6000000 /dev/zero | " +
      "tr '\\0' b >&2; wait";
    const { code, stdout, stderr } = await ssh(["gw", both]);
    deepStrictEqual([code, stdout.length, stderr.length], [0, 6_000_000, 6_000_000]);
    ok(/^a+$/.test(stdout) && /^b+$/.test(stderr));
  });

  await scenario(
    test,
    rig,
    "output without end is ended at its limit, and its program",
    async () => {
      const endless = "limited-by-volume";
      const { code, stdout, stderr } = await ssh(["gw", `yes ${endless}`]);
      deepStrictEqual([code, stdout.length], [126, 3000]);
      match(
        stderr,
        /^sallyport: the output is over the limit of 3000 bytes .*\nDETAIL: .*\nHINT: /,
      );
      await eventually("its program is gone", async () => {
        const found = await ssh(["gw", `pgrep -fc '[${endless[0]}]${endless.slice(1)}'`]);
        return found.stdout === "0\n" || undefined;
      });
      await using auditor = await rig.auditor();
      const outcomes = payloadsOf(await auditor.frames(), "outcome").filter(({ payload }) => {
        return payload.cut !== undefined;
      });
      deepStrictEqual(outcomes.map(({ payload }) => [payload.status, payload.counted]), [
        ["cancelled", 3000],
      ]);
    },
  );

  await scenario(test, rig, "what policy forbids is refused in words", async () => {
    const { code, stdout, stderr } = await ssh(["gw", "echo before; reboot"]);
    deepStrictEqual([code, stdout], [126, ""]);
    match(stderr, /^sallyport: policy "test-no-reboot" forbids .*\nDETAIL: .*\nHINT: /);
    const file = await ssh(["gw", "cat forbidden.txt"]);
    strictEqual(file.code, 126);
  });

  await scenario(
    test,
    rig,
    "variables pass by the list; agents and X11 are not forwarded",
    async () => {
      const env = ["-o", "SetEnv=LC_TEST=yes BAD=no", "-A", "-X", "gw"];
      const { stdout } = await ssh([...env, 'echo "$LC_TEST-$BAD-$SSH_AUTH_SOCK-$DISPLAY"']);
      strictEqual(stdout, "yes---\n");
      const refused = await ssh([
        "-o",
        "ExitOnForwardFailure=yes",
        "-R",
        "0:127.0.0.1:9",
        "gw",
        "id",
      ]);
      strictEqual(refused.code, 255);
    },
  );

  await scenario(
    test,
    rig,
    "planted values are masked in output, and in files by sftp",
    async () => {
      const { stdout } = await ssh(["gw", "cat planted.txt; base64 -w0 /dev/null"]);
      match(stdout, /\[ssn\]/);
      const got = await run("scp", ["gw:planted.txt", "planted.txt"]);
      strictEqual(got.code, 0, got.stderr);
      const text = await Deno.readTextFile(`${folder}/planted.txt`);
      for (const value of plantedForNobody) ok(!text.includes(value));
    },
  );

  await scenario(test, rig, "sftp lists, gets, puts and removes", async () => {
    await Deno.writeTextFile(`${folder}/up`, "up\n");
    const batch = "pwd\nput up inbox/up\nls inbox\nget inbox/up down\nrename inbox/up inbox/x\n" +
      "rm inbox/x\nmkdir inbox/d\nrmdir inbox/d\n-get forbidden.txt\nls README.txt\n";
    const { code, stdout, stderr } = await run("sftp", ["-b", "-", "gw"], batch);
    strictEqual(code, 0, stderr);
    match(stdout, /inbox\/up/);
    match(stdout, /README\.txt\s*$/);
    match(stderr, /forbidden\.txt/);
    strictEqual(await Deno.readTextFile(`${folder}/down`), "up\n");
  });

  await scenario(test, rig, "sftp is not led elsewhere by a link, and goes on", async () => {
    await ssh(["gw", "mkdir -p inbox/real; ln -sfn real inbox/link; echo x > inbox/real/x"]);
    const batch = "-get inbox/link/x through\nget inbox/real/x direct\n";
    const { code, stderr } = await run("sftp", ["-b", "-", "gw"], batch);
    strictEqual(code, 0, stderr);
    match(stderr, /inbox\/link\/x/);
    strictEqual(await Deno.readTextFile(`${folder}/direct`), "x\n");
  });

  await scenario(test, rig, "scp copies both ways, by sftp and as of old", async () => {
    // One file in some hundreds would hold what looks like an address, and come back masked.
    const random = crypto.getRandomValues(new Uint8Array(60_000)).map((byte) =>
      byte === 0x40 ? 0 : byte
    );
    // More than all windows between here and the host hold; no byte of it is of text.
    const big = new Uint8Array(12_000_000).map((_, at) => 128 + (at * 7 + (at >> 8)) % 128);
    for (const [name, bytes] of [["random", random], ["big", big]] as const) {
      await Deno.writeFile(`${folder}/${name}`, bytes);
      for (const old of [[], ["-O"]]) {
        const up = await run("scp", [...old, name, `gw:inbox/${name}`]);
        strictEqual(up.code, 0, up.stderr);
        const down = await run("scp", [...old, `gw:inbox/${name}`, "back"]);
        strictEqual(down.code, 0, down.stderr);
        ok(equalBytes(await Deno.readFile(`${folder}/back`), bytes), name);
      }
    }
  });

  await scenario(test, rig, "rsync synchronises a folder", async () => {
    await Deno.mkdir(`${folder}/tree/deep`, { recursive: true });
    await Deno.writeTextFile(`${folder}/tree/a`, "a".repeat(100_000));
    await Deno.writeTextFile(`${folder}/tree/deep/b`, "b\n");
    const up = await run("rsync", ["-a", "tree/", "gw:inbox/tree/"]);
    strictEqual(up.code, 0, up.stderr);
    const down = await run("rsync", ["-a", "gw:inbox/tree/", "copy/"]);
    strictEqual(down.code, 0, down.stderr);
    strictEqual(await Deno.readTextFile(`${folder}/copy/deep/b`), "b\n");
  });

  await scenario(test, rig, "git pushes and clones", async () => {
    strictEqual((await ssh(["gw", "git init -q --bare inbox/r.git"])).code, 0);
    const git = async (...args: string[]) => {
      const { code, stderr } = await run("git", args);
      strictEqual(code, 0, stderr);
    };
    await git("init", "-q", "-b", "main", "work");
    await Deno.writeTextFile(`${folder}/work/file`, "one\n");
    await git("-C", "work", "add", "file");
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    await git("-C", "work", ...who, "commit", "-qm", "one");
    await git("-C", "work", "push", "-q", "gw:inbox/r.git", "main");
    await git("clone", "-q", "-b", "main", "gw:inbox/r.git", "clone");
    strictEqual(await Deno.readTextFile(`${folder}/clone/file`), "one\n");
  });

  await scenario(test, rig, "a tunnel carries bytes both ways, half-closed too", async () => {
    await using echo = echoServer();
    const to = `127.0.0.1:${echo.port}`;
    const { code, stdout } = await ssh(["-W", to, "gw"], "through the tunnel\n");
    deepStrictEqual([code, stdout], [0, "through the tunnel\n"]);
  });

  await scenario(
    test,
    rig,
    "a host of ours behind -J is served here, by the same judgement",
    async () => {
      const { lab, sshHostKey } = rig.system;
      const known = `${folder}/known_hosts`;
      await Deno.writeTextFile(known, `[127.0.0.1]:${lab?.port} ${sshHostKey}\n`, { append: true });
      const inner = ["-J", "gw", "-p", String(lab?.port), "anybody@127.0.0.1"];
      deepStrictEqual(await ssh([...inner, "echo inside; exit 4"]), {
        code: 4,
        stdout: "inside\n",
        stderr: "",
      });
      strictEqual((await ssh([...inner, "reboot"])).code, 126);
    },
  );

  await scenario(test, rig, "many channels share one connection", async () => {
    const master = ["-S", `${folder}/master`];
    const running = await client.start(["-MN", ...master, "gw"]);
    await waitFor(`${folder}/master`);
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, at) => ssh([...master, "gw", `sleep 0.3; exit ${at}`])),
    );
    deepStrictEqual(results.map(({ code }) => code), Array.from({ length: 12 }, (_, at) => at));
    await ssh([...master, "-O", "exit", "gw"]);
    await running.finished;
  });

  await scenario(test, rig, "keys are exchanged anew while bytes flow", async () => {
    const rekey = ["-o", "RekeyLimit=64K", "gw"];
    const { code, stdout } = await ssh([...rekey, "head -c 1000000 /dev/zero | tr '\\0' a"]);
    deepStrictEqual([code, stdout.length], [0, 1_000_000]);
    strictEqual((await ssh([...rekey, "wc -c"], "x".repeat(500_000))).stdout, "500000\n");
  });

  await scenario(test, rig, "a shell: typed, drawn from history, forbidden, left", async () => {
    const shell = await client.terminal(["gw"]);
    await printed(shell, /lab:~\$ /);
    await shell.type("echo typed-$((40 + 2))\r");
    await printed(shell, /typed-42/);
    await shell.type("reboot\r");
    await printed(shell, /test-no-reboot/);
    await shell.type("echo again-$((1 + 1))\r");
    await printed(shell, /again-2/);
    // Echo is off before anybody is asked.
    const asks = "printf 'P''IN: '; read -r pin; stty echo; echo len-${#pin}";
    await shell.type(`stty -echo; ${asks}\r`);
    await printed(shell, /PIN: /);
    await shell.type("hunter2\r");
    await printed(shell, /len-7/);
    await shell.type("exit 5\r");
    strictEqual((await shell.finished).code, 5);
    const said = await linesSaid(rig);
    ok(said.some((line) => line.includes("typed-")));
    ok(said.includes("hidden_line 7"), said.join("\n"));
    ok(!said.some((line) => line.includes("hunter2")));
  });

  await scenario(test, rig, "a shell without a terminal reads lines", async () => {
    const { code, stdout, stderr } = await ssh(
      ["-T", "gw"],
      "echo one\nreboot\necho two; exit 3\n",
    );
    deepStrictEqual([code, stdout], [3, "one\ntwo\n"]);
    match(stderr, /test-no-reboot/);
  });
});

/** A file that holds what detectors find. */
async function plant({ system }: Rig): Promise<void> {
  const { lab } = system;
  if (lab === null) throw new Error("the lab does not run");
  // Those numbers were never given out: what is beside them says what they are.
  const lines = plantedForNobody.map((value) => `SSN ${value}\n`).join("");
  await Deno.writeTextFile(`${lab.home}/planted.txt`, lines);
  await Deno.writeTextFile(`${lab.home}/forbidden.txt`, "not for you\n");
}

function echoServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const socket of listener) {
      socket.readable.pipeTo(socket.writable).catch(() => undefined);
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => undefined);
    },
  };
}

async function waitFor(path: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await Deno.stat(path).catch(() => null) !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${path} does not appear`);
}

/** Of millions of bytes a difference is not shown one by one. */
function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
