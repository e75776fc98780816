/**
 * Clients that run one statement and count what comes: one of our own that does nothing else, so
 * that what is measured is not the client, and psql, which formats rows at a whole core.
 *
 * @module
 */
import { dial } from "#actors/target/dial.ts";
import { targetLimits } from "#actors/target/limits.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import type { Target } from "./tools.ts";

export type Throughput = {
  /** Megabytes (10^6) a second, from the statement's sending to its last byte. */
  readonly rate: number;
  readonly bytes: number;
};

/** Longer than CommandComplete and ReadyForQuery together. */
const tailCharacters = 64;
/** ReadyForQuery outside a transaction. Text has no zero bytes, so rows never end like it. */
const ready = "Z\0\0\0\x05I";
const isComplete = /(SELECT|COPY) \d+\0$/;

/** The bytes of a response on the wire, over TLS. @throws Error when the statement fails. */
export function countedByWire(target: Target, caPem: string, text: string): Promise<Throughput> {
  const endpoint = { ...target, tls: { ca: caPem, serverName: "localhost" } };
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let startedMs = 0;
    let tail = "";
    let hangUp = () => {};
    dial(endpoint, {}, targetLimits, {
      failed: (sqlstate, reason) => reject(new Error(`Cannot connect: ${sqlstate} ${reason}`)),
      ready(upstream) {
        hangUp = upstream.hangUp;
        startedMs = performance.now();
        upstream.write(frontendBytes({ kind: "query", text }));
      },
      received(chunk) {
        bytes += chunk.length;
        tail = tailOf(tail, chunk);
        if (!tail.endsWith(ready)) return;
        const seconds = (performance.now() - startedMs) / 1000;
        hangUp();
        const tag = tail.slice(0, -ready.length);
        if (isComplete.test(tag)) resolve({ rate: bytes / 1e6 / seconds, bytes });
        else reject(new Error(`Cannot measure: the statement failed after ${bytes} bytes`));
      },
      closed: () => reject(new Error("Cannot measure: the connection was closed")),
    });
  });
}

/** The last bytes of what came, a character each. */
function tailOf(before: string, chunk: Uint8Array): string {
  const end = String.fromCharCode(...chunk.subarray(-tailCharacters));
  return (before + end).slice(-tailCharacters);
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
