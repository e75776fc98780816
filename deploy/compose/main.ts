/**
 * `main.ts render` writes `compose.yaml`; `install`, `prepare` and `welcome` are what its one-shot
 * containers run, `keep` what its provisioner does.
 *
 * @module
 */
import { SecretError } from "#deploy/secret_file.ts";
import { epochOf } from "#schemas/subjects.ts";
import { composePlan } from "./plan.ts";
import { renderCompose } from "./render.ts";
import { install, keep, prepare, welcome } from "./steps.ts";

const [verb] = Deno.args;
switch (verb) {
  case "render": {
    const file = new URL("../../compose.yaml", import.meta.url);
    await Deno.writeTextFile(file, await renderCompose(composePlan));
    break;
  }
  case "install":
    await install(composePlan, epochOf(Date.now()), say).catch((error) => {
      if (!(error instanceof SecretError)) throw error;
      say(`cannot start: ${error.message}`);
      say(error.hint);
      Deno.exit(1);
    });
    break;
  case "prepare":
    await prepare(composePlan, say);
    break;
  case "keep":
    // Its connection keeps the process alive; a signal ends it.
    await keep(composePlan, say);
    break;
  case "welcome":
    await welcome(composePlan, say);
    break;
  default:
    say("usage: main.ts render | install | prepare | keep | welcome");
    Deno.exit(2);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
