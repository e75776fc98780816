/**
 * Makes the certificate authority of one machine and the certificates under it: ECDSA on P-256,
 * version 3, by RFC 5280. It serves the demo, the tests and the sockets between our own processes.
 *
 * **Invariant:** a private key is written with mode 0600 and nowhere else; a certificate made here
 * is good for the names it lists and cannot sign another.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import {
  bitString,
  booleanTrue,
  concat,
  element,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  unsignedInteger,
  utf8String,
} from "./der.ts";
import type { Say } from "./process.ts";

export type Authority = {
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificate as PEM text, for whoever must trust it. */
  readonly certPem: string;
};

/** PEM files of one certificate; `certFile` holds the leaf only, `caFile` the authority. */
export type CertificateFiles = {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
};

const oid = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
/** Keys are made to be written to files, so they can be exported. */
const extractable = true;
const dayMs = 86_400_000;

/** The authority in `<directory>/ca.{crt,key}`; made when missing or about to expire. */
export async function ensureAuthority(
  options: { readonly directory: string; readonly say: Say; readonly days?: number },
): Promise<Authority> {
  const { directory, days = 365 } = options;
  await Deno.mkdir(directory, { recursive: true });
  const files = { certFile: `${directory}/ca.crt`, keyFile: `${directory}/ca.key` };
  const kept = await Deno.readTextFile(files.certFile).catch(() => null);
  const hasKey = (await Deno.stat(files.keyFile).catch(() => null))?.isFile ?? false;
  if (kept !== null && hasKey && isFresh(kept)) return { ...files, certPem: kept };
  options.say("making a certificate authority for this machine");
  const keys = await crypto.subtle.generateKey(algorithm, extractable, ["sign", "verify"]);
  const certPem = await certificate({
    subject: "Sallyport local authority",
    issuer: "Sallyport local authority",
    subjectKey: keys.publicKey,
    issuerKeys: keys,
    days,
    extensions: [
      extension(oid.basicConstraints, sequence(booleanTrue(), unsignedInteger(Uint8Array.of(0))), {
        critical: true,
      }),
      // keyCertSign and cRLSign.
      extension(oid.keyUsage, bitString(Uint8Array.of(0x06), 1), { critical: true }),
    ],
  });
  await writePrivateKey(files.keyFile, keys.privateKey);
  await Deno.writeTextFile(files.certFile, certPem);
  return { ...files, certPem };
}

/**
 * A new certificate `<directory>/<name>.{crt,key}` for `localhost`, `127.0.0.1`, `::1` and the
 * given names. `usage` says which side of TLS it is for; a client's has its name as common name.
 */
export async function issueCertificate(
  options: {
    readonly authority: Authority;
    readonly directory: string;
    readonly name: string;
    readonly usage?: "server" | "client";
    readonly dnsNames?: readonly string[];
    readonly days?: number;
  },
): Promise<CertificateFiles> {
  const { authority, directory, name, usage = "server", days = 90 } = options;
  await Deno.mkdir(directory, { recursive: true });
  const issuerKeys = await readKeyPair(authority);
  const keys = await crypto.subtle.generateKey(algorithm, extractable, ["sign", "verify"]);
  const names = usage === "server" ? ["localhost", ...(options.dnsNames ?? [])] : [name];
  const addresses = usage === "server" ? [[127, 0, 0, 1], [...Array(15).fill(0), 1]] : [];
  const purpose = usage === "server" ? oid.serverAuth : oid.clientAuth;
  const certPem = await certificate({
    subject: name,
    issuer: "Sallyport local authority",
    subjectKey: keys.publicKey,
    issuerKeys,
    days,
    extensions: [
      extension(oid.basicConstraints, sequence(), { critical: true }),
      // digitalSignature.
      extension(oid.keyUsage, bitString(Uint8Array.of(0x80), 7), { critical: true }),
      extension(oid.extendedKeyUsage, sequence(objectIdentifier(purpose))),
      extension(
        oid.subjectAltName,
        sequence(
          ...[...new Set(names)].map((each) => element(0x82, new TextEncoder().encode(each))),
          ...addresses.map((each) => element(0x87, Uint8Array.from(each))),
        ),
      ),
    ],
  });
  const files = {
    certFile: `${directory}/${name}.crt`,
    keyFile: `${directory}/${name}.key`,
    caFile: authority.certFile,
  };
  await writePrivateKey(files.keyFile, keys.privateKey);
  await Deno.writeTextFile(files.certFile, certPem);
  return files;
}

type Contents = {
  readonly subject: string;
  readonly issuer: string;
  readonly subjectKey: CryptoKey;
  readonly issuerKeys: CryptoKeyPair;
  readonly days: number;
  readonly extensions: readonly Uint8Array[];
};

/** Signs a certificate (RFC 5280, 4.1) and returns it as PEM. */
async function certificate(contents: Contents): Promise<string> {
  const now = Date.now();
  const signatureAlgorithm = sequence(objectIdentifier(oid.ecdsaWithSha256));
  const issuerKeyId = await keyIdentifier(contents.issuerKeys.publicKey);
  const body = sequence(
    element(0xa0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(crypto.getRandomValues(new Uint8Array(16))),
    signatureAlgorithm,
    commonName(contents.issuer),
    // An hour back, for clocks that are a little behind this one.
    sequence(time(new Date(now - 3_600_000)), time(new Date(now + contents.days * dayMs))),
    commonName(contents.subject),
    await publicKeyInfo(contents.subjectKey),
    element(
      0xa3,
      sequence(
        ...contents.extensions,
        extension(oid.subjectKeyIdentifier, octetString(await keyIdentifier(contents.subjectKey))),
        extension(oid.authorityKeyIdentifier, sequence(element(0x80, issuerKeyId))),
      ),
    ),
  );
  const signature = await sign(contents.issuerKeys.privateKey, body);
  return pem("CERTIFICATE", sequence(body, signatureAlgorithm, bitString(signature)));
}

/** WebCrypto gives r and s side by side; X.509 wants them as a sequence of integers. */
async function sign(key: CryptoKey, body: Uint8Array): Promise<Uint8Array> {
  const raw = new Uint8Array(
    await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, concat([body])),
  );
  return sequence(unsignedInteger(raw.subarray(0, 32)), unsignedInteger(raw.subarray(32)));
}

function commonName(name: string): Uint8Array {
  return sequence(set(sequence(objectIdentifier(oid.commonName), utf8String(name))));
}

function extension(
  id: string,
  value: Uint8Array,
  options: { readonly critical?: boolean } = {},
): Uint8Array {
  const critical = options.critical ? [booleanTrue()] : [];
  return sequence(objectIdentifier(id), ...critical, octetString(value));
}

async function publicKeyInfo(key: CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey("spki", key));
}

/** RFC 7093, method 1: the leftmost 160 bits of SHA-256, here over the public point. */
async function keyIdentifier(key: CryptoKey): Promise<Uint8Array> {
  const point = await crypto.subtle.exportKey("raw", key);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", point)).subarray(0, 20);
}

async function readKeyPair(authority: Authority): Promise<CryptoKeyPair> {
  const bytes = unpem(await Deno.readTextFile(authority.keyFile));
  const privateKey = await crypto.subtle.importKey("pkcs8", bytes, algorithm, extractable, [
    "sign",
  ]);
  const spki = new X509Certificate(authority.certPem).publicKey.export({
    type: "spki",
    format: "der",
  });
  const publicKey = await crypto.subtle.importKey("spki", concat([spki]), algorithm, extractable, [
    "verify",
  ]);
  return { privateKey, publicKey };
}

async function writePrivateKey(path: string, key: CryptoKey): Promise<void> {
  const text = pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
  // Removed first: the mode of a file that exists would otherwise stay what it was.
  await Deno.remove(path).catch(() => {});
  await Deno.writeTextFile(path, text, { mode: 0o600, createNew: true });
}

function isFresh(certPem: string): boolean {
  return new X509Certificate(certPem).validToDate.getTime() > Date.now() + 2 * dayMs;
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function unpem(text: string): Uint8Array<ArrayBuffer> {
  const base64 = text.replace(/-----[^-]+-----/g, "").replace(/\s+/g, "");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
