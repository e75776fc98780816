/**
 * The reading consumers of a key: a few fixed names, handed out one at a time.
 *
 * @module
 */

/** How many bounded reads, and how many `follow`s, one key can have under way at once. */
const pageSlots = 8;
const followSlots = 4;

/** The reading consumers of a key; its permissions name exactly these. */
export function readerConsumers(inboxPrefix: string): { pages: string[]; follows: string[] } {
  const names = (kind: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${inboxPrefix}-${kind}-${index}`);
  return { pages: names("page", pageSlots), follows: names("follow", followSlots) };
}

export type Slot = { readonly name: string; release(): void };
/** Hands out names, first come first served. */
export function slots(names: readonly string[]): { take(): Promise<Slot> } {
  const free = [...names];
  const queue: ((name: string) => void)[] = [];
  return {
    async take() {
      const name = free.shift() ?? await new Promise<string>((resolve) => queue.push(resolve));
      return { name, release: () => give(name) };
    },
  };
  function give(name: string): void {
    const next = queue.shift();
    if (next === undefined) free.push(name);
    else next(name);
  }
}
