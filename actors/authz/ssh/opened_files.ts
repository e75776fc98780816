/**
 * The files that one session opened, as far as a change by handle must know them.
 *
 * **Invariant:** every path that was opened is here or below a tree that is, or there are too many.
 *
 * @module
 */

/** What was allowed of a path. */
type Use = "read" | "write";
export type OpenedFiles = ReadonlyMap<string, Use>;

/** More than this many are not told apart. */
const openedMax = 256;

/** There are so many that it is not known which one is meant. */
export function areTooMany(opened: OpenedFiles): boolean {
  return opened.size > openedMax;
}

/**
 * One more. Where they become many, of those that may be written only their folders are kept, and
 * then the folders of these; what may only be read stays by its path.
 */
export function withOpened(before: OpenedFiles, path: string, use: Use): OpenedFiles {
  if (areTooMany(before) || use === "write" && isCovered(before, path)) return before;
  let opened = new Map(before).set(path, before.get(path) === "write" ? "write" : use);
  for (let folded = true; folded && areTooMany(opened);) {
    const next = new Map(
      [...opened].map(([one, its]) => [its === "write" ? above(one) : one, its]),
    );
    folded = next.size < opened.size;
    opened = next;
  }
  return opened;
}

function isCovered(opened: OpenedFiles, path: string): boolean {
  for (let at = path, tree = above(path); tree !== at; at = tree, tree = above(tree)) {
    if (opened.get(tree) === "write") return true;
  }
  return false;
}

/** Everything in the folder that a path, or a tree, is in. */
function above(path: string): string {
  const name = path.endsWith("/**") ? path.slice(0, -3) : path;
  const end = name.lastIndexOf("/");
  return end < 0 ? path : `${name.slice(0, end)}/**`;
}
