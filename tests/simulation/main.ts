/**
 * Runs seeds and says what they found: `deno run -A tests/simulation/main.ts 100 199`. A seed alone
 * shows what happened, too, and what the sessions named behind it stored.
 *
 * @module
 */
import { runSeed, summary } from "./runs.ts";

const [from = "1", to = from, ...names] = Deno.args;
let red = 0;
for (let seed = Number(from); seed <= Number(to); seed++) {
  const result = await runSeed(seed);
  if (result.findings.length > 0) red++;
  say(summary(seed, result, names));
  if (from === to) say(JSON.stringify(result.counts, null, 2));
}
say(`${red} of ${Number(to) - Number(from) + 1} seeds found something`);
Deno.exit(red === 0 ? 0 : 1);

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
