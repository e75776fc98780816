/**
 * What a verb ends with when it cannot do what it was asked: words, and what to do about it.
 *
 * @module
 */

/** The command fails: exit 1. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly hint: string | null;
  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

/** The command line is wrong: exit 2. */
export class UsageError extends CommandError {
  override readonly name = "UsageError";
}

/** Exit codes: done; failed, or found something wrong; used wrongly. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;
