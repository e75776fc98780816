/**
 * What is known of a command line's variables and functions.
 *
 * **Invariant:** a variable has a known value only where the command line sets it in one place and
 * that place is certain to have run: a statement of its own at the top, or the loop around.
 *
 * @module
 */
import { forEachChild, type SyntaxNode } from "unbash";
import { plain, type Value } from "./words.ts";

type Statement = Extract<SyntaxNode, { type: "Statement" }>;
type Script = Extract<SyntaxNode, { type: "Script" }>;
type Command = Extract<SyntaxNode, { type: "Command" }>;

/** Builtins that set the variables named by their arguments, or run one that does. */
const setters: ReadonlySet<string> = new Set(
  ("read mapfile readarray getopts declare typeset local readonly export unset let printf wait " +
    "eval source . trap builtin command").split(" "),
);

export class Scope {
  /** How often each name is set, anywhere in the tree. */
  readonly #counts = new Map<string, number>();
  readonly #values = new Map<string, Value>();
  readonly #functions = new Set<string>();
  /** Every function of the tree, whether its definition runs or not. */
  readonly #defined = new Set<string>();
  /** Some name that is set, or unset, is not known. */
  #anything = false;

  #nodes = 0;
  #overrun = false;

  constructor(script: Script, limits: { readonly nodesMax: number; readonly nestingMax: number }) {
    this.#count(script, 0, limits);
  }

  /** The tree has more nodes, or stands deeper, than is looked at. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** What is known of a variable. */
  valueOf(name: string): Value | null | "untouched" {
    if (this.#anything || ofTheShell.test(name)) return null;
    return this.#values.get(name) ?? (this.#counts.has(name) ? null : "untouched");
  }

  /** The function is defined by a statement that has run. */
  isFunction(name: string): boolean {
    return !this.#anything && this.#functions.has(name);
  }

  /** Some function of this name may be called in a command's place. */
  mayReplace(name: string): boolean {
    return this.#anything || this.#defined.has(name);
  }

  /** A statement at the top has been walked. */
  passed({ command, background }: Statement): void {
    if (background) return;
    if (command.type === "Function") this.#functions.add(command.name.value);
    if (command.type !== "Command" || command.name !== undefined) return;
    // Where a redirection fails, some shells assign nothing.
    if (command.redirects.length > 0) return;
    for (const part of command.prefix) {
      if (part.type !== "Assignment" || part.value.type !== "Word") continue;
      const { name, value, append, index } = part;
      const literal = (value.parts ?? []).every(({ type }) => {
        return type === "Literal" || type === "SingleQuoted";
      });
      // Behind `:` and `=` a `~` is expanded too.
      if (append || index !== undefined || !literal || value.text.includes("~")) continue;
      if (this.#counts.get(name) === 1) this.#values.set(name, plain(value.value));
    }
  }

  /** A loop's variable, until the function that is returned is called. */
  bind(name: string, value: Value): () => void {
    if (this.#counts.get(name) !== 1) return () => {};
    this.#values.set(name, value);
    return () => void this.#values.delete(name);
  }

  /** The parser reads substitutions when they are asked for, and sets no limit to their depth. */
  #count(
    node: SyntaxNode,
    depth: number,
    limits: { readonly nodesMax: number; readonly nestingMax: number },
  ): void {
    this.#nodes += 1;
    if (this.#nodes > limits.nodesMax || depth > limits.nestingMax) this.#overrun = true;
    if (this.#overrun) return;
    switch (node.type) {
      case "Assignment":
        this.#add(node.name);
        break;
      case "Function":
        this.#defined.add(node.name.value);
        break;
      case "For":
      case "Select":
        this.#add(node.name.value);
        break;
      case "Coproc":
        this.#add(node.name?.value ?? "");
        break;
      case "ParameterExpansion":
        if (node.operation?.type === "Default" && node.operation.operator.endsWith("=")) {
          this.#add(node.parameter);
        }
        break;
      case "Command":
        if (node.name?.parts?.some(isMore)) this.#anything = true;
        if (setters.has(node.name?.value ?? "")) this.#countArguments(node.args);
        break;
    }
    forEachChild(node, (child) => this.#count(child, depth + 1, limits));
  }

  #countArguments(words: Command["args"]): void {
    for (const word of words) {
      if (word.type !== "Word") continue;
      if (word.parts?.some(isMore)) this.#anything = true;
      // `unset -f`, or a name that is a number.
      if (/^-[a-z]*f/.test(word.value)) this.#anything = true;
      this.#add(/^[A-Za-z_]\w*/.exec(word.value)?.[0] ?? "");
      // A name may stand behind the letter of its option, as in `-vx`.
      const joined = /^-(\w+)/.exec(word.value)?.[1] ?? "";
      if (joined.length > optionCharsMax) this.#anything = true;
      else for (let at = 1; at < joined.length; at++) this.#add(joined.slice(at));
    }
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

/** Of a longer word every end could be a name. */
const optionCharsMax = 64;

/** A part of a word that is more than its text: what it becomes may be several words. */
function isMore({ type }: { readonly type: string }): boolean {
  return !/^(Literal|SingleQuoted|DoubleQuoted)$/.test(type);
}

/**
 * Variables of the shell that change no program, where they are not in the environment. `value` is
 * null where it is not known.
 */
export function isHarmlessVariable(name: string, value: string | null = null): boolean {
  if (isHarmlessExport(name, value)) return true;
  return /^[A-Za-z_]\w*$/.test(name) && !special.test(name) && !locale.test(name);
}

/** Variables that programs may see without doing anything else. */
export function isHarmlessExport(name: string, value: string | null = null): boolean {
  return harmless.test(name) || locale.test(name) && value !== null && isPlainLocale(value);
}

/** A locale in whose encoding every ASCII byte is the character it is here: not Big5, SJIS, GBK. */
export function isPlainLocale(value: string): boolean {
  return plainLocale.test(value);
}

/** They say how the shell reads bytes, from the next line on, and where its messages are. */
export const locale = /^(LANG|LANGUAGE|LC_\w*)$/;
const plainLocale = new RegExp(
  "^(?:(?:C|POSIX|(?!zh)[a-z]{2,3}(?:_[A-Z]{2})?)" +
    "(?:\\.(?:utf-?8|iso-?8859-?\\d{1,2}|euc-?(?:jp|kr)|koi8-[ru]))?|" +
    "(?:zh_[A-Z]{2}\\.)?utf-?8)?(?:@\\w+)?$",
  "i",
);
const harmless = /^(TZ|TERM|COLUMNS|LINES|NO_COLOR|PYTHONUNBUFFERED|DEBIAN_FRONTEND)$/;
/** The shell itself sets them, whatever the line says. */
const ofTheShell = new RegExp(
  "^(_|PWD|OLDPWD|REPLY|MAPFILE|OPT(?:ARG|IND)|COPROC.*|BASH.*|S?RANDOM|SECONDS|LINENO|EPOCH.*|" +
    "PIPESTATUS|DIRSTACK|GROUPS|FUNCNAME|HISTCMD|E?UID|PPID|COMP_.*|READLINE_.*|COLUMNS|LINES)$",
);
/** What shells and common programs take as paths, code or options, as far as anybody can know. */
const special = new RegExp(
  "^(PS\\d|ENV|IFS|(?:OLD)?PWD|DIRSTACK|USER|LOGNAME|TMPDIR|HIST.*|histchars|auto_resume|" +
    "BASH.*|PROMPT_.*|FUNCNEST|" +
    "GLOBIGNORE|EXECIGNORE|TMOUT|LD_.*|GIT_.*|PYTHON.*|PERL.*|RUBY.*|NODE_.*|.*JAVA.*|JDK_.*|" +
    "SSH_.*|RSYNC_.*|LESS.*|MORE|.*PAGER|.*EDITOR|VISUAL|BROWSER|.*OPTIONS|.*OPTS?|.*FLAGS|" +
    ".*_proxy|.*_PROXY|.*PRELOAD.*|.*LIBRARY.*|.*PATH|.*path|.*HOME|.*RC|.*_COMMAND|.*SHELL|" +
    "XDG_.*|GCONV.*|TZDIR|TERM.*|POSIX.*|.*CONFIG.*|PG.*|MYSQL.*|CURL.*|WGET.*|SSL_.*|" +
    "OPENSSL.*|MALLOC.*|GLIBC.*|TAR_.*|GREP_.*|GZIP|ZIP.*|UNZIP.*|XZ_.*|BZIP.*|MAIL.*)$",
);
