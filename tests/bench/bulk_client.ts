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

const ready = [0x5a, 0, 0, 0, 5, 0x49];

/** The bytes of a response on the wire, over TLS. @throws Error when the statement fails. */
export function countedByWire(target: Target, caPem: string, text: string): Promise<Throughput> {
  const endpoint = { ...target, tls: { ca: caPem, serverName: "localhost" } };
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let startedMs = 0;
    let tail: Uint8Array = new Uint8Array(0);
    let hangUp = () => {};
    dial(endpoint, {}, targetLimits, {
      failed: (sqlstate, reason) => reject(new Error(`Cannot connect: ${sqlstate} ${reason}`)),
      ready(upstream) {
        hangUp = upstream.hangUp;
        startedMs = performance.now();
        upstream.write(frontendBytes({ kind: "query", text }));
      },
      received(chunk) {
        if (bytes === 0 && chunk[0] === 0x45) {
          reject(new Error("Cannot measure: the statement failed"));
          return hangUp();
        }
        bytes += chunk.length;
        tail = tailOf(tail, chunk);
        if (!endsReady(tail)) return;
        const seconds = (performance.now() - startedMs) / 1000;
        hangUp();
        resolve({ rate: bytes / 1e6 / seconds, bytes });
      },
      closed: () => reject(new Error("Cannot measure: the connection was closed")),
    });
  });
}

/**
 * Says of the newest bytes whether they end with ReadyForQuery outside a transaction. Text has no
 * zero bytes, so rows in text format never end like it.
 */
function endsReady(tail: Uint8Array): boolean {
  return tail.length === ready.length && ready.every((byte, index) => tail[index] === byte);
}

/** The last bytes of what came, as many as ReadyForQuery has. */
function tailOf(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length >= ready.length) return chunk.slice(-ready.length);
  return Uint8Array.of(...before, ...chunk).slice(-ready.length);
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
