/**
 * How a connection begins: SSLRequest and GSSENCRequest or TLS itself, CancelRequest,
 * StartupMessage, password.
 * Sans-IO; ends with the token and the parameters, or with a cancel, or with words and a close.
 *
 * **Invariant:** no password is asked for, and none is read, before TLS is on; bytes stuffed behind
 * an SSLRequest end the connection (CVE-2021-23214).
 *
 * Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 *
 * @module
 */
import { backendBytes } from "#schemas/wire/postgres/backend.ts";
import { errorResponse } from "#schemas/wire/postgres/error_response.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import { decodeFrontend } from "#schemas/wire/postgres/frontend.ts";
import { sqlstate } from "#schemas/wire/postgres/sqlstate.ts";
import {
  protocolVersion,
  type StartupMessage,
  type StartupPacket,
} from "#schemas/wire/postgres/startup_message.ts";
import type { EdgeLimits } from "./limits.ts";

export type StartupStep =
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  /** `hello`: the client began with TLS itself (ALPN `postgresql`), and has sent this of it. */
  | { readonly kind: "upgrade_tls"; readonly hello: Uint8Array | null }
  | { readonly kind: "cancel"; readonly processId: number; readonly secretKey: Uint8Array }
  | {
    readonly kind: "authenticate";
    readonly token: string;
    readonly message: StartupMessage;
    /** What the client has already sent behind its password. */
    readonly rest: Uint8Array;
  }
  /** After what was written, the connection is closed. */
  | { readonly kind: "close"; readonly reason: string };

/** The newest minor version of protocol 3 that is spoken. */
const newestMinor = 2;

/** The first byte of a TLS record that holds a ClientHello (RFC 8446 section 5.1). */
const tlsHandshake = 0x16;

/** What `replication` may be on a connection that is none for replication. */
const noReplication = /^(f|fa|fal|fals|false|n|no|of|off|0)$/i;

const refusals: ReadonlyMap<string, string> = new Map([
  ["tls_required", sqlstate.invalidAuthorizationSpecification],
  ["replication", sqlstate.featureNotSupported],
]);

export class Startup {
  readonly #framer: Framer;
  #encrypted: boolean;
  #phase: "packet" | "upgrading" | "password" | "over" = "packet";
  #message: StartupMessage | null = null;
  #begun = false;

  /** `encrypted` is true where what is received came through TLS already. */
  constructor(limits: EdgeLimits, encrypted: boolean) {
    this.#framer = new Framer({ messageBytesMax: limits.startupBytesMax });
    this.#encrypted = encrypted;
  }

  /** TLS is on; what follows came through it. */
  upgraded(): void {
    this.#encrypted = true;
    this.#phase = "packet";
  }

  receive(chunk: Uint8Array): StartupStep[] {
    if (!this.#begun && !this.#encrypted && chunk[0] === tlsHandshake) {
      this.#begun = true;
      this.#phase = "upgrading";
      return [{ kind: "upgrade_tls", hello: chunk }];
    }
    this.#begun = true;
    this.#framer.push(chunk);
    if (this.#phase === "upgrading") return this.#refuse("stuffed_bytes", "bytes before TLS");
    const steps: StartupStep[] = [];
    while (this.#phase === "packet" || this.#phase === "password") {
      const next = this.#phase === "packet" ? this.#packet() : this.#password();
      if (next === null) break;
      steps.push(...next);
    }
    return steps;
  }

  #packet(): StartupStep[] | null {
    const frame = this.#framer.nextStartup();
    if (frame.kind === "need") return null;
    if (frame.kind === "malformed") {
      return this.#refuse("malformed", "the first packet is not one of PostgreSQL's protocol 3");
    }
    return this.#startup(frame.packet);
  }

  #startup(packet: StartupPacket): StartupStep[] {
    switch (packet.kind) {
      case "ssl_request":
        if (this.#encrypted) return this.#refuse("protocol", "TLS is already on");
        if (this.#framer.buffered > 0) return this.#refuse("stuffed_bytes", "bytes before TLS");
        this.#phase = "upgrading";
        return [{ kind: "write", bytes: Uint8Array.of(0x53) }, {
          kind: "upgrade_tls",
          hello: null,
        }];
      case "gssenc_request":
        if (this.#framer.buffered > 0) return this.#refuse("stuffed_bytes", "bytes before GSS");
        return [{ kind: "write", bytes: Uint8Array.of(0x4e) }];
      case "cancel_request":
        this.#phase = "over";
        return [{ ...packet, kind: "cancel" }, { kind: "close", reason: "cancel" }];
      case "startup_message":
        return this.#begin(packet);
    }
  }

  #begin(asked: StartupMessage): StartupStep[] {
    if (!this.#encrypted) {
      return this.#refuse(
        "tls_required",
        "TLS is required",
        "Connect with sslmode=require, or better sslmode=verify-full.",
      );
    }
    const replication = asked.parameters.get("replication");
    if (replication !== undefined && !noReplication.test(replication)) {
      return this.#refuse(
        "replication",
        "replication connections are not supported",
        "What a replication stream holds cannot be masked. Connect without the parameter.",
      );
    }
    const parameters = new Map([...asked.parameters].filter(([name]) => name !== "replication"));
    const message = { ...asked, parameters };
    this.#message = message;
    this.#phase = "password";
    const steps: StartupStep[] = [];
    if (message.minor > newestMinor || message.options.size > 0) {
      const unknownOptions = [...message.options.keys()];
      const version = protocolVersion(Math.min(message.minor, newestMinor));
      const bytes = backendBytes({ kind: "negotiate_protocol_version", version, unknownOptions });
      steps.push({ kind: "write", bytes });
    }
    const bytes = backendBytes({ kind: "authentication_cleartext_password" });
    return [...steps, { kind: "write", bytes }];
  }

  #password(): StartupStep[] | null {
    const frame = this.#framer.next();
    if (frame.kind === "need") return null;
    const message = frame.kind === "malformed" ? frame : decodeFrontend(frame, "password");
    if (message.kind === "terminate") return this.#close("terminate");
    if (message.kind !== "password" || this.#message === null) {
      return this.#refuse("protocol", "a password message was expected");
    }
    this.#phase = "over";
    const rest = this.#framer.takeRest();
    return [{ kind: "authenticate", token: message.password, message: this.#message, rest }];
  }

  #refuse(reason: string, message: string, hint = ""): StartupStep[] {
    const code = refusals.get(reason) ?? sqlstate.protocolViolation;
    const words = {
      severity: "FATAL",
      sqlstate: code,
      message: `sallyport: ${message}`,
      hint,
    } as const;
    const bytes = backendBytes(errorResponse(words));
    return [{ kind: "write", bytes }, ...this.#close(reason)];
  }

  #close(reason: string): StartupStep[] {
    this.#phase = "over";
    return [{ kind: "close", reason }];
  }
}
