/**
 * What keeps a process from starting, in words for who operates it.
 *
 * **Invariant:** the words name files, keys and addresses, never a value that a file holds.
 *
 * @module
 */
import { BusError } from "#actors/_kit/bus.ts";

/** Thrown while an actor starts; it ends with these words and nothing else. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

export type StartFailure = { readonly why: string; readonly hint: string };

/** Why a start failed, for causes that are the operator's to mend; null for a bug. */
export function startFailure(error: unknown): StartFailure | null {
  if (error instanceof StartError) return { why: error.message, hint: error.hint };
  if (error instanceof BusError) {
    const hint = "look whether nats-server runs and holds the installation's streams: " +
      "sallyport doctor";
    return { why: `the bus fails: ${error.code}`, hint };
  }
  // Deno's words for these name the operation and the path or address, and no content.
  if (error instanceof Deno.errors.NotFound) {
    return {
      why: `a file is not there: ${error.message}`,
      hint: "sallyport doctor checks all files",
    };
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    const hint = "look who owns it, and what the process may do";
    return { why: `this may not be used: ${error.message}`, hint };
  }
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (error instanceof Deno.errors.AddrInUse || code === "EADDRINUSE") {
    const hint = "end what listens there, or change the port in the settings file";
    return { why: "the address it should listen on is in use", hint };
  }
  if (error instanceof Deno.errors.AddrNotAvailable || code === "EADDRNOTAVAIL") {
    const hint = "name an address of this machine in the settings file";
    return { why: "the address it should listen on is not of this machine", hint };
  }
  return null;
}
