/**
 * Small byte helpers of the log formats: strict base64 and comparison.
 *
 * @module
 */

/** Decodes standard base64 (RFC 4648 section 4); null unless re-encoding gives the same text. */
export function decodeBase64(text: string): Uint8Array | null {
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
    // The platform's decoder skips white space, which would let one value have two spellings.
    return bytes.toBase64() === text ? bytes : null;
  } catch {
    return null;
  }
}

/** Says whether two byte strings are equal. Not constant time: hashes here are public. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}
