/**
 * A paused socket under TLS is not read on: what the runtime must do for `socket_pace.ts` to hold.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { paceOf } from "#actors/_kit/socket_pace.ts";
import { tlsGate } from "#actors/edge_postgres/tls_gate.ts";
import { ensureAuthority, issueCertificate } from "#deploy/machine/certificates.ts";

const mebibyte = 1024 * 1024;

Deno.test("a paused TLS socket leaves its bytes to the network, on either side", async () => {
  const directory = await Deno.makeTempDir();
  const say = () => {};
  const authority = await ensureAuthority({ directory, say });
  const files = await issueCertificate({ authority, directory, name: "server" });
  const cert = await Deno.readTextFile(files.certFile);
  const key = await Deno.readTextFile(files.keyFile);
  const gate = tlsGate({ cert, key });
  const accepted = Promise.withResolvers<{ raw: Socket; secure: TLSSocket }>();
  const server = createServer((raw: Socket) => {
    gate.upgrade(raw).then((secure) => accepted.resolve({ raw, secure }), accepted.reject);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const raw = connect({ host: "127.0.0.1", port: address.port });
  await new Promise<void>((resolve) => raw.once("connect", resolve));
  const client = connectTls({ socket: raw, servername: "localhost", ca: [authority.certPem] });
  await new Promise<void>((resolve) => client.once("secureConnect", resolve));
  const inner = await accepted.promise;
  try {
    await floods(client, inner.secure, inner.raw);
    await floods(inner.secure, client, raw);
  } finally {
    client.destroy();
    inner.secure.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await Deno.remove(directory, { recursive: true });
  }
});

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
