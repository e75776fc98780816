/**
 * Clients that run one statement and count what comes: one of our own that does nothing else, so
 * that what is measured is not the client, and psql, which formats rows at a whole core.
 *
 * @module
 */
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import type { Target } from "./tools.ts";
import { connectWire } from "./wire_client.ts";

export type Throughput = {
  /** Megabytes (10^6) a second, from the statement's sending to its last byte. */
  readonly rate: number;
  readonly bytes: number;
};

/** The bytes of a response on the wire, over TLS. @throws Error when the statement fails. */
export async function countedByWire(
  target: Target,
  caPem: string,
  text: string,
): Promise<Throughput> {
  const client = await connectWire(target, caPem);
  const { bytes, wholeMs } = await client.exchange(frontendBytes({ kind: "query", text }));
  client.hangUp();
  return { rate: bytes / 1e3 / wholeMs, bytes };
}

/** The bytes that psql prints. @throws Error when the statement fails. */
export async function countedByPsql(target: Target, text: string): Promise<Throughput> {
  const command = new Deno.Command("psql", {
    args: ["-X", "-q", "-A", "-t", "-h", target.host, "-p", String(target.port), "-U", target.user]
      .concat(["-v", "FETCH_COUNT=0", "-c", text, target.database]),
    env: { PGPASSWORD: target.password, PGSSLMODE: "require" },
    stdout: "piped",
    stderr: "piped",
  });
  const started = performance.now();
  const child = command.spawn();
  let bytes = 0;
  const problem = new Response(child.stderr).text();
  for await (const chunk of child.stdout) bytes += chunk.length;
  const { success } = await child.status;
  if (!success) throw new Error(`psql failed: ${(await problem).slice(0, 500)}`);
  await problem;
  const seconds = (performance.now() - started) / 1000;
  return { rate: bytes / 1e6 / seconds, bytes };
}
