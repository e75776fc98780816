/**
 * What a program writes into a pipe, where that is names of files and nothing else: each ends in a
 * NUL, for a name may hold spaces, quotes and line feeds, and `xargs` would take its pieces for
 * other names.
 *
 * **Invariant:** where names are given, every name that comes is one of them or below one. Null
 * whenever anything else may come.
 *
 * @module
 */
import { plain, type Value } from "../words.ts";

/** Names that stand for files; a pattern `…/**` for whatever is below. */
export type Names = readonly Value[];

/** What `command` writes, when `before` is what it reads. */
export function namesWritten(
  command: string,
  words: readonly Value[],
  before: Names | null,
): Names | null {
  const texts = words.map(({ text, tilde, pattern }) => tilde === "none" && !pattern ? text : null);
  switch (command) {
    case "find":
      return foundNames(words);
    case "grep":
    case "fgrep":
    case "egrep":
      return texts.some((text) => selects.test(text ?? ""))
        ? whenPlain(texts, selecting, before)
        : searchedNames(words, texts);
    case "printf":
      return texts[0] === "%s\\0" ? words.slice(1) : null;
    case "sort":
      return whenPlain(texts, sorting, before);
    case "uniq":
    case "shuf":
      return whenPlain(texts, /^(?:-z|--zero-terminated)$/, before);
    case "head":
    case "tail":
      return whenPlain(texts, counting, before);
    default:
      return null;
  }
}

/** Every word by itself says that whole names pass, and no file is read. */
const sorting = /^(?:-z[rufdV]*|--zero-terminated)(?: (?:-[rufdV]+|--reverse|--unique))*$/;
const counting = /^(?:-z|--zero-terminated) (?:-\d+|-n ?\d+)$/;
/** grep: its options, and one pattern that is no file. */
const selecting = /^(?:-[viEFwx]*z[viEFwx]*|--null-data)(?: -[viEFwx]+)* (?!-)\S+$/;
const selects = /^(?:-[a-zA-Z]*z|--null-data)/;

function whenPlain(
  texts: readonly (string | null)[],
  shape: RegExp,
  before: Names | null,
): Names | null {
  // A word with a space in it would be taken for two.
  const known = texts.flatMap((text) => text === null || /\s/.test(text) ? [] : [text]);
  return known.length === texts.length && shape.test(known.join(" ")) ? before : null;
}

/** Tests of find that take a word, and such as take none. */
const findTests = new Set(
  ("-name -iname -path -ipath -wholename -iwholename -regex -iregex -type -size -mtime -mmin " +
    "-atime -amin -ctime -cmin -maxdepth -mindepth -newer -user -group -perm").split(" "),
);
const findWords = new Set(
  "-prune -depth -xdev -mount -empty -readable -not -a -o -and -or ! ( )".split(" "),
);

/** `find START… TEST… -print0`. */
function foundNames(words: readonly Value[]): Names | null {
  const rest = [...words];
  const starts: Value[] = [];
  while (rest[0] !== undefined && !/^[-(!]/.test(rest[0].text ?? "-")) {
    const start = rest.shift();
    if (start !== undefined) starts.push(start);
  }
  let prints = false;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { text } = word;
    if (text === "-print0") prints = true;
    else if (text !== null && findTests.has(text)) {
      // A pattern may become several words, and the second of them anything.
      if (rest.shift()?.pattern !== false) return null;
    } else if (text === null || !findWords.has(text)) return null;
  }
  return prints ? below(starts.length > 0 ? starts : [plain(".")]) : null;
}

/** `grep -lZ PATTERN FILE…`: the names of files that match. */
function searchedNames(
  words: readonly Value[],
  texts: readonly (string | null)[],
): Names | null {
  const options = texts.findIndex((text) => text === null || !text.startsWith("-"));
  const given = texts.slice(0, Math.max(0, options)).join("");
  if (!/^(?:-[rRlLZiEFwxs]+)+$/.test(given) || !/[lL]/.test(given) || !given.includes("Z")) {
    return null;
  }
  const files = words.slice(options + 1);
  if (texts[options] === null || files.length === 0) return null;
  // Behind files there may be options, too.
  if (files.some(({ text }) => text === null || text.startsWith("-"))) return null;
  return /[rR]/.test(given) ? below(files) : safe(files);
}

function below(starts: readonly Value[]): Names | null {
  return safe(starts)?.flatMap((start) => {
    const text = `${start.text?.replace(/\/$/, "")}/**`;
    return [start, { ...start, text, pattern: true, several: true }];
  }) ?? null;
}

/** Names that cannot look like options. */
function safe(names: readonly Value[]): Names | null {
  return names.every(({ text, patternFirst }) => text !== null && !patternFirst) ? names : null;
}
