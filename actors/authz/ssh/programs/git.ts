/** git, and the far ends that its clients start by a command line. @module */
import { type Call, statementOf } from "../draft.ts";
import { plain, type Value } from "../words.ts";
import { argumentsOf, described, optionValues, type Program } from "./arguments.ts";

export const gitPrograms: readonly (readonly [string, Program])[] = [
  ["git", git],
  ["git-upload-pack", (call) => serveGit(call, call.words, "read")],
  ["git-upload-archive", (call) => serveGit(call, call.words, "read")],
  ["git-receive-pack", (call) => serveGit(call, call.words, "write")],
];

/** Git itself expands `~`, quoted or not; what it sends and takes is packed. */
function serveGit(call: Call, words: readonly Value[], effect: "read" | "write"): void {
  // A statement of its own, for a rule may permit this and no other doubt.
  call.draft.push(statementOf(call.command, ["interpret"], ["encoded"]));
  const paths = words.filter(({ text }) => {
    return text === null || !/^--(strict|no-strict|timeout=\d+)$/.test(text);
  });
  const [path, ...others] = paths;
  if (path === undefined || others.length > 0 || path.text === null || path.text.startsWith("-")) {
    return call.opaque("unclear_argument");
  }
  const tilde = path.text.startsWith("~") ? "written" : path.tilde;
  if (effect === "read") call.read({ ...path, tilde }, "git");
  else call.write({ ...path, tilde }, "git");
}

const gitReads = new Set(
  ("status log diff show blame shortlog describe rev-parse rev-list ls-files ls-tree cat-file " +
    "for-each-ref show-ref name-rev whatchanged reflog count-objects merge-base cherry grep " +
    "version help").split(" "),
);
const gitWrites = new Set(
  ("add rm mv commit checkout switch restore reset branch tag stash merge rebase cherry-pick " +
    "revert init clean apply am gc prune notes worktree").split(" "),
);
/** Options by name that neither run a program nor name a file; git takes their beginnings. */
const gitHarmless = new Set(
  ("oneline stat graph all decorate no-color color name-only name-status cached staged short " +
    "porcelain abbrev abbrev-commit pretty format since until after before author committer grep " +
    "max-count skip patch no-patch numstat shortstat summary reverse first-parent merges " +
    "no-merges follow depth single-branch branch bare quiet verbose amend no-edit message hard " +
    "soft mixed keep continue abort quit ff-only no-ff ff squash force force-with-lease tags " +
    "no-tags prune set-upstream delete list contains merged no-merged show-current word-diff " +
    "ignore-space-change ignore-all-space ignore-case line-number count files-with-matches heads " +
    "refs symref sort points-at dry-run exclude no-verify signoff date allow-empty others modified " +
    "deleted stage unmerged exclude-standard error-unmatch directory full-name long show-toplevel " +
    "is-inside-work-tree abbrev-ref verify symbolic-full-name rebase no-rebase autostash track " +
    "no-track create orphan detach ours theirs source worktree include-untracked keep-index " +
    "no-commit mainline onto root left-right no-walk boundary relative unified diff-filter " +
    "find-renames find-copies minimal patience histogram check exit-code binary full-index raw " +
    "no-renames no-index extended-regexp fixed-strings perl-regexp invert-match word-regexp " +
    "untracked remotes progress no-pager null local untracked-files ignored update update-head-ok " +
    "intent-to-add aggressive auto").split(" "),
);
/** Of a verb: letters that run or read more, then those behind whose letter a value stands. */
const gitLetters: Readonly<Record<string, readonly [string, string]>> = {
  clone: ["uc", "boj"],
  "ls-remote": ["u", ""],
  rebase: ["xsSi", ""],
  merge: ["sSF", "m"],
  pull: ["sS", ""],
  "cherry-pick": ["sS", "m"],
  revert: ["sS", "m"],
  commit: ["FtS", "mCcu"],
  tag: ["Fsu", "mn"],
  notes: ["F", "m"],
  am: ["S", ""],
  grep: ["Of", "eABCm"],
  blame: ["S", "L"],
  "ls-files": ["X", "x"],
};
const gitOtherLetters: readonly [string, string] = ["OFX", "SGLUnl"];

/** The option runs a program or names a file, or it is not known that it does not. */
function runsMore(verb: string, option: string): boolean {
  const [, name] = /^--([\w-]+)/.exec(option) ?? [];
  if (name !== undefined) return !gitHarmless.has(name);
  const [more, valued] = gitLetters[verb] ?? gitOtherLetters;
  for (const letter of option.slice(1)) {
    if (more.includes(letter)) return true;
    if (valued.includes(letter)) return false;
  }
  return false;
}

const gitRemotes = new Set(["clone", "fetch", "pull", "push", "ls-remote"]);

function git(call: Call): void {
  const given = argumentsOf(call, gitOptions());
  const [verb, ...rest] = given.operands;
  const name = verb?.text ?? null;
  if (verb === undefined || name === "version" || name === "help") return;
  if (name === "upload-pack" || name === "upload-archive") return serveGit(call, rest, "read");
  if (name === "receive-pack") return serveGit(call, rest, "write");
  const odd = rest.some(({ text }) => {
    return text === null || /^--?\w/.test(text) && runsMore(name ?? "", text);
  });
  if (odd) call.opaque("unknown_option");
  const places = optionValues(given, "-C");
  const here = places.length > 0 ? places : [plain(".")];
  // Outside of a repository, and with some verbs anywhere, operands are files.
  const named = rest.filter(({ text }) => !/^-|:/.test(text ?? ""));
  if (name !== null && gitReads.has(name)) {
    for (const place of [...here, ...named]) call.read(place, "git");
  } else if (name !== null && gitWrites.has(name)) {
    for (const place of [...here, ...named]) call.write(place, "git");
  } else if (name !== null && gitRemotes.has(name)) {
    const address = rest.find(({ text }) => /^[^-].*[:/]/.test(text ?? ""));
    const host = /^(?:[a-z+]+:\/\/)?(?:[^/@]*@)?([^/:]+)[:/]/.exec(address?.text ?? "")?.[1];
    call.network(host ?? null);
    const into = name === "clone" ? named : [];
    for (const place of [...here, ...into]) call.write(place, "git");
  } else call.opaque("unlisted");
}
const gitOptions = described(
  "+ -pP -C: -c? --no-pager --git-dir? --work-tree? --exec-path? ; text*",
);
