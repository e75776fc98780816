/**
 * What a command line does, as it is being found out: programs, files, hosts.
 *
 * **Invariant:** what is not certain is said: a file whose path is unclear, an argument that is not
 * known or a program nobody listed gives its program the effect `interpret`.
 *
 * @module
 */
import { Effect, emptyAnalysis, type StatementAnalysis } from "#schemas/analysis.ts";
import type { SyntaxNode } from "unbash";
import { canonicalHost } from "./host.ts";
import { isBashOnly, isMisread } from "./misread.ts";
import { normalisePath, otherHome, withoutReturns } from "./path.ts";
import type { Value } from "./words.ts";

/** What is known of where a command line runs. */
export type Surroundings = {
  /** The home directory of the target's user, absolute; null when it is not known. */
  readonly home: string | null;
  /** A terminal is there, so that pagers and editors take commands. */
  readonly terminal: boolean;
  /** What the account's shell understands; `posix`: it may know nothing of what only Bash has. */
  readonly shell: "bash" | "posix";
};

export const shellLimits = {
  /** Programs and files of one command line. */
  statementsMax: 256,
  /** Nodes of syntax visited, nested command lines included. */
  nodesMax: 20_000,
  /** Nodes of syntax inside one another. */
  nestingMax: 200,
  /** Command lines inside one another. */
  depthMax: 12,
  /** Characters of a command line. */
  charsMax: 65_536,
  argumentsMax: 1024,
  /** Directories that a relative path may start from. */
  directoriesMax: 8,
};

/** How nested commands are walked; given by the walker, so that programs need not know it. */
export type Walk = {
  words(draft: Draft, words: readonly Value[]): void;
  script(draft: Draft, text: string): void;
};

/** Paths that stand for no file. */
const streams = /^\/dev\/(null|zero|full|random|urandom|tty|stdin|stdout|stderr|fd\/\d+)$/;

export class Draft {
  readonly statements: StatementAnalysis[] = [];
  readonly surroundings: Surroundings;
  readonly walk: Walk;
  /** Where the shell may be; null: nobody knows. */
  directories: ReadonlySet<string | null> = new Set(["~"]);
  /** Functions, and the directories that their bodies were walked in. */
  readonly functions = new Map<string, ReadonlySet<string | null>>();
  /** Code that runs later, and the directories that it was walked in. */
  readonly traps = new Map<string, ReadonlySet<string | null>>();
  /** For rules that forbid: paths that are not clear are taken for what they say, too. */
  guesses = false;
  /** Which shell the code that is walked is for. */
  shell: Surroundings["shell"];
  /** Nested command lines. */
  depth = 0;
  /** Loops and functions that the walk is in: what stands there may run more than once. */
  repeats = 0;
  #nodes = 0;
  readonly #opaque = new Set<string>();
  #overrun = false;

  constructor(surroundings: Surroundings, walk: Walk) {
    this.surroundings = surroundings;
    this.shell = surroundings.shell;
    this.walk = walk;
  }

  /** Some limit was met: the command line cannot be judged. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** Counts a node; false when there are too many. */
  visit(): boolean {
    this.#nodes += 1;
    if (this.#nodes > shellLimits.nodesMax) this.#overrun = true;
    return !this.#overrun;
  }

  /** Something in the command line cannot be judged; said once. */
  opaque(detail: string): void {
    if (this.#opaque.has(detail)) return;
    this.#opaque.add(detail);
    this.push(statementOf("", ["interpret"], [detail]));
  }

  /** Says of a node where it is not what the tree takes it for. */
  doubt(node: SyntaxNode): void {
    if (isMisread(node)) this.opaque("unparsed");
    if (this.shell === "posix" && isBashOnly(node)) this.opaque("bash_only");
  }

  overrunNow(): void {
    this.#overrun = true;
  }

  push(statement: StatementAnalysis): void {
    if (this.statements.length >= shellLimits.statementsMax) this.#overrun = true;
    else this.statements.push(statement);
  }

  /** Goes to a directory that may or may not be entered. */
  enter(value: Value): void {
    const paths = this.repeats > 0 && !isAbsolute(value) ? null : this.pathsOf(value);
    this.maybeIn(paths ?? [null, ...this.guessed(value)]);
  }

  /** Takes more directories for possible. */
  maybeIn(paths: Iterable<string | null>): void {
    const all = new Set([...this.directories, ...paths]);
    this.directories = all.size > shellLimits.directoriesMax ? new Set([...all, null]) : all;
  }

  /** The shell is in one of these directories. */
  isWhere(known: ReadonlySet<string | null> = new Set()): boolean {
    return [...this.directories].every((path) => known.has(path));
  }

  /** Where a path leads if no name on its way is a link. */
  guessed({ text, tilde }: Value): readonly string[] {
    if (!this.guesses || text === null) return [];
    const { home } = this.surroundings;
    const isWhole = tilde !== "none" || text.startsWith("/");
    const bases = isWhole ? [""] : [...this.directories].map((path) => `${path ?? "~"}/`);
    return bases.flatMap((base) => {
      const whole = withoutReturns(base + text);
      const below = /^~(?:$|\/)/.test(whole) ? `.${whole.slice(1)}` : whole;
      return normalisePath(below, "~", home) ?? [];
    });
  }

  /** Every path that a value may stand for; null when that is unclear. */
  pathsOf({ text, tilde, pattern }: Value): readonly string[] | null {
    if (text === null) return null;
    const { home } = this.surroundings;
    // `.*` matches `..` in some shells.
    if (pattern && /(^|\/)\.[^/]*[*?[]/.test(text)) return null;
    if (tilde !== "none") {
      const [prefix = "", ...rest] = text.split("/");
      const below = rest.join("/");
      const one = prefix === "~"
        ? normalisePath(below === "" ? "." : below, "~", home)
        : /^~[a-z_][\w-]*$/.test(prefix)
        ? otherHome(prefix.slice(1), below)
        : null;
      return one === null ? null : [one];
    }
    const bases = text.startsWith("/") ? ["/"] : [...this.directories];
    const paths = new Set<string>();
    for (const base of bases) {
      const path = base === null ? null : normalisePath(text, base, home);
      if (path === null) return null;
      paths.add(path);
    }
    return [...paths];
  }
}

function isAbsolute({ text, tilde }: Value): boolean {
  return text !== null && (text.startsWith("/") || tilde !== "none");
}

/** One program that runs, and what it does. */
export class Call {
  readonly draft: Draft;
  readonly command: string;
  readonly words: readonly Value[];
  /** What its standard input is, where that is names of files alone; null: anything. */
  readonly names: readonly Value[] | null;
  readonly #effects: Set<Effect>;
  readonly #details = new Set<string>();
  readonly #files: StatementAnalysis[] = [];
  /** Patterns that were taken for files. */
  readonly #matched = new Set<string>();
  #host: string | null = null;
  #port: number | null = null;

  /** `runs`: false for redirections alone. */
  constructor(
    draft: Draft,
    command: string,
    words: readonly Value[],
    runs = true,
    names: readonly Value[] | null = null,
  ) {
    this.names = names;
    this.draft = draft;
    this.command = command;
    this.words = words;
    this.#effects = new Set(runs ? ["execute"] : []);
  }

  mark(effect: Effect | null, ...details: readonly string[]): void {
    if (effect !== null) this.#effects.add(effect);
    for (const detail of details) this.#details.add(detail);
  }

  /** Code that nobody can judge, or that only its author could. */
  opaque(detail: string): void {
    this.mark("interpret", detail);
  }

  read(value: Value, ...details: readonly string[]): void {
    this.#file("read", value, details);
  }

  write(value: Value, ...details: readonly string[]): void {
    this.#file("write", value, details);
  }

  /** It reaches out; the first host is the statement's, others are statements of their own. */
  network(host: string | null, port: number | null = null): void {
    if (host === null) this.opaque("unclear_host");
    const first = !this.#effects.has("network");
    this.mark("network");
    if (first) {
      this.#host = host;
      this.#port = port;
    } else {
      this.#files.push(statementOf(this.command, ["network"], [], { host, port }));
    }
  }

  #file(effect: "read" | "write", value: Value, details: readonly string[]): void {
    const paths = this.draft.pathsOf(value);
    if (paths === null) {
      this.mark(effect, "unclear_path", ...details);
      for (const path of this.draft.guessed(value)) {
        this.#files.push(statementOf(this.command, [effect], details, { path }));
      }
      return this.opaque("unclear_path");
    }
    const named = value.pattern ? [...details, "pattern"] : details;
    if (value.pattern && value.text !== null) this.#matched.add(value.text);
    for (const path of paths) {
      if (streams.test(path)) continue;
      this.#files.push(statementOf(this.command, [effect], named, { path }));
    }
  }

  /** The program's statement, then its files'. */
  end(): void {
    // The shell puts the names that match in a pattern's place, whatever the program is.
    for (const word of this.words) {
      if (word.pattern && !this.#matched.has(word.text ?? "")) this.read(word, "list");
    }
    const words: string[] = [];
    for (const { text } of this.words) {
      if (text !== null) words.push(text);
      else this.mark(null, "unclear_argument");
    }
    if (words.length > shellLimits.argumentsMax) return this.draft.overrunNow();
    const access = { host: this.#host, port: this.#port, arguments: words };
    const effects = Effect.options.filter((effect) => this.#effects.has(effect));
    if (effects.length > 0) {
      this.draft.push(statementOf(this.command, effects, [...this.#details], access));
    }
    for (const file of this.#files) this.draft.push(file);
  }
}

type Access = NonNullable<StatementAnalysis["access"]>;

/** An analysis of what is no SQL. */
export function statementOf(
  command: string,
  effects: readonly Effect[],
  details: readonly string[],
  access: Partial<Access> = {},
): StatementAnalysis {
  const { host = null } = access;
  const nothing: Access = { path: null, host: null, port: null, arguments: [], content: null };
  return {
    ...emptyAnalysis,
    command,
    effects: [...effects],
    details: [...details],
    access: { ...nothing, ...access, host: host === null ? null : canonicalHost(host) },
  };
}
