import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { Writer } from "#schemas/wire/cursor.ts";
import { frontendBytes } from "#schemas/wire/postgres/frontend.ts";
import { encodeStartupPacket, type StartupPacket } from "#schemas/wire/postgres/startup_message.ts";
import { edgeLimits } from "./limits.ts";
import { Startup, type StartupStep } from "./startup.ts";

const plain = false;
const encrypted = true;
const ssl = packet({ kind: "ssl_request" });
const hello = startup({ user: "ana", database: "ehr" });

function packet(what: StartupPacket): Uint8Array {
  return encodeStartupPacket(what, new Writer()).bytes();
}
function startup(parameters: Record<string, string>, minor = 0): Uint8Array {
  const all = new Map(Object.entries(parameters));
  return packet({ kind: "startup_message", minor, parameters: all, options: new Map() });
}
function kinds(steps: readonly StartupStep[]): string[] {
  return steps.map(({ kind }) => kind);
}
function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("SSLRequest is answered with S and an upgrade, GSSENCRequest with N", () => {
  const begin = new Startup(edgeLimits, plain);
  deepStrictEqual(begin.receive(packet({ kind: "gssenc_request" })), [
    { kind: "write", bytes: Uint8Array.of(0x4e) },
  ]);
  deepStrictEqual(kinds(begin.receive(ssl)), ["write", "upgrade_tls"]);
});

Deno.test("bytes stuffed behind SSLRequest end the connection", () => {
  deepStrictEqual(
    kinds(new Startup(edgeLimits, plain).receive(joined(ssl, hello))),
    ["write", "close"],
  );
  const later = new Startup(edgeLimits, plain);
  later.receive(ssl);
  deepStrictEqual(kinds(later.receive(hello)), ["write", "close"]);
});

Deno.test("no password is asked for without TLS", () => {
  const steps = new Startup(edgeLimits, plain).receive(hello);
  deepStrictEqual(kinds(steps), ["write", "close"]);
  const [words] = steps;
  const text = words?.kind === "write" ? new TextDecoder().decode(words.bytes) : "";
  ok(text.includes("28000") && text.includes("TLS is required"));
});

Deno.test("under TLS a password is asked for and given on, with what came behind it", () => {
  const begin = new Startup(edgeLimits, encrypted);
  deepStrictEqual(kinds(begin.receive(hello)), ["write"]);
  const query = frontendBytes({ kind: "query", text: "select 1" });
  const password = frontendBytes({ kind: "password", password: "token" });
  const [step] = begin.receive(joined(password, query));
  equal(step?.kind === "authenticate" && step.token, "token");
  deepStrictEqual(step?.kind === "authenticate" ? step.rest : null, query);
});

Deno.test("it is the same byte by byte", () => {
  const begin = new Startup(edgeLimits, encrypted);
  const bytes = joined(hello, frontendBytes({ kind: "password", password: "token" }));
  const steps = [...bytes].flatMap((byte) => begin.receive(Uint8Array.of(byte)));
  deepStrictEqual(kinds(steps), ["write", "authenticate"]);
});

Deno.test("a newer minor version is negotiated, replication is refused", () => {
  deepStrictEqual(
    kinds(new Startup(edgeLimits, encrypted).receive(startup({ user: "ana" }, 9))),
    ["write", "write"],
  );
  const replication = startup({ user: "ana", replication: "true" });
  deepStrictEqual(
    kinds(new Startup(edgeLimits, encrypted).receive(replication)),
    ["write", "close"],
  );
});

Deno.test("TLS from the first byte is TLS, and only the first byte", () => {
  const begin = new Startup(edgeLimits, plain);
  const clientHello = Uint8Array.of(0x16, 3, 1, 2);
  deepStrictEqual(begin.receive(clientHello), [{ kind: "upgrade_tls", hello: clientHello }]);
  deepStrictEqual(kinds(begin.receive(hello)), ["write", "close"], "bytes beside TLS");
  const inside = new Startup(edgeLimits, encrypted);
  deepStrictEqual(kinds(inside.receive(clientHello)), ["write", "close"]);
  const later = new Startup(edgeLimits, plain);
  later.receive(packet({ kind: "gssenc_request" }));
  deepStrictEqual(kinds(later.receive(clientHello)), ["write", "close"]);
});

Deno.test("replication=false is no replication, and is not passed on", () => {
  const begin = new Startup(edgeLimits, encrypted);
  deepStrictEqual(kinds(begin.receive(startup({ user: "ana", replication: "off" }))), ["write"]);
  const [step] = begin.receive(frontendBytes({ kind: "password", password: "token" }));
  ok(step?.kind === "authenticate" && !step.message.parameters.has("replication"));
});

Deno.test("a CancelRequest is handed on and the connection closed", () => {
  const secretKey = Uint8Array.of(1, 2, 3, 4);
  const steps = new Startup(edgeLimits, plain).receive(
    packet({ kind: "cancel_request", processId: 7, secretKey }),
  );
  deepStrictEqual(kinds(steps), ["cancel", "close"]);
});

Deno.test("what is no packet, and a password over the limit, are refused in words", () => {
  for (const bytes of [new Uint8Array(64).fill(0xff), new TextEncoder().encode("GET / HTTP/1.1")]) {
    deepStrictEqual(kinds(new Startup(edgeLimits, plain).receive(bytes)), ["write", "close"]);
  }
  const begin = new Startup(edgeLimits, encrypted);
  begin.receive(hello);
  const steps = begin.receive(Uint8Array.of(0x70, 0x7f, 0, 0, 0));
  deepStrictEqual(kinds(steps), ["write", "close"]);
});
