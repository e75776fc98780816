/** What the edge's SSH offers: modern algorithms only, no compression. @module */
import type { ServerOptions } from "./ssh2_server.d.ts";

/** AES-GCM first: the runtime has it in native code, which of ChaCha20-Poly1305 is not so. */
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
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
} satisfies ServerOptions["algorithms"];

/** A client that does not answer three of these is gone. */
export const keepalive = { keepaliveInterval: 15_000, keepaliveCountMax: 3 };
