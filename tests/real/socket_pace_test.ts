/**
 * Sockets under TLS: what the runtime must do for `socket_pace.ts` to hold, and what an agent's
 * connection makes of what the runtime does not do.
 *
 * @module
 */
import { deepEqual, ok } from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { paceOf } from "#actors/_kit/socket_pace.ts";
import { agentConnection } from "#actors/edge_postgres/serve.ts";
import { tlsGate } from "#actors/edge_postgres/tls_gate.ts";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";
import { eventually } from "./support.ts";

const mebibyte = 1024 * 1024;

Deno.test("a paused TLS socket leaves its bytes to the network, on either side", async () => {
  await using certified = await certify();
  const gate = tlsGate(certified);
  const accepted = Promise.withResolvers<{ raw: Socket; secure: TLSSocket }>();
  await using agent = await connectAgent(certified, (raw) => {
    gate.upgrade(raw).then((secure) => accepted.resolve({ raw, secure }), accepted.reject);
  });
  const inner = await accepted.promise;
  await floods(agent.secure, inner.secure, inner.raw);
  await floods(inner.secure, agent.secure, agent.raw);
  inner.secure.destroy();
});

Deno.test("what an agent is sent behind an empty part reaches it", async () => {
  await using certified = await certify();
  const gate = tlsGate(certified);
  const accepted = Promise.withResolvers<ReturnType<typeof agentConnection>>();
  await using agent = await connectAgent(certified, (raw) => {
    const connection = agentConnection(raw, gate);
    connection.upgrade(null).then(() => accepted.resolve(connection), accepted.reject);
  });
  const connection = await accepted.promise;
  let received = 0;
  agent.secure.on("data", (chunk: Uint8Array) => received += chunk.length);
  let sent = 0;
  const taken: string[] = [];
  const send = (bytes: number, name: string) => {
    sent += bytes;
    connection.write(new Uint8Array(bytes), () => taken.push(name));
  };
  send(0, "before anything");
  // More than the network holds, so that the empty part waits alone behind it.
  const pace = paceOf(agent.raw);
  pace.pause();
  send(16 * mebibyte, "a row");
  send(0, "behind it");
  pace.resume();
  const arrived = () => received === sent || undefined;
  await eventually("all before it has come", arrived);
  send(10, "the end");
  await eventually("what is behind it has come", arrived);
  deepEqual(taken, ["before anything", "a row", "behind it", "the end"]);
  connection.destroy();
});

type Certified = AsyncDisposable & {
  readonly cert: string;
  readonly key: string;
  readonly authority: string;
};

/** A certificate for localhost. */
async function certify(): Promise<Certified> {
  const directory = await Deno.makeTempDir();
  const authority = await ensureAuthority({ directory, say: () => {} });
  const files = await issueCertificate({ authority, directory, name: "server" });
  const cert = await Deno.readTextFile(files.certFile);
  const key = await Deno.readTextFile(files.keyFile);
  const remove = () => Deno.remove(directory, { recursive: true });
  return { cert, key, authority: authority.certPem, [Symbol.asyncDispose]: remove };
}

/** Opens TLS to a server that gives its only connection to `accept`. */
async function connectAgent(
  certified: Certified,
  accept: (raw: Socket) => void,
): Promise<AsyncDisposable & { readonly raw: Socket; readonly secure: TLSSocket }> {
  const server = createServer(accept);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const raw = connect({ host: "127.0.0.1", port: address.port });
  await new Promise<void>((resolve) => raw.once("connect", resolve));
  const ca = [certified.authority];
  const secure = connectTls({ socket: raw, servername: "localhost", ca });
  await new Promise<void>((resolve) => secure.once("secureConnect", resolve));
  return {
    raw,
    secure,
    async [Symbol.asyncDispose]() {
      secure.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Sends 64 MiB to a paused reader; all but what the network holds stays with the sender. */
async function floods(from: TLSSocket, to: TLSSocket, tcp: Socket): Promise<void> {
  const pace = paceOf(tcp);
  let received = 0;
  const count = (chunk: Uint8Array) => received += chunk.length;
  to.on("data", count);
  pace.pause();
  const total = 64 * mebibyte;
  for (let sent = 0; sent < total; sent += mebibyte) from.write(new Uint8Array(mebibyte));
  await new Promise((resolve) => setTimeout(resolve, 500));
  ok(received < 16 * mebibyte, `${received} bytes came through a paused socket`);
  ok(from.writableLength > 32 * mebibyte, "the sender still holds most of it");
  pace.resume();
  while (received < total) await new Promise((resolve) => setTimeout(resolve, 20));
  to.off("data", count);
}
