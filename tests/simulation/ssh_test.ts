/** Commands, shells, sftp and forwardings through the whole system, in calm and under faults. */
import { ok } from "node:assert/strict";
import { runSsh, summary } from "./runs.ts";

Deno.test("SSH in calm: every command, shell, file and tunnel is served or refused", async () => {
  const seen: Record<string, number> = {};
  for (const seed of [1, 2]) {
    const result = await runSsh(seed, "calm");
    if (result.findings.length > 0) throw new Error(summary(seed, result));
    for (const [name, count] of Object.entries(result.counts)) {
      seen[name] = (seen[name] ?? 0) + count;
    }
  }
  const kinds = ["exec", "shell", "sftp", "forward"].map((kind) => `SSH ${kind} answered`);
  for (const name of [...kinds, "SSH answered", "SSH denied", "SSH vanished", "executed"]) {
    ok((seen[name] ?? 0) > 0, `${name}: ${JSON.stringify(seen)}`);
  }
  ok((seen["SSH failed"] ?? 0) === 0, `nothing fails by itself: ${JSON.stringify(seen)}`);
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`SSH under faults: seed ${seed}`, async () => {
    const result = await runSsh(seed, "faults");
    if (result.findings.length > 0) throw new Error(summary(seed, result));
    ok((result.counts["SSH answered"] ?? 0) > 0, JSON.stringify(result.counts));
  });
}
