import { match, ok } from "node:assert/strict";
import { newSshKeyPair } from "./ssh_key.ts";

Deno.test("newSshKeyPair() writes both halves as OpenSSH does", async () => {
  const { privateKey, publicKey } = await newSshKeyPair("gateway");
  match(publicKey, /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43} gateway$/);
  const body = privateKey.split("\n").slice(1, -2).join("");
  const bytes = Uint8Array.fromBase64(body);
  ok(new TextDecoder().decode(bytes.subarray(0, 15)) === "openssh-key-v1\0");
  const blob = publicKey.split(" ")[1] ?? "";
  ok(bytes.toHex().includes(Uint8Array.fromBase64(blob).toHex()));
});
