/**
 * What an actor's pure part may not touch, each with what to use instead. Time, chance, timers,
 * the network and the machine come in as arguments, so that a recorded session replays.
 *
 * @module
 */

/**
 * Names banned as `object.property`; `*` bans every property.
 *
 * `console` is not among them: deno lint's own `no-console` knows a local variable of that name.
 */
export const bannedMembers: ReadonlyMap<string, string> = new Map([
  ["Date.now", "take a Clock of #actors/_kit/clock.ts"],
  ["performance.now", "take a Clock of #actors/_kit/clock.ts"],
  ["Math.random", "take a Random of #actors/_kit/clock.ts"],
  ["crypto.randomUUID", "take a Random of #actors/_kit/clock.ts"],
  ["crypto.getRandomValues", "take a Random of #actors/_kit/clock.ts"],
  ["Deno.*", "do it in main.ts or serve.ts and pass in what it gives"],
]);

/** Functions banned by name. */
export const bannedCalls: ReadonlyMap<string, string> = new Map([
  ["setTimeout", "return a wake effect, or take a Clock of #actors/_kit/clock.ts"],
  ["setInterval", "return a wake effect, or start it in main.ts"],
  ["fetch", "take the function as an argument and pass it in main.ts"],
]);

/** Whether a file's place lets it touch the machine. `file` is relative to the root. */
export function mayTouchMachine(file: string): boolean {
  return !/^(actors|schemas)\//.test(file) || file.startsWith("actors/_kit/") ||
    /\/(main|serve)\.ts$/.test(file);
}
