/** Ports for servers that are started a while after they were chosen. */
import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { freePort, freePorts, reserve } from "#deploy/machine/free_port.ts";
import { runTool } from "#deploy/machine/process.ts";

Deno.test("a port is given once as long as who asked for it lives", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sallyport-real-" });
  try {
    ok(reserve(17_001, folder));
    ok(!reserve(17_001, folder), "it is ours, and a second server of ours is another");
    await Deno.writeTextFile(`${folder}/17002`, String(Deno.ppid));
    ok(!reserve(17_002, folder), "who asked for it lives");
    const { stdout } = await runTool("sh", ["-c", "echo $$"], { waitMs: 5_000 });
    await Deno.writeTextFile(`${folder}/17003`, stdout.trim());
    ok(reserve(17_003, folder), "who asked for it is gone");
    equal(await Deno.readTextFile(`${folder}/17003`), String(Deno.pid));
    await Deno.writeTextFile(`${folder}/17004`, "");
    ok(!reserve(17_004, folder), "it is being written");
    ok(!reserve(17_005, `${folder}/17003`), "there is no such folder");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("no port is given twice, by any number of askers side by side", () => {
  const ports = [...freePorts(50), ...Array.from({ length: 50 }, freePort)];
  equal(new Set(ports).size, ports.length);
  for (const port of ports) Deno.listen({ hostname: "127.0.0.1", port }).close();
  deepStrictEqual(ports.filter((port) => port < 1024), []);
});
