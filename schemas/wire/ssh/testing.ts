/** Messages of a channel that tests share. @module */

/** The usual size of a terminal. */
export const windowSize = { columns: 80, rows: 24, widthPixels: 0, heightPixels: 0 } as const;

/** A terminal of that size, with no modes. */
export const pty = {
  kind: "pty",
  term: "xterm",
  modes: Uint8Array.of(0),
  ...windowSize,
} as const;
