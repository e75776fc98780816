/**
 * How a refused effect is called, and what is nearest to it: for SQL, and for what runs over SSH.
 *
 * @module
 */
import type { Effect } from "#schemas/analysis.ts";

type Language = "sql" | "shell";

export function phraseOf(effect: Effect, language: Language): string {
  return language === "shell" ? shellPhrases[effect] ?? phrases[effect] : phrases[effect];
}

const phrases: Readonly<Record<Effect, string>> = {
  connect: "connecting (connect)",
  session: "changing the session (session)",
  read: "reading (read)",
  write: "changing rows (write)",
  define: "changing definitions (define)",
  execute: "calling this code (execute)",
  export: "reading in bulk (export)",
  administer: "administering the server (administer)",
  escape: "reaching outside the SQL engine (escape)",
  // deno-lint-ignore camelcase -- the effect's own name
  filter_by: "filtering, sorting, grouping or joining by a protected class (filter_by)",
  declassify:
    "writing protected values, or parts of them, where they are not protected (declassify)",
  shell: "opening an interactive shell (shell)",
  forward: "forwarding a connection (forward)",
  network: "reaching out over the network (network)",
  interpret: "running code that cannot be judged (interpret)",
};

const shellPhrases: Readonly<Partial<Record<Effect, string>>> = {
  session: "using this channel (session)",
  read: "reading these files (read)",
  write: "changing files (write)",
  execute: "running this program (execute)",
  administer: "administering the system (administer)",
};

/** What to do instead; `forbidden` when a policy says no, rather than none says yes. */
export function nearestTo(
  effect: Effect,
  bulkRows: number,
  forbidden: boolean,
  language: Language,
): string {
  const shell = language === "shell" ? nearestInShell(effect) : null;
  if (shell !== null) return shell;
  switch (effect) {
    case "connect":
      return "Use a connection that your token and groups are permitted.";
    case "session":
      return "Leave session settings and transactions as they are.";
    case "read":
      return "Leave out the relations or functions named in the detail.";
    case "write":
      return "Read instead (SELECT), or have the change made by a process that may write.";
    case "define":
      return "Use the relations that exist; definitions change through migrations.";
    case "execute":
      return "Leave out the function, procedure or DO block, or use plain SQL in its place.";
    case "export":
      return `Add LIMIT ${bulkRows} or less, aggregate, or narrow the predicate to a unique key; ` +
        "SELECT does what COPY may not.";
    case "administer":
      return "Leave roles, settings and other sessions to the people who run the server.";
    case "escape":
      return "Leave out files, programs, foreign servers, large objects; COPY TO STDOUT remains.";
    case "filter_by":
      return "Filter, sort, group and join by columns that are not protected, such as a row's key; " +
        "of a protected one compare whole values (=, IN), and few of them.";
    case "declassify":
      return forbidden
        ? "Leave the protected columns out of what is written."
        : "Write protected values only into columns of the same class.";
    case "shell":
      return "Run single commands instead: ssh host command.";
    case "forward":
      return "Connect to that system by a connection of its own.";
    case "network":
      return "Leave out what reaches out; bring files by scp or sftp through the gateway.";
    case "interpret":
      return "Write the command plainly, without eval, encodings or inline code.";
  }
}

/** How a command line is written that can be judged, by what made this one opaque; or "". */
export function nearestToOpaque(details: readonly string[]): string {
  for (const detail of details) {
    const words = plainer.get(detail);
    if (words !== undefined) return words;
  }
  return "";
}

const plainer: ReadonlyMap<string, string> = new Map([
  ["pattern_as_option", "Write ./ before a pattern, as ./*.txt: a name may look like an option."],
  [
    "several_words",
    "Quote variables and outputs, and write names out: what a pattern or an unquoted word becomes " +
    "may be several words, and the next take other words' places.",
  ],
  [
    "encoded",
    "Leave out what packs or encodes (gzip, base64, -z of rsync): it is not seen, and not masked.",
  ],
  ["names_in_file", "Name the files themselves, instead of a file with their names."],
  ["unclear_path", "Name files by plain paths: no variables, no .. behind a name."],
  [
    "unclear_argument",
    "Write arguments out, without variables or the output of other commands; names that find finds " +
    "go by -exec … {} + or by -print0 | xargs -0.",
  ],
  ["unknown_option", "Leave out the options of which it is not known what they do."],
  ["unlisted", "Use common programs by their plain names; what others do is not known here."],
  ["stdin_code", "Name the command itself instead of sending code to a shell."],
  ["inline_code", "Use programs that say by their arguments what they do, instead of code."],
  ["environment", "Leave variables of the environment as they are."],
  ["arithmetic", "Write numbers out; arithmetic with variables cannot be judged."],
  ["bash_only", "Call bash instead of sh, or leave out what only Bash has, such as [[ and $'…'."],
  ["unparsed", "Check quotes and brackets; the shell's grammar does not read this."],
]);

function nearestInShell(effect: Effect): string | null {
  switch (effect) {
    case "session":
      return "Run a single command instead: ssh host command.";
    case "read":
      return "Name only files that you may read, by their plain paths.";
    case "write":
      return "Leave files as they are, or have the change made by somebody who may.";
    case "execute":
      return "Use a program that you may run, by its plain name.";
    case "administer":
      return "Leave sudo, services and accounts to the people who run the host.";
    default:
      return null;
  }
}
