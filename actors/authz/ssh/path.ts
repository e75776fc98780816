/**
 * Paths as policy sees them: absolute, or from the home directory of the target's user as `~/…`.
 *
 * Links are not followed: nobody here can see them. So `..` behind a name that an agent wrote is
 * unclear (the name may be a link to elsewhere), and so is whatever climbs above a home directory
 * that the configuration does not name. A path below that home is always written with `~`.
 *
 * **Invariant:** a path that is given out holds no `.`, `..`, empty component or NUL, and is one
 * place; all else is null.
 *
 * @module
 */

/** Bytes of a path on Linux (PATH_MAX), and of what we give to policy. */
const pathCharsMax = 4096;

/**
 * `text` as seen from the directory `base`, itself a result of this function. `home` is the
 * absolute path of the home directory, null when it is not known.
 */
export function normalisePath(text: string, base: string, home: string | null): string | null {
  if (text === "" || text.includes("\0") || text.length > pathCharsMax) return null;
  const absolute = text.startsWith("/");
  const root = absolute ? rootOf("/", home) : rootOf(base, home);
  if (root === null) return null;
  const names = [...root.names];
  /** How many of the names were not written by the agent, so that `..` is sure to leave them. */
  let sure = absolute ? 0 : root.sure;
  for (const name of text.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") {
      names.push(name);
      continue;
    }
    if (names.length === 0 && root.start === "/") continue;
    if (names.length === 0 || names.length > sure) return null;
    names.pop();
    sure = Math.min(sure, names.length);
  }
  return written(root.start, names, home);
}

/** `..` taken back as the text has it, for whom no link leads elsewhere. */
export function withoutReturns(text: string): string {
  const root = text.startsWith("/") ? "/" : "";
  const names: string[] = [];
  for (const name of text.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.length > 0 && names.at(-1) !== "..") names.pop();
    else if (root === "") names.push(name);
  }
  const path = root + names.join("/");
  return path === "" && text !== "" ? "." : path;
}

/** A path below `~user`, the home of another; what stands behind it must not climb. */
export function otherHome(user: string, rest: string): string | null {
  const names = rest.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..") || rest.includes("\0") || rest.length > pathCharsMax) return null;
  return [`~${user}`, ...names].join("/");
}

type Root = { readonly start: string; readonly names: readonly string[]; readonly sure: number };

function rootOf(base: string, home: string | null): Root | null {
  const [first, ...names] = base.split("/").filter((name) => name !== "");
  if (base.startsWith("/")) {
    return { start: "/", names: first === undefined ? [] : [first, ...names], sure: 0 };
  }
  if (first === undefined || !first.startsWith("~")) return null;
  if (first !== "~" || home === null) return { start: first, names, sure: 0 };
  const above = home.split("/").filter((name) => name !== "");
  return { start: "/", names: [...above, ...names], sure: above.length };
}

function written(start: string, names: readonly string[], home: string | null): string | null {
  if (start !== "/") return [start, ...names].join("/");
  const path = `/${names.join("/")}`;
  // Names in /proc that lead elsewhere: /proc/self/root/etc is /etc.
  if (/^\/proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root|cwd|exe|fd|map_files)(?:\/|$)/.test(path)) {
    return null;
  }
  if (home === null || home === "/") return path;
  if (path === home) return "~";
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
