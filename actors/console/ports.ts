/**
 * What the console needs of the world, and the errors it answers with.
 *
 * @module
 */
import type { Epochs } from "#actors/_kit/epochs.ts";
import type { Bus } from "#actors/_kit/bus.ts";
import type { Clock, Random } from "#actors/_kit/clock.ts";
import type { Report } from "#actors/_kit/report.ts";
import type { Config } from "#schemas/config.ts";
import type { PrincipalChain } from "#schemas/frames.ts";
import type { Verifier } from "#schemas/log/key.ts";
import type { ConsoleLimits } from "./limits.ts";

/** `fetch`, with the organisation's certificate authority when one is configured. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type MaskLiterals = (statement: string) => string | null;

export type ConsolePorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: Report;
  readonly config: Config;
  /** The months whose audit streams are followed. */
  readonly epochs: Pick<Epochs, "open" | "each">;
  readonly fetch: Fetch;
  /** The console's secret at the issuer; null for a public client. */
  readonly clientSecret: string | null;
  /** The public key of a month's log; null: its checkpoints are not shown. */
  readonly logVerifier: (epoch: string) => Verifier | null;
  /** A statement's text with every literal masked; null when it cannot tell them. */
  readonly maskLiterals: MaskLiterals;
  /** asciinema-player, as its package ships it. */
  readonly player: { readonly script: string; readonly style: string };
  readonly limits: ConsoleLimits;
};

/** Somebody who is signed in: a person who acts alone. */
export type Viewer = {
  readonly principal: PrincipalChain;
  /** The organisation's token, by which identity is asked again for each decision. */
  readonly token: string;
  /** Proves that a form came from a page of ours; null with a bearer token, which needs none. */
  readonly csrf: string | null;
};

export type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 500 | 503;

/** Answered as JSON `{ code, message }`, or as a page. Never holds a value of a request. */
export class ConsoleError extends Error {
  override readonly name = "ConsoleError";
  readonly status: ErrorStatus;
  readonly code: string;
  constructor(status: ErrorStatus, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
