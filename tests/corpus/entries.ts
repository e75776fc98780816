/**
 * The corpus files: SQL as it would be typed, in entries parted by blank lines. An entry starts
 * with comments that say what it tries; the statements behind them run one after the other in a
 * session of their own. A paragraph of comments alone is a heading.
 *
 * A statement ends with a semicolon at the end of a line, outside of dollar quotes, or with
 * `\bind value ...` as in psql: then it goes by the extended protocol, with parameters as text. A
 * line that begins with `\wire` is messages (`messages.ts`). The
 * line `-- masks: a, b` names the columns that come back masked, `-- varies: a` those that two runs
 * of the same statement give differently, `-- refused: a, b` policies of which one refuses
 * the last statement, `-- connect: name=value` a parameter of the session.
 *
 * @module
 */

export type Step = { readonly sql: string; readonly parameters: readonly string[] | null };

export type Entry = {
  /** File and line: where to look. */
  readonly place: string;
  readonly tries: string;
  readonly steps: readonly Step[];
  readonly masks: readonly string[];
  readonly varies: readonly string[];
  readonly refused: readonly string[];
  readonly connect: Readonly<Record<string, string>>;
};

/** Every entry of a folder's `.sql` files, in order. */
export async function readEntries(folder: URL): Promise<Entry[]> {
  const names = [...await Array.fromAsync(Deno.readDir(folder))].map(({ name }) => name);
  const entries: Entry[] = [];
  for (const name of names.filter((file) => file.endsWith(".sql")).sort()) {
    entries.push(...parseEntries(name, await Deno.readTextFile(new URL(name, folder))));
  }
  return entries;
}

function parseEntries(file: string, text: string): Entry[] {
  const entries: Entry[] = [];
  let start = 0;
  let block: string[] = [];
  for (const [index, line] of [...text.split("\n"), ""].entries()) {
    const quoted = isOpen(block.join("\n"));
    if (line.trim() !== "" || quoted) {
      if (block.length === 0) start = index + 1;
      block.push(line);
      continue;
    }
    const entry = entryOf(`${file}:${start}`, block);
    if (entry !== null) entries.push(entry);
    block = [];
  }
  return entries;
}

function entryOf(place: string, block: readonly string[]): Entry | null {
  const first = block.findIndex((line) => !line.startsWith("--"));
  if (first < 0) return null;
  const comments = block.slice(0, first).map((line) => line.slice(2).trim());
  const names = (key: string) => listed(comments, key).flatMap((text) => text.split(/,\s*/));
  const connect = listed(comments, "connect").map((text) => {
    const [name = "", ...value] = text.split("=");
    return [name, value.join("=")] as const;
  });
  return {
    place,
    tries: comments.filter((line) => !/^(?:masks|varies|refused|connect):/.test(line)).join(" "),
    steps: stepsOf(block.slice(first)),
    masks: names("masks"),
    varies: names("varies"),
    refused: names("refused"),
    connect: Object.fromEntries(connect),
  };
}

function listed(comments: readonly string[], key: string): string[] {
  return comments.filter((line) => line.startsWith(`${key}:`))
    .map((line) => line.slice(key.length + 1).trim());
}

function stepsOf(lines: readonly string[]): Step[] {
  const steps: Step[] = [];
  let sql = "";
  for (const line of lines) {
    if (line.startsWith("\\wire ")) {
      steps.push({ sql: line, parameters: null });
      continue;
    }
    sql += sql === "" ? line : `\n${line}`;
    const bound = /^(.*?)\s*\\bind\b(.*)$/s.exec(sql);
    if (bound !== null) {
      const parameters = (bound[2] ?? "").trim().split(/\s+/).filter((word) => word !== "");
      steps.push({ sql: bound[1] ?? "", parameters });
      sql = "";
    } else if (line.trimEnd().endsWith(";") && !isOpen(sql)) {
      steps.push({ sql, parameters: null });
      sql = "";
    }
  }
  if (sql !== "") steps.push({ sql, parameters: null });
  return steps;
}

/** Whether a text ends inside of dollar quotes. */
function isOpen(sql: string): boolean {
  let tag: string | null = null;
  for (const [found] of sql.matchAll(/\$[a-z]*\$/g)) {
    if (tag === null) tag = found;
    else if (tag === found) tag = null;
  }
  return tag !== null;
}
