/** A login as its server sees it: what it is bound to, and what is handed on. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { noticeResponse } from "#schemas/wire/postgres/error_response.ts";
import { type Channel, Login, type LoginStep } from "./login.ts";

const credentials = { user: "gate", database: "ehr", password: "secret" };
const limits = { greetingBytesMax: 10_000, iterationsMax: 10_000 };
const binding = Uint8Array.of(1, 2, 3);
const both = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"];

Deno.test("a login is bound to the certificate where the server can", () => {
  const bound = scram({ encrypted: true, binding }, both);
  strictEqual(bound.mechanism, "SCRAM-SHA-256-PLUS");
  strictEqual(bound.header, "p=tls-server-end-point,,");
  deepStrictEqual(bound.boundTo, Buffer.concat([Buffer.from(bound.header), binding]));
  strictEqual(bound.end.kind, "ready");
});

Deno.test("a server that offers no binding is told that we could", () => {
  const offered = scram({ encrypted: true, binding }, ["SCRAM-SHA-256"]);
  deepStrictEqual([offered.mechanism, offered.header], ["SCRAM-SHA-256", "y,,"]);
  strictEqual(offered.boundTo.toString(), "y,,");
  const plain = scram({ encrypted: false, binding: null }, both);
  deepStrictEqual([plain.mechanism, plain.header], ["SCRAM-SHA-256", "n,,"]);
  strictEqual(plain.end.kind, "ready");
});

Deno.test("what a login trigger says, and what comes behind the greeting, is handed on", () => {
  const greeting = backendBytes(
    { kind: "parameter_status", name: "in_hot_standby", value: "off" },
    { kind: "backend_key_data", processId: 4711, secretKey: new Uint8Array(4) },
    noticeResponse({ severity: "NOTICE", sqlstate: "00000", message: "welcome" }),
    { kind: "ready_for_query", status: "idle" },
    { kind: "parameter_status", name: "in_hot_standby", value: "on" },
  );
  // The server sends a secret that is not zero.
  const secret = Buffer.from(greeting);
  const key = secret.indexOf("K") + 9;
  secret[key + 3] = 99;
  const { end } = scram({ encrypted: true, binding }, both, secret);
  ok(end.kind === "ready");
  deepStrictEqual(Buffer.from(end.bytes), Buffer.from(greeting), "but for the key that cancels");
  deepStrictEqual([end.processId, [...end.secretKey]], [4711, [0, 0, 0, 99]]);
});

Deno.test("a server that does not prove itself is refused", () => {
  const { end } = scram({ encrypted: true, binding }, both, undefined, "another password");
  ok(end.kind === "failed");
  match(end.reason, /proof is wrong/);
});

Deno.test("a server that does not come to an end is let go", () => {
  const endless = backendBytes({ kind: "parameter_status", name: "x", value: "y".repeat(900) });
  for (const bytes of [endless, backendBytes({ kind: "authentication_ok" })]) {
    const login = new Login(credentials, "nonce", { encrypted: true, binding }, limits);
    const steps = Array.from({ length: 2000 }).flatMap(() => login.receive(bytes));
    match(steps[0]?.kind === "failed" ? steps[0].reason : "", /too much/);
  }
  const login = new Login(credentials, "nonce", { encrypted: true, binding }, limits);
  const [step] = login.receive(Uint8Array.of(0x53, 0, 0x10, 0, 0));
  strictEqual(step?.kind, "failed", "one message is as long");
});

/** Plays the server of RFC 5802. */
function scram(
  channel: Channel,
  mechanisms: readonly string[],
  greeting = backendBytes({ kind: "ready_for_query", status: "idle" }),
  password = credentials.password,
) {
  const login = new Login(credentials, "client-nonce", channel, limits);
  login.start({});
  const offer = backendBytes({ kind: "authentication_sasl", mechanisms: [...mechanisms] });
  const first = textOf(sent(login.receive(offer)[0]).subarray(5));
  const [mechanism = ""] = first.split("\0");
  // Behind the name stand four bytes of length.
  const initial = first.slice(mechanism.length + 5);
  const header = initial.slice(0, initial.indexOf("n=,r="));

  const salt = Buffer.from("salt");
  const serverFirst = `r=client-nonce-and-servers,s=${salt.toString("base64")},i=4096`;
  const data = new TextEncoder().encode(serverFirst);
  const answer = login.receive(backendBytes({ kind: "authentication_sasl_continue", data }));
  const final = textOf(sent(answer[0]).subarray(5));
  const withoutProof = final.slice(0, final.indexOf(",p="));
  const boundTo = Buffer.from(/^c=([^,]+),/.exec(final)?.[1] ?? "", "base64");

  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const message = `${initial.slice(header.length)},${serverFirst},${withoutProof}`;
  const clientKey = hmac(salted, "Client Key");
  const signature = hmac(createHash("sha256").update(clientKey).digest(), message);
  if (password === credentials.password) {
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    strictEqual(final.slice(withoutProof.length + 3), proof.toString("base64"));
  }
  const proves = `v=${hmac(hmac(salted, "Server Key"), message).toString("base64")}`;
  const steps = login.receive(Buffer.concat([
    backendBytes({ kind: "authentication_sasl_final", data: new TextEncoder().encode(proves) }),
    backendBytes({ kind: "authentication_ok" }),
    greeting,
  ]));
  const end = steps.at(-1);
  ok(end !== undefined);
  return { mechanism, header, boundTo, end };
}

function sent(step: LoginStep | undefined): Uint8Array {
  ok(step?.kind === "send", step?.kind === "failed" ? step.reason : "nothing is sent");
  return step.bytes;
}
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
