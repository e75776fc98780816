/**
 * How the payload of a stored `response`, or of a `raw` frame on its way to masking, is coded. Big
 * ones are compressed: they repeat themselves, and every byte of a response is written,
 * republished, hashed and kept for years; of a raw frame the server copies it several times.
 *
 * The header `Sallyport-Encoding: zstd;<bytes>` names the coding (RFC 8878) and how many bytes the
 * payload has when it is decoded; without the header the payload is as it is. The leaf of the log
 * is over the stored bytes; what an agent receives, and G2 counts, are the decoded ones.
 *
 * @module
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

export const encodingHeader = "Sallyport-Encoding";
/** On a `response` that is too big for one frame: the rest of it comes in the next part. */
export const cutHeader = "Sallyport-Cut";

/** Below this a payload is left as it is: it is one write either way. */
const codedBytesMin = 4096;
/** Bytes of a payload once it is decoded; the bus takes no more of one that is not coded. */
export const decodedBytesMax = 1_000_000;

/** The fastest level: its ratio on rows is as good as that of the slower ones. */
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export type CodedPayload = {
  readonly payload: Uint8Array;
  /** The header's text; null when the payload is as it was given. */
  readonly encoding: string | null;
};

/**
 * Codes a payload if it is big and becomes smaller by it.
 *
 * @example What repeats itself becomes small
 * ```ts
 * import { encodePayload } from "#schemas/payload_coding.ts";
 * import { strictEqual } from "node:assert/strict";
 * strictEqual(encodePayload(new Uint8Array(100_000)).encoding, "zstd;100000");
 * ```
 */
export function encodePayload(bytes: Uint8Array): CodedPayload {
  const asIs = { payload: bytes, encoding: null };
  if (bytes.length < codedBytesMin || bytes.length > decodedBytesMax) return asIs;
  const coded = plain(zstdCompressSync(bytes, options));
  const encoding = `zstd;${bytes.length}`;
  if (coded.length + encodingHeader.length + encoding.length >= bytes.length) return asIs;
  return { payload: coded, encoding };
}

/**
 * The payload as it was before it was stored; null when the coding is unknown, the bytes are not of
 * it, or their number is not the one that is named or above `decodedBytesMax`.
 */
export function decodePayload(
  payload: Uint8Array,
  encoding: string | undefined,
): Uint8Array | null {
  if (encoding === undefined) return payload;
  const length = Number(/^zstd;([1-9]\d{0,6})$/.exec(encoding)?.[1] ?? 0);
  if (length === 0 || length > decodedBytesMax) return null;
  try {
    const bytes = plain(zstdDecompressSync(payload, { maxOutputLength: length }));
    // A stream that is cut off decodes without an error, to fewer bytes.
    return bytes.length === length ? bytes : null;
  } catch {
    return null;
  }
}

/** Without a copy: a `Buffer` slices and compares in ways of its own. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
