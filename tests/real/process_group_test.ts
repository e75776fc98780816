import { ok, strictEqual } from "node:assert/strict";
import { startGroup } from "#tests/process_group.ts";
import { eventually } from "./support.ts";

Deno.test("a group ends with what its first process started, also with what will not", async () => {
  const script = `sleep 1000 & echo $!; sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' &
wait`;
  const { child, end } = startGroup("sh", { args: ["-c", script], stdout: "piped" }, 500);
  let text = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const pids = await eventually("both have said who they are", async () => {
    const { value = "" } = await reader.read();
    text += value;
    const found = text.trim().split("\n").map(Number);
    return found.length === 2 ? found : undefined;
  });
  ok(await isAnyAlive(pids));
  await end();
  await end();
  strictEqual((await child.status).signal, "SIGTERM");
  await eventually("nobody is left", async () => await isAnyAlive(pids) ? undefined : "gone");
  await reader.cancel();
});

/** A process that has ended and that nobody waits for is not alive. */
async function isAnyAlive(pids: readonly number[]): Promise<boolean> {
  const args = ["-o", "stat=", "-p", pids.join()];
  const { stdout } = await new Deno.Command("ps", { args, stderr: "null" }).output();
  const states = new TextDecoder().decode(stdout).split("\n");
  return states.some((state) => state !== "" && !state.startsWith("Z"));
}
