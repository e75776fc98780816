/** Programs whose operands play different parts: copies, archives, searches. @module */
import type { Call } from "../draft.ts";
import { plain, unknown, type Value } from "../words.ts";
import { argumentsOf, described, hasOption, optionValues, type Program } from "./arguments.ts";

export const filePrograms: readonly (readonly [string, Program])[] = [
  ["cp", copy],
  ["mv", copy],
  ["install", copy],
  ["ln", link],
  ["dd", duplicate],
  ...["gzip", "bzip2", "xz", "zstd", "gunzip", "bunzip2", "unxz"]
    .map((name): [string, Program] => [name, pack]),
  ["tar", archive],
  ["zip", zip],
  ["less", page],
  ["more", page],
  ["most", page],
  ["zless", page],
  ["man", readManual],
  ...["grep", "egrep", "fgrep", "zgrep", "zegrep", "zfgrep"]
    .map((name): [string, Program] => [name, search]),
  ["mktemp", makeTemporary],
  ["unzip", unzip],
  ["split", split],
  ["csplit", split],
];

const copyOptions = described(
  "-abdfiHlLnPpRrsuvxTZ -S: -t: --target-directory: --parents --recursive --archive --force " +
    "--interactive --no-clobber --no-dereference --dereference --preserve= --no-preserve: " +
    "--update= --verbose --one-file-system --symbolic-link --link --backup= --suffix: --reflink= " +
    "--sparse: --strip-trailing-slashes --no-target-directory --remove-destination --debug ; text*",
);
const installOptions = described(
  "-bcCdDpTv -m: -o: -g: -S: -t: --mode: --owner: --group: --directory --target-directory: " +
    "--compare --preserve-timestamps --verbose --backup= --suffix: --no-target-directory ; text*",
);

function copy(call: Call): void {
  const installs = call.command === "install";
  const given = argumentsOf(call, installs ? installOptions() : copyOptions());
  const [into] = optionValues(given, "-t", "--target-directory");
  const sources = [...given.operands];
  if (installs && hasOption(given, "-d", "--directory")) {
    for (const directory of sources) call.write(directory, "mkdir");
    return;
  }
  const target = into ?? sources.pop();
  if (into === undefined && target?.several) sources.push(target);
  const details = hasOption(given, "-r", "-R", "-a", "--recursive", "--archive")
    ? ["recursive"]
    : [];
  for (const source of sources) {
    call.read(source, ...details);
    if (call.command === "mv") call.write(source, "rename");
  }
  if (target === undefined) return;
  const links = hasOption(given, "-s", "-l", "--symbolic-link", "--link") ? ["link"] : [];
  const changes = call.command === "mv" ? ["rename"] : [...details, ...links];
  for (const place of destinationsOf(target, sources, into !== undefined)) {
    call.write(place, ...changes);
  }
}

/** A directory takes its sources by their names; whether it is one shows only by its slash. */
function destinationsOf(
  target: Value,
  sources: readonly Value[],
  isDirectory: boolean,
): readonly Value[] {
  const { text } = target;
  if (text === null) return [target];
  const certain = isDirectory || text.endsWith("/") || /^(.*\/)?\.{1,2}$/.test(text);
  const within = sources.map((source): Value => {
    const name = /([^/]+)\/*$/.exec(source.text ?? "")?.[1];
    if (name === undefined || name === ".." || source.text === null) return unknown;
    const pattern = target.pattern || source.pattern;
    return { ...target, text: name === "." ? text : `${text}/${name}`, pattern };
  });
  return certain && sources.length > 0 ? within : [target, ...within];
}

/** Whoever may make a link may reach its target through it, so both ends are judged. */
function link(call: Call): void {
  const given = argumentsOf(call, linkOptions());
  const [into] = optionValues(given, "-t", "--target-directory");
  const targets = [...given.operands];
  const place = into ?? (targets.length > 1 ? targets.pop() : plain("."));
  for (const target of targets) call.read(target, "link");
  if (place === undefined) return;
  for (const target of targets) {
    // What a symbolic link says is seen from where the link is.
    const { text, tilde } = target;
    if (text === null || text.startsWith("/") || tilde !== "none") continue;
    if (/(^|\/)\.\.(\/|$)/.test(text)) call.opaque("unclear_path");
    if (place.text === null || !hasOption(given, "-s", "--symbolic")) continue;
    const folder = place.text.includes("/")
      ? place.text.slice(0, place.text.lastIndexOf("/"))
      : ".";
    call.read({ ...place, text: `${folder === "" ? "/" : folder}/${text}` }, "link");
    call.read({ ...place, text: `${place.text}/${text}` }, "link");
  }
  for (const made of destinationsOf(place, targets, into !== undefined)) call.write(made, "link");
}
const linkOptions = described(
  "-bdfFiLnPrsTv -S: -t: --symbolic --force --no-dereference --relative --verbose --interactive " +
    "--target-directory: --backup= --suffix: --physical --logical --no-target-directory ; text*",
);

function duplicate(call: Call): void {
  for (const word of call.words) {
    const [key, ...rest] = (word.text ?? "").split("=");
    const value = { ...plain(rest.join("=")), pattern: word.pattern };
    if (word.text === null) call.opaque("unclear_argument");
    else if (key === "if") call.read(value);
    else if (key === "of") call.write(value, "truncate");
    else if (key === "conv" && !keepsText.test(value.text ?? "")) call.opaque("encoded");
    else if (
      !/^(bs|cbs|ibs|obs|count|skip|seek|conv|status|iflag|oflag|--version)$/.test(key ?? "")
    ) {
      call.opaque("unknown_option");
    }
  }
}

/** Of dd's conversions: those after which a text is still read as one. */
const keepsText =
  /^(?:(?:notrunc|noerror|sync|fsync|fdatasync|excl|nocreat|sparse|lcase|ucase)(?:,|$))*$/;

/** In a file's place comes its packed form, or back; what leaves packed is masked by nobody. */
function pack(call: Call): void {
  const given = argumentsOf(call, packOptions());
  const has = (...names: readonly string[]) => hasOption(given, ...names);
  const looks = has("-l", "--list", "-t", "--test");
  const unpacks = /^(?:gunzip|bunzip2|unxz)$/.test(call.command) || has("-d", "--decompress");
  if (!looks && (!unpacks || has("-z"))) call.opaque("encoded");
  const deep = has("-r", "--recursive") ? ["recursive"] : [];
  for (const operand of given.operands) {
    if (operand.text === "-") continue;
    call.read(operand, ...deep);
    if (!looks && !has("-c", "--stdout")) call.write(operand, "replace", ...deep);
  }
}
const packOptions = described(
  "-0123456789acdefhkNnqrstvzl -o> -S: -T: -M: --stdout --decompress --force --keep --list --recursive " +
    "--test --fast --best --rm --threads: ; text*",
);

const tarOptions = described(
  "-cxtruAdvzjJZapkOhWlmoPSUwiBns0 -f: -C: -T? -X< -I! -b: -g> -K: -N: -L: -V: -F? --create " +
    "--extract --get --list --append --update --diff --compare --delete --concatenate --file: " +
    "--directory: --gzip --gunzip --ungzip --bzip2 --xz --zstd --lzma --auto-compress --verbose " +
    "--preserve-permissions --same-permissions --same-owner --no-same-owner " +
    "--no-same-permissions --keep-old-files --keep-newer-files --overwrite --to-stdout --exclude: " +
    "--exclude-vcs --strip-components: --wildcards --no-wildcards --anchored --no-recursion " +
    "--numeric-owner --owner: --group: --mode: --mtime: --sort: --totals --one-file-system " +
    "--absolute-names --dereference --null --exclude-from< --files-from? --to-command? " +
    "--checkpoint= --checkpoint-action? --use-compress-program! --info-script? " +
    "--new-volume-script? --rsh-command? --rmt-command? --format: --sparse --touch --verify ; text*",
);
const packing = ("-z -j -J -Z -a --gzip --bzip2 --xz --zstd --lzma --auto-compress").split(" ");
/** Letters that take a word in a bundle without a dash, as `tar xzfC a.tgz dir`. */
const tarValues = "fCTXIbgKNLVF";

function archive(call: Call): void {
  const [first, ...rest] = call.words;
  if (first?.several) call.opaque("several_words");
  const bundle = /^[A-Za-z]+$/.test(first?.text ?? "") ? first?.text ?? "" : "";
  const words = bundle === "" ? call.words : unbundled(bundle, rest);
  const given = argumentsOf(call, tarOptions(), words);
  const files = optionValues(given, "-f", "--file");
  const inside = optionValues(given, "-C", "--directory");
  const has = (...names: readonly string[]) => hasOption(given, ...names);
  if (files.some(({ text }) => /^[^/]*:/.test(text ?? ""))) call.network(null);
  const named = files.filter(({ text }) => text !== "-");
  const creates = has("-c", "-r", "-u", "-A", "--create", "--append", "--update", "--concatenate");
  if (creates && has(...packing)) call.opaque("encoded");
  if (creates || has("--delete")) {
    for (const file of named) call.write(file, "archive");
    for (const member of given.operands) {
      for (const place of placesOf(member, inside)) call.read(place, "recursive");
    }
    return;
  }
  for (const file of named) call.read(file, "archive");
  if (!has("-x", "--extract", "--get") || has("-O", "--to-stdout")) return;
  if (has("-P", "--absolute-names")) call.opaque("unclear_path");
  for (const place of inside.length > 0 ? inside : [plain(".")]) call.write(place, "extract");
}

/** A member as seen from each directory that tar changes to; one may be below another. */
function placesOf(member: Value, inside: readonly Value[]): readonly Value[] {
  const absolute = member.text === null || member.text.startsWith("/") || member.tilde !== "none";
  if (inside.length === 0 || absolute) return [member];
  if (inside.length > 1) return [unknown];
  return inside.map((place) => {
    return place.text === null ? unknown : { ...place, text: `${place.text}/${member.text}` };
  });
}

function unbundled(letters: string, rest: readonly Value[]): Value[] {
  const waiting = [...rest];
  const words: Value[] = [];
  for (const letter of letters) {
    words.push(plain(`-${letter}`));
    const value = tarValues.includes(letter) ? waiting.shift() : undefined;
    if (value !== undefined) words.push(value);
  }
  return [...words, ...waiting];
}

function zip(call: Call): void {
  call.opaque("encoded");
  const { operands } = argumentsOf(call, zipOptions());
  const [file, ...members] = operands;
  if (file?.several) members.push(file);
  if (file !== undefined && file.text !== "-") call.write(file, "archive");
  for (const member of members) if (member.text !== "-") call.read(member, "recursive");
}
const zipOptions = described("-# -rqjuvDXyofFe -x: -i: -P: -b: ; text*");

/** On a terminal a pager takes commands from the keys, to run programs too. */
function page(call: Call): void {
  if (call.draft.surroundings.terminal) call.opaque("interactive");
  const { operands } = argumentsOf(call, pageOptions());
  for (const operand of operands) {
    // `+!command` is run when it starts.
    if (operand.text?.startsWith("+")) call.opaque("inline_code");
    else if (operand.text !== "-") call.read(operand);
  }
}
const pageOptions = described(
  "-* -b: -h: -j: -k? -o> -O> -p: -P: -t? -T? -x: -y: -z: --log-file> --LOG-FILE> --tag? " +
    "--lesskey-file? --lesskey-src? --lesskey-content? --pattern: --prompt: ; text*",
);

function readManual(call: Call): void {
  if (call.draft.surroundings.terminal) call.opaque("interactive");
  for (const operand of argumentsOf(call, manualOptions()).operands) {
    if (operand.text === null || operand.text.includes("/")) call.read(operand);
  }
}
const manualOptions = described("-afkwWK -s: -S: -L: -M: -P? -H? -C? ; text*");

function unzip(call: Call): void {
  const given = argumentsOf(call, unzipOptions());
  const [file] = given.operands;
  if (file !== undefined) call.read(file, "archive");
  const looks = hasOption(given, "-l", "-t", "-p", "-c", "-v", "-z", "-Z");
  // `-d>` has named the place.
  if (!looks && !hasOption(given, "-d")) call.write(plain("."), "extract");
}
const unzipOptions = described("-abcCfjlnopqtuvzLUWXZ -d> -x: -P: ; text*");

/** Pieces are named by a prefix, which is `x` or `xx` when none is given. */
function split(call: Call): void {
  const given = argumentsOf(call, splitOptions());
  const [file, prefix] = given.operands;
  if (file?.several) call.opaque("several_words");
  if (file !== undefined && file.text !== "-") call.read(file);
  if (call.command === "split") call.write(prefix ?? plain("x"), "create");
  else if (!hasOption(given, "-f", "--prefix")) call.write(plain("xx"), "create");
}
const splitOptions = described(
  "-dekqsuxz -# -a: -b: -C: -f> -l: -n: -t: --bytes: --lines: --number: --suffix-length: " +
    "--verbose --numeric-suffixes= --hex-suffixes= --additional-suffix: --filter? --prefix> " +
    "--digits: --quiet --elide-empty-files ; text*",
);

function makeTemporary(call: Call): void {
  const given = argumentsOf(call, temporaryOptions());
  const [folder] = optionValues(given, "-p", "--tmpdir");
  const [name] = given.operands;
  const inTemporary = folder !== undefined || hasOption(given, "-t", "--tmpdir");
  if (name !== undefined && !inTemporary) call.write(name, "create");
  else call.write(folder ?? plain("/tmp"), "create");
}
const temporaryOptions = described("-dqtu -p: --directory --quiet --tmpdir= --suffix: ; text");

function search(call: Call): void {
  const given = argumentsOf(call, searchOptions());
  const files = [...given.operands];
  const told = hasOption(given, "-e", "-f", "--regexp", "--file");
  // Of a word that becomes several, the first is searched for in the others.
  if (!told && files[0]?.several !== true) files.shift();
  const [directories] = optionValues(given, "-d");
  const recursive = hasOption(given, "-r", "-R", "--recursive", "--dereference-recursive") ||
    directories !== undefined && directories.text !== "skip" && directories.text !== "read";
  if (recursive && files.length === 0) files.push(plain("."));
  for (const file of files) {
    if (file.text !== "-") call.read(file, ...(recursive ? ["recursive"] : []));
  }
}
const searchOptions = described(
  "-# -abcEFGHhIiLlNnoPqRrsTUuvwxyzZS -A: -B: -C: -D: -d: -e: -f< -m: --after-context: " +
    "--before-context: --context: --color= --colour= --count --exclude: --include: --exclude-dir: " +
    "--extended-regexp --fixed-strings --perl-regexp --basic-regexp --file< --files-with-matches " +
    "--files-without-match --ignore-case --invert-match --line-number --line-regexp --max-count: " +
    "--no-filename --with-filename --no-messages --null --null-data --only-matching --quiet " +
    "--silent --recursive --dereference-recursive --regexp: --text --word-regexp --byte-offset " +
    "--line-buffered --binary-files: --label: --no-ignore-case --initial-tab --smart-case " +
    "--no-heading --hidden --no-ignore --glob: --type: -g: -t: -j: ; text read*",
);
