/** Processes: ready lines, logs of bounded size, and an end for those that do not want one. */
import assert from "node:assert/strict";
import { findOnPath, runTool, startProcess } from "#deploy/machine/process.ts";

const shell = (script: string) => ({ name: "test", command: "sh", args: ["-c", script] });

Deno.test("startProcess() waits for the ready line and stops by pid", async () => {
  const lines: string[] = [];
  const running = await startProcess({
    ...shell("echo one; echo now ready; exec sleep 60"),
    ready: /^now ready$/,
    onLine: (line) => lines.push(line),
  });
  assert.deepEqual(lines, ["one", "now ready"]);
  await running.stop();
  assert.equal((await running.exited).signal, "SIGTERM");
  await running.stop();
});

Deno.test("stop() ends with SIGKILL what ignores the polite signal", async () => {
  const running = await startProcess({
    ...shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"),
    ready: /^ready$/,
    stopWaitMs: 100,
  });
  await running.stop();
  assert.equal((await running.exited).signal, "SIGKILL");
});

Deno.test("startProcess() fails with the last lines of what ended or is late", async () => {
  await assert.rejects(
    startProcess({ ...shell("echo no luck >&2; exit 3"), ready: /never/ }),
    /test ended with code 3[^]*no luck/,
  );
  await assert.rejects(
    startProcess({ ...shell("echo idle; exec sleep 60"), ready: /never/, readyWaitMs: 2000 }),
    /test is not ready after 2000 ms[^]*idle/,
  );
});

Deno.test("a log keeps one older file and never passes its bound, however it is written", async () => {
  const slowly = "for i in 1 2 3 4 5 6 7 8; do printf '%01000d\\n' $i; sleep 0.01; done";
  const atOnce = "printf '%01000d\\n' 1 2 3 4 5 6 7 8";
  for (const script of [slowly, atOnce]) {
    const directory = await Deno.makeTempDir();
    const logFile = `${directory}/test.log`;
    try {
      const running = await startProcess({ ...shell(script), logFile, logBytesMax: 3000 });
      assert.equal((await running.exited).code, 0);
      const names = [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
      assert.deepEqual(names, ["test.log", "test.log.1"]);
      for (const name of names) {
        const info = await Deno.stat(`${directory}/${name}`);
        assert.ok(info.size <= 3000, `${info.size} bytes in ${name}`);
        assert.equal((info.mode ?? 0) & 0o777, 0o600);
      }
      assert.match(await Deno.readTextFile(logFile), /8\n$/);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
});

Deno.test("startProcess() ends what a killed run left behind, and nothing else", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/server.pid`;
  const script = `echo ready; exec sleep 60 # ${directory}/private`;
  const spawned = (text: string) =>
    new Deno.Command("sh", { args: ["-c", text], stdout: "null" }).spawn();
  try {
    // As a run leaves it that was killed: the process runs, and its id is on file.
    const left = spawned(`while :; do sleep 1; done # ${directory}/private`);
    const pidFile = { path, serves: `${directory}/private` };
    const starter = spawned("while :; do sleep 1; done");
    await Deno.writeTextFile(path, `${left.pid}\n${starter.pid}\n`);
    await assert.rejects(startProcess({ ...shell(script), pidFile }), /in use by another run/);
    starter.kill("SIGKILL");
    await starter.status;
    const running = await startProcess({ ...shell(script), ready: /^ready$/, pidFile });
    assert.equal((await left.status).signal, "SIGTERM");
    assert.equal(await Deno.readTextFile(path), `${running.pid}\n${Deno.pid}\n`);
    await running.stop();
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    // The id has since gone to a program that serves something else.
    const other = spawned("while :; do sleep 1; done");
    await Deno.writeTextFile(path, `${other.pid}\n${Deno.pid}\n`);
    await (await startProcess({ ...shell(script), ready: /^ready$/, pidFile })).stop();
    other.kill("SIGKILL");
    assert.equal((await other.status).signal, "SIGKILL");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("runTool() returns failures and stops what takes too long", async () => {
  const failed = await runTool("sh", ["-c", "echo out; echo err >&2; exit 4"]);
  assert.deepEqual(failed, { success: false, code: 4, stdout: "out\n", stderr: "err\n" });
  assert.equal((await runTool("no-such-program", [])).code, 127);
  const late = await runTool("sleep", ["60"], { waitMs: 100 });
  assert.match(late.stderr, /stopped after 100 ms/);
  assert.equal(await findOnPath("no-such-program"), null);
  assert.match(await findOnPath("sh") ?? "", /\/sh$/);
});
