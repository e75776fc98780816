/**
 * Makes Ed25519 key pairs as OpenSSH writes them (PROTOCOL.key of OpenSSH).
 *
 * @example
 * ```ts
 * import { newSshKeyPair } from "#deploy/machine/ssh_key.ts";
 * import { ok } from "node:assert/strict";
 * ok((await newSshKeyPair("gateway")).publicKey.startsWith("ssh-ed25519 AAAA"));
 * ```
 * @module
 */
import { Writer } from "#schemas/wire/cursor.ts";

export type SshKeyPair = {
  /** The text of a private key file, without a passphrase. */
  readonly privateKey: string;
  /** One line: type, key, comment. */
  readonly publicKey: string;
};

const type = "ssh-ed25519";

/** Makes a new key pair. `comment` is a name for people. */
export async function newSshKeyPair(comment: string): Promise<SshKeyPair> {
  const extractable = true;
  const pair = await crypto.subtle.generateKey("Ed25519", extractable, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("Cannot make a key pair: no private key came");
  const publicBytes = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  // RFC 8410 section 7: the seed stands last.
  const seed = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)).slice(-32);
  const blob = publicBlob(publicBytes);
  return {
    privateKey: privateText(blob, seed, publicBytes, comment),
    publicKey: `${type} ${blob.toBase64()} ${comment}`,
  };
}

function publicBlob(publicBytes: Uint8Array): Uint8Array {
  const writer = new Writer();
  text(writer, type);
  bytes(writer, publicBytes);
  return writer.bytes();
}

function privateText(
  blob: Uint8Array,
  seed: Uint8Array,
  publicBytes: Uint8Array,
  comment: string,
): string {
  const secret = new Writer();
  const [check = 0] = crypto.getRandomValues(new Int32Array(1));
  secret.int32(check).int32(check);
  text(secret, type);
  bytes(secret, publicBytes);
  bytes(secret, Uint8Array.from([...seed, ...publicBytes]));
  text(secret, comment);
  for (let pad = 1; secret.length % 8 !== 0; pad++) secret.uint8(pad);
  const file = new Writer();
  file.raw(new TextEncoder().encode("openssh-key-v1\0"));
  text(file, "none");
  text(file, "none");
  text(file, "");
  file.int32(1);
  bytes(file, blob);
  bytes(file, secret.bytes());
  const lines = file.bytes().toBase64().match(/.{1,70}/g) ?? [];
  const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} OPENSSH PRIVATE KEY-----`);
  return [begin, ...lines, end, ""].join("\n");
}

function text(writer: Writer, value: string): void {
  bytes(writer, new TextEncoder().encode(value));
}

function bytes(writer: Writer, value: Uint8Array): void {
  writer.int32(value.length).raw(value);
}
