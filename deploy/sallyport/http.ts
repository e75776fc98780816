/** Asks an actor over HTTP. @module */
import { CommandError } from "./failure.ts";

export type Answer = { readonly status: number; readonly body: unknown };

const waitMsMax = 15_000;
const bodyBytesMax = 4 * 1024 * 1024;

/** Sends a request and reads a JSON answer. @throws CommandError when there is none. */
export async function askJson(
  url: string,
  request: RequestInit,
  who: string,
  signal: AbortSignal,
): Promise<Answer> {
  const waiting = AbortSignal.any([signal, AbortSignal.timeout(waitMsMax)]);
  try {
    // A redirect would carry the token to wherever it points.
    const response = await fetch(url, { ...request, redirect: "error", signal: waiting });
    const length = Number(response.headers.get("content-length") ?? 0);
    if (length > bodyBytesMax) throw new Error("too long");
    const body: unknown = await response.json().catch(() => null);
    return { status: response.status, body };
  } catch {
    throw new CommandError(
      `${who} does not answer at ${new URL(url).origin}`,
      "look whether the system runs, or name another installation with --dir",
    );
  }
}
