/** What the edge's SSH offers: modern algorithms only, no compression. @module */
import type { ServerOptions } from "./ssh2_server.d.ts";

/**
 * The client's order counts. OpenSSH's begins with ChaCha20-Poly1305, which on this runtime takes
 * least of the processor; both sides have the strict key exchange that it needs (CVE-2023-48795).
 */
export const algorithms = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
  ],
  cipher: [
    "chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
} satisfies ServerOptions["algorithms"];

/**
 * Of a connection within another. ssh2 has one nonce for all its ChaCha20, and writes in the middle
 * of a packet: what encrypts the outer packet then would spoil the inner one.
 */
export const innerAlgorithms = {
  ...algorithms,
  cipher: algorithms.cipher.filter((name) => !name.startsWith("chacha20")),
} satisfies ServerOptions["algorithms"];

/** A client that does not answer three of these is gone. */
export const keepalive = { keepaliveInterval: 15_000, keepaliveCountMax: 3 };
