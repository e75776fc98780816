/**
 * Masking of fixed-size identifiers: `uuid`, network and hardware addresses.
 *
 * **Invariant:** a masked one is valid and belongs to no one: UUIDs are version 8 (RFC 9562),
 * hardware addresses locally administered, network addresses unique-local IPv6 (RFC 4193) or
 * 0.0.0.0.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Ask } from "./ask.ts";
import { digest } from "./key.ts";

/** Masks a `uuid`; null when it is none. */
export function maskUuid(value: Uint8Array, ask: Ask): Uint8Array | null {
  const raw = ask.format === 1 ? value : uuidBytes(value);
  const masked = Buffer.alloc(16);
  if (isKeyed(ask)) {
    if (raw === null || raw.length !== 16) return null;
    digest(ask.key, ask, "uuid", raw).copy(masked, 0, 0, 16);
    masked[6] = ((masked[6] ?? 0) & 0x0f) | 0x80;
    masked[8] = ((masked[8] ?? 0) & 0x3f) | 0x80;
  }
  if (ask.format === 1) return masked;
  const hex = masked.toString("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return Buffer.from([...groups, hex.slice(20)].join("-"));
}

/** Masks a `macaddr` (6 bytes) or `macaddr8` (8 bytes). */
export function maskMac(value: Uint8Array, bytes: 6 | 8, ask: Ask): Uint8Array | null {
  const raw = ask.format === 1 ? value : macBytes(value);
  const masked = Buffer.alloc(bytes);
  if (isKeyed(ask)) {
    if (raw === null || raw.length !== bytes) return null;
    digest(ask.key, ask, "mac", raw).copy(masked, 0, 0, bytes);
    masked[0] = 0x02;
  }
  if (ask.format === 1) return masked;
  return Buffer.from(masked.toString("hex").replace(/(..)(?=.)/g, "$1:"));
}

/**
 * Masks an `inet` or `cidr`. Binary: family (2 is IPv4, 3 is IPv6), prefix bits, is_cidr, length,
 * address. Text is keyed as it is written, so text and binary of one address get different tokens.
 */
export function maskInet(value: Uint8Array, isCidr: boolean, ask: Ask): Uint8Array | null {
  if (!isKeyed(ask)) {
    if (ask.format === 0) return Buffer.from(isCidr ? "0.0.0.0/32" : "0.0.0.0");
    return Buffer.of(2, 32, isCidr ? 1 : 0, 4, 0, 0, 0, 0);
  }
  const address = Buffer.alloc(16);
  digest(ask.key, ask, "inet", value).copy(address, 0, 0, 16);
  address[0] = 0xfd;
  if (ask.format === 1) return Buffer.concat([Buffer.of(3, 128, isCidr ? 1 : 0, 16), address]);
  const groups = address.toString("hex").replace(/(....)(?=.)/g, "$1:");
  return Buffer.from(isCidr ? `${groups}/128` : groups);
}

function isKeyed(ask: Ask): boolean {
  return ask.rule.operator === "hash" || ask.rule.operator === "tokenise";
}

function uuidBytes(value: Uint8Array): Uint8Array | null {
  const text = Buffer.from(value.subarray(0, 40)).toString("latin1").replaceAll("-", "");
  return /^[0-9a-fA-F]{32}$/.test(text) ? Buffer.from(text, "hex") : null;
}

function macBytes(value: Uint8Array): Uint8Array | null {
  const text = Buffer.from(value.subarray(0, 32)).toString("latin1").replace(/[:.-]/g, "");
  return /^(?:[0-9a-fA-F]{12}|[0-9a-fA-F]{16})$/.test(text) ? Buffer.from(text, "hex") : null;
}
