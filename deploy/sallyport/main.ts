/**
 * The `sallyport` command: `sallyport <verb> [flags]`.
 *
 * Results go to standard output, and what is being done to standard error. Exit codes: 0 done; 1
 * failed, or something wrong was found; 2 used wrongly.
 *
 * @module
 */
import { BusError } from "#actors/_kit/bus.ts";
import { commonFlags, helpOf, parseArguments } from "./arguments.ts";
import { chooseVerb, overview } from "./choose.ts";
import { CommandError, exitCodes, UsageError } from "./failure.ts";
import { busFailure } from "./place.ts";
import { systemTerminal } from "./terminal.ts";
import { verbs } from "./verbs.ts";

const terminal = systemTerminal();
Deno.exit(await main(Deno.args));

async function main(words: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => stopping.abort());
  }
  if (words.length === 0) {
    terminal.say(overview(verbs, commonFlags));
    return exitCodes.usage;
  }
  try {
    const chosen = chooseVerb(words, verbs);
    if (chosen === null) {
      terminal.print(overview(verbs, commonFlags));
      return exitCodes.done;
    }
    const { verb, rest } = chosen;
    const given = parseArguments(verb.grammar, rest);
    if (given.has("help")) {
      terminal.print(helpOf(verb.grammar));
      return exitCodes.done;
    }
    const environment = {
      SALLYPORT_DIR: Deno.env.get("SALLYPORT_DIR"),
      HOME: Deno.env.get("HOME"),
    };
    const { signal } = stopping;
    return await verb.run({ given, cwd: Deno.cwd(), environment, terminal, signal });
  } catch (error) {
    return failed(error, stopping.signal);
  }
}

function failed(error: unknown, signal: AbortSignal): number {
  // A reader that has seen enough, as `head` has, is no failure.
  if (error instanceof Deno.errors.BrokenPipe) return exitCodes.done;
  if (signal.aborted) {
    terminal.say("stopped");
    return exitCodes.failed;
  }
  const known = error instanceof BusError ? busFailure(error) : error;
  if (!(known instanceof CommandError)) throw known;
  terminal.say(`error: ${known.message}`);
  if (known.hint !== null) terminal.say(`hint: ${known.hint}`);
  return known instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}
