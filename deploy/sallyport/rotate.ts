/**
 * `sallyport rotate`: puts another signing key in place of identity's, without an end to anything.
 *
 * The new key vouches for the one before and for those before that, so what they signed goes on to
 * verify: in the installation, and in evidence wherever it is taken.
 *
 * @module
 */
import { nextKeyFile, rotateIdentityKey, type Rotation } from "#deploy/identity_key.ts";
import { SecretError } from "#deploy/secret_file.ts";
import type { Grammar } from "./arguments.ts";
import { CommandError, exitCodes } from "./failure.ts";
import { askJson } from "./http.ts";
import { findPlace, type Place, reachableHost, settingsOf } from "./place.ts";
import type { Call, Verb } from "./verb.ts";

const grammar: Grammar = {
  verb: "rotate",
  summary:
    "put another signing key in place of identity's; what earlier ones signed still verifies",
  flags: {},
  details: [
    "Do it as often as your rules say, and at once when the key may have been seen by others: a\n" +
    "minute later nothing that the old one signed is taken any more, however it is dated. It is not\n" +
    "kept, nor is it needed: the new key signs which were before it, and for how long. Sessions\n" +
    "go on; who holds a token of Sallyport's that was not used by then gets a new one.",
    "Where the key was lost, the one that is published is followed.",
  ],
};

/** Identity looks every second. */
const takenMsMax = 15_000;
const askMs = 200;

export const rotate: Verb = { grammar, run };

async function run(call: Call): Promise<number> {
  const { given, terminal } = call;
  const place = await findPlace(call);
  const { kid, earlier } = await rotated(place);
  terminal.say("the new key is published; waiting until identity signs with it");
  const inForce = await isTaken(place, kid, call);
  if (!inForce) {
    terminal.say("identity does not run here: it will sign with the key when it starts");
  }
  terminal.print(
    given.has("json")
      ? JSON.stringify({ key: kid, earlier, inForce }, null, 2)
      : `identity's key is ${kid}; ${earlier} before it verify what they signed`,
  );
  return exitCodes.done;
}

async function rotated({ directory }: Place): Promise<Rotation> {
  try {
    return await rotateIdentityKey(directory, Math.floor(Date.now() / 1000));
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      const file = nextKeyFile(directory);
      throw new CommandError(`${file} is there`, "another rotation runs; if none does, remove it");
    }
    if (error instanceof SecretError) throw new CommandError(error.message, error.hint);
    if (error instanceof TypeError || error instanceof SyntaxError) {
      const hint = "look whether this machine's clock went back; put keys/ back from your copy";
      throw new CommandError(`identity's key cannot be followed: ${error.message}`, hint);
    }
    const why = error instanceof Error ? error.name : "unknown";
    const hint = "rotate as who owns the installation, on the machine that has its keys";
    throw new CommandError(`identity's key in ${directory} cannot be replaced (${why})`, hint);
  }
}

/** Waits until identity serves the key; false when it does not answer. */
async function isTaken(place: Place, kid: string, { signal }: Call): Promise<boolean> {
  const { identity } = settingsOf(place, "identity");
  if (identity === undefined) return false;
  const url = `http://${reachableHost(identity.host)}:${identity.port}/.well-known/jwks.json`;
  for (const until = performance.now() + takenMsMax;;) {
    const answer = await askJson(url, {}, "identity", signal).catch(() => null);
    if (answer === null) return false;
    if (JSON.stringify(answer.body).includes(`"kid":"${kid}"`)) return true;
    if (performance.now() > until) {
      const hint = `${place.directory}/logs/identity.log says why; verify the record with this key`;
      throw new CommandError("identity does not take the new key", hint);
    }
    await new Promise((resolve) => setTimeout(resolve, askMs));
  }
}
