/**
 * Ed25519 keys of signed notes: the verifier key `<name>+<key id>+<base64 of type and key>`
 * (c2sp.org/signed-note) and the private form of golang.org/x/mod/sumdb/note,
 * `PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>`.
 *
 * **Invariant:** a key parses only if its id is the hash of its name, type and public key, so that
 * a mistyped name or key is found when it is read and not when a log is disputed.
 *
 * @module
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { joinBytes } from "#schemas/join_bytes.ts";
import { decodeBase64 } from "./bytes.ts";

/** Signature type identifier of plain Ed25519 (c2sp.org/signed-note, signature types). */
const ed25519Type = 0x01;
const seedBytes = 32;
/** Base64 characters of a type byte and a key or seed. */
const encodedLength = 44;
/** DER of a PKCS #8 Ed25519 private key up to its seed (RFC 8410 section 7). */
const privatePrefix = Uint8Array.fromHex("302e020100300506032b657004220420");

export type Verifier = {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly keyId: string;
  /** The text form, `<name>+<key id>+<key>`. */
  readonly vkey: string;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
};
export type Signer = {
  readonly name: string;
  readonly keyId: string;
  readonly vkey: string;
  sign(message: Uint8Array): Uint8Array;
};

/** Says whether `name` may name a key: not empty, no Unicode space, no plus, no control. */
export function isKeyName(name: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  return name.length > 0 && name.isWellFormed() && !/[\s\u0085+\u0000-\u001f\u007f]/u.test(name);
}

/** Parses a verifier key; null when it is malformed, of another type, or its id is not its own. */
export function parseVerifier(vkey: string): Verifier | null {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  const [, name, keyId, encoded] = match ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined) return null;
  const bytes = decodeBase64(encoded);
  if (bytes === null || bytes.length !== 33 || bytes[0] !== ed25519Type) return null;
  if (!isKeyName(name) || keyIdOf(name, bytes) !== keyId) return null;
  return verifierOf(name, bytes.subarray(1));
}

/** Parses a private key (one line, as in a key file); null when it is malformed. */
export function parseSigner(skey: string): Signer | null {
  const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(skey);
  const [, name, keyId, encoded] = match ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined) return null;
  const bytes = decodeBase64(encoded);
  if (bytes === null || bytes.length !== 1 + seedBytes || bytes[0] !== ed25519Type) return null;
  if (!isKeyName(name)) return null;
  const made = signerOf(name, bytes.subarray(1));
  return made.signer.keyId === keyId ? made.signer : null;
}

/**
 * The signer of a name and seed, and its text form for a key file. The same seed under another name
 * is another key, with another id: so one key file serves a log per epoch.
 * @throws RangeError when the name may not name a key or the seed is not 32 bytes.
 */
export function signerOf(name: string, seed: Uint8Array): { signer: Signer; skey: string } {
  if (!isKeyName(name)) throw new RangeError("Cannot make a key: its name is not a key name");
  if (seed.length !== seedBytes) throw new RangeError("Cannot make a key: seed is not 32 bytes");
  const der = joinBytes([privatePrefix, seed]).toBase64();
  // PEM of RFC 7468: a PKCS #8 Ed25519 key is short enough for one line.
  const key = createPrivateKey(`-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`);
  const { x } = createPublicKey(key).export({ format: "jwk" });
  const publicKey = Uint8Array.fromBase64(x ?? "", { alphabet: "base64url" });
  const { keyId, vkey } = verifierOf(name, publicKey);
  const encoded = joinBytes([Uint8Array.of(ed25519Type), seed]).toBase64();
  return {
    signer: { name, keyId, vkey, sign: (message) => new Uint8Array(sign(null, message, key)) },
    skey: `PRIVATE+KEY+${name}+${keyId}+${encoded}`,
  };
}

/** The same key under another name; null when `vkey` does not parse or `name` is no key name. */
export function renameVerifier(vkey: string, name: string): Verifier | null {
  if (parseVerifier(vkey) === null || !isKeyName(name)) return null;
  const bytes = decodeBase64(vkey.slice(-encodedLength));
  return bytes === null ? null : verifierOf(name, bytes.subarray(1));
}

/** The same private key under another name; null when it does not parse. */
export function renameSigner(skey: string, name: string): Signer | null {
  if (parseSigner(skey) === null || !isKeyName(name)) return null;
  const bytes = decodeBase64(skey.slice(-encodedLength));
  return bytes === null ? null : signerOf(name, bytes.subarray(1)).signer;
}

function verifierOf(name: string, publicKey: Uint8Array): Verifier {
  const bytes = joinBytes([Uint8Array.of(ed25519Type), publicKey]);
  const keyId = keyIdOf(name, bytes);
  const key = ed25519Key(publicKey);
  return {
    name,
    keyId,
    vkey: `${name}+${keyId}+${bytes.toBase64()}`,
    verify: (message, signature) =>
      signature.length === 64 && verify(null, message, key, signature),
  };
}

function ed25519Key(publicKey: Uint8Array): KeyObject {
  const x = publicKey.toBase64({ alphabet: "base64url", omitPadding: true });
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** SHA-256(name || 0x0A || type || key), its first four bytes. */
function keyIdOf(name: string, typeAndKey: Uint8Array): string {
  const hash = createHash("sha256").update(`${name}\n`).update(typeAndKey);
  return hash.digest("hex").slice(0, 8);
}
