/**
 * A verb of the command, and what it is given.
 *
 * @module
 */
import type { Arguments, Grammar } from "./arguments.ts";

export type Verb = {
  readonly grammar: Grammar;
  /** Resolves to the exit code. @throws CommandError saying what is wrong and what to do. */
  run(call: Call): Promise<number>;
};

export type Call = {
  readonly given: Arguments;
  /** Where the caller stands and what the environment says. */
  readonly cwd: string;
  readonly environment: {
    readonly SALLYPORT_DIR: string | undefined;
    readonly HOME: string | undefined;
  };
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
};

export type Terminal = {
  /** The result: standard output, with a line end. */
  print(text: string): void;
  /** The result as it is. */
  write(text: string): void;
  /** What is being done: standard error. */
  say(text: string): void;
  /** Says again in place of what was said so, where standard error is a terminal. */
  progress(text: string): void;
};
