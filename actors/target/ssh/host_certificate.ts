/**
 * Host certificates of OpenSSH (its file PROTOCOL.certkeys): a host's key, signed by an authority
 * for names and a time.
 *
 * **Invariant:** a certificate counts only for a host, for a name that stands in it, within its
 * time, with no critical option, and signed by an authority that is configured.
 *
 * @module
 */
import { Reader, Writer } from "#schemas/wire/cursor.ts";
import { hostKeys } from "./host_keys.ts";
import { isSigned, keyFields, putBytes, putText, readBytes, readText } from "./signature.ts";

const suffix = "-cert-v01@openssh.com";
/** SSH2_CERT_TYPE_HOST. */
const hostType = 2;
const principalsMax = 256;

export type CertificateDemand = {
  /** Public keys or fingerprints, as in the configuration. */
  readonly authorities: readonly string[];
  readonly host: string;
  readonly nowMs: number;
};

/** The host's public key that a certificate vouches for; null when it does not count. */
export function certifiedKey(
  certificate: Uint8Array,
  demand: CertificateDemand,
): Uint8Array | null {
  const from = new Reader(certificate);
  const type = readText(from, "type");
  const plain = type.endsWith(suffix) ? type.slice(0, -suffix.length) : "";
  const fields = keyFields[plain];
  if (fields === undefined) return null;
  readBytes(from, "nonce");
  const key = putText(new Writer(), plain);
  for (let field = 0; field < fields; field++) putBytes(key, readBytes(from, "key"));
  readUint64(from, "serial");
  const certificateType = from.uint32("certificate type");
  readBytes(from, "key id");
  const principals = readPrincipals(readBytes(from, "principals"));
  const after = readUint64(from, "valid after");
  const before = readUint64(from, "valid before");
  const options = readBytes(from, "critical options");
  readBytes(from, "extensions");
  readBytes(from, "reserved");
  const authority = readBytes(from, "signature key");
  const signed = certificate.subarray(0, from.offset);
  const signature = readBytes(from, "signature");
  if (from.failed || from.remaining > 0) return null;

  const now = BigInt(Math.floor(demand.nowMs / 1000));
  const counts = certificateType === hostType && options.length === 0 &&
    after <= now && now < before &&
    principals.includes(demand.host.toLowerCase()) &&
    hostKeys(demand.authorities).isPinned(authority) &&
    isSigned(authority, signed, signature);
  return counts ? key.bytes() : null;
}

function readPrincipals(list: Uint8Array): readonly string[] {
  const from = new Reader(list);
  const names: string[] = [];
  while (!from.failed && from.remaining > 0 && names.length < principalsMax) {
    names.push(readText(from, "principal").toLowerCase());
  }
  return from.failed ? [] : names;
}

function readUint64(from: Reader, field: string): bigint {
  const high = BigInt(from.uint32(field));
  return high << 32n | BigInt(from.uint32(field));
}
