/**
 * Which definitions the catalogs of one connection show, and which judgements are older than one of
 * them.
 *
 * @module
 */

/** Bare names of relations; null: any name, and not of relations alone. */
export type Names = ReadonlySet<string> | null;

export function meets(left: Names, right: Names): boolean {
  return left === null || right === null || !left.isDisjointFrom(right);
}

/** A definition that stands in the catalogs from this one on. */
type Settled = { readonly names: Names; readonly catalog: number };

export type SettledDefinitions = ReturnType<typeof settledDefinitions>;

/** `settledMax`: how many are remembered one by one; older ones concern any name. */
export function settledDefinitions(settledMax: number) {
  /** By digest, which of the catalogs that were read it is. */
  const catalogs = new Map<string, number>();
  let newest = 0;
  /** Ended, and in no catalog yet. */
  let unread: Names[] = [];
  let underRead: Names[] = [];
  const settled: Settled[] = [];
  return {
    ended: (names: Names) => void unread.push(names),
    readBegins,
    readEnds,
    isOfNewest,
    isStale,
    unseen: (): readonly Names[] => [...unread, ...underRead],
    get isSeen() {
      return unread.length + underRead.length === 0;
    },
    /** Something ended that no catalog shows, and no reading of one will. */
    get hasUnread() {
      return unread.length > 0;
    },
  };

  /** A catalog is read now: what has ended stands in it. */
  function readBegins(): void {
    underRead.push(...unread);
    unread = [];
  }

  /** It was read; null: it could not be. */
  function readEnds(digest: string | null): void {
    if (digest === null) {
      unread.push(...underRead);
      underRead = [];
      return;
    }
    if (catalogs.get(digest) !== newest || newest === 0) catalogs.set(digest, ++newest);
    settled.push(...underRead.map((names) => ({ names, catalog: newest })));
    underRead = [];
    if (settled.length > settledMax) {
      const rest = settled.splice(0, settled.length - settledMax);
      settled.unshift({ names: null, catalog: Math.max(...rest.map(({ catalog }) => catalog)) });
    }
    for (const [other, catalog] of catalogs) {
      if (catalog + settledMax < newest) catalogs.delete(other);
    }
  }

  /** Whether nothing was defined since the catalog by which it was judged. */
  function isOfNewest(digest: string | null): boolean {
    return settled.length === 0 || digest !== null && catalogs.get(digest) === newest;
  }

  /** Whether one of these names was defined anew since. */
  function isStale(reads: Names, digest: string | null): boolean {
    const judgedBy = digest === null ? undefined : catalogs.get(digest);
    return settled.some(({ names, catalog }) => catalog > (judgedBy ?? 0) && meets(reads, names));
  }
}
