/** Identity's limits. @module */
export const identityLimits = {
  /** How far the issuer's clock may be from ours, seconds. */
  skewSeconds: 30,
  /** Tokens of ours that were presented and have not expired yet. */
  replaysMax: 200_000,
  revocationsMax: 10_000,
  /** Lines of the file that keeps them, and its bytes. */
  revocationLinesMax: 20_000,
  revocationsFileBytesMax: 16 * 1024 * 1024,
  /** SSH keys that are registered and have not expired: of all, and of one person. */
  keysMax: 20_000,
  keysPerPersonMax: 64,
  /** Lines of the file that keeps them, their characters, and the file's bytes. */
  keyLinesMax: 40_000,
  keyCharsMax: 16 * 1024 * 1024,
  keysFileBytesMax: 64 * 1024 * 1024,
  /** How often it is looked whether the signing key was replaced, milliseconds. */
  keyLookMs: 1000,
  /** Exchanges at work at once. */
  exchangesMax: 500,
} as const;
