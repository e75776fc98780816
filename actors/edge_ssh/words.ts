/**
 * What the edge says to an agent of its own: refusals, waits, the end of a session.
 *
 * **Invariant:** every word is fixed here or comes from a stored verdict or approval; none is made
 * from bytes that a client or a server sent.
 *
 * @module
 */
import type { Reason } from "#schemas/frames.ts";

/** How a program that was refused ends: as shells say that a command cannot be executed. */
export const refusedStatus = 126;
/** How OpenSSH's own failures end. */
export const failedStatus = 255;

/** A refusal, of the first reason; the others stand in its detail. */
export function refusal(reasons: readonly Reason[]): string[] {
  const [first, ...others] = reasons;
  const parts = [first?.detail ?? "", ...others.map((reason) => reason.message)]
    .flatMap((part) => part === "" ? [] : [part.replace(/\.$/, "")]);
  const detail = parts.length === 0 ? "" : `${parts.join("; ")}.`;
  return lines(first?.message ?? "the request was refused", detail, first?.hint ?? "");
}

/** The request waits for people. */
export function held(
  link: string,
  needs: readonly { readonly group: string }[],
  expiresAt: string,
): string[] {
  const groups = needs.map(({ group }) => group).join(" and ");
  return lines(
    `this request waits for approval by ${groups}: ${link}`,
    `It runs as soon as it is approved, and is refused at ${expiresAt}.`,
    "Keep waiting, or press Ctrl-C to withdraw the request.",
  );
}

/** What must be recorded cannot be. */
export function unrecorded(full: boolean): string[] {
  const what = full ? "is full" : "cannot be reached";
  return lines(`the audit log ${what}, and nothing runs unrecorded`, "", "Try again later.");
}

export function noVerdict(): string[] {
  return lines(
    "no verdict came in time, and nothing runs unjudged",
    "",
    "Try again; tell the operators if it stays.",
  );
}

export function responseLost(): string[] {
  return lines(
    "the request has ended, and its response was lost on the way",
    "How it ended stands in the record.",
    "",
  );
}

/** The target is gone; `unknown`: what ran may or may not have taken effect. */
export function targetLost(status: "unknown" | "not_run"): string[] {
  return status === "unknown"
    ? lines(
      "the target was lost while the request ran; whether it took effect is not known",
      "",
      "Check before you run it again.",
    )
    : lines("the target is gone; the request did not run", "", "Try again.");
}

export function leadsElsewhere(): string[] {
  return lines("the path leads elsewhere than it says; name the place itself", "", "");
}

/** The output has reached the limit of its verdict. */
export function overVolume(bytesMax: number | null): string[] {
  const limit = bytesMax === null ? "its limit" : `the limit of ${bytesMax} bytes`;
  return lines(
    `the output is over ${limit} for one channel`,
    "No more than that was given out, and the channel was closed.",
    "Ask for less (head, grep, one file), or for an export that people approve.",
  );
}

export function sessionLimit(): string[] {
  return lines("the session has reached its time limit", "", "");
}

export function idle(): string[] {
  return lines("the session was idle too long", "", "");
}

export function tooLarge(bytes: number, bytesMax: number): string[] {
  return lines(`a request of ${bytes} bytes is over the limit of ${bytesMax}`, "", "");
}

export function ended(message: string): string[] {
  return lines(message, "", "");
}

function lines(message: string, detail: string, hint: string): string[] {
  return [
    `sallyport: ${message}`,
    ...(detail === "" ? [] : [`DETAIL: ${detail}`]),
    ...(hint === "" ? [] : [`HINT: ${hint}`]),
  ];
}
