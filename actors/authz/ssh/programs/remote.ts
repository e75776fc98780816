/**
 * The far ends of scp and rsync, which a client starts by a command line, and the near ends.
 *
 * @module
 */
import type { Call } from "../draft.ts";
import { plain, type Value } from "../words.ts";
import { argumentsOf, described, hasOption, type Program } from "./arguments.ts";

export const remotePrograms: readonly (readonly [string, Program])[] = [
  ["scp", scp],
  ["rsync", rsync],
  ["sftp-server", (call) => call.opaque("sftp_by_exec")],
];

/** `-t` and `-f` are the far end: to here, from here. */
function scp(call: Call): void {
  const given = argumentsOf(call, scpOptions());
  const details = hasOption(given, "-r") ? ["recursive"] : [];
  if (hasOption(given, "-t")) {
    for (const path of given.operands) call.write(path, ...details);
    return;
  }
  if (hasOption(given, "-f")) {
    for (const path of given.operands) call.read(path, ...details);
    return;
  }
  const places = [...given.operands];
  const last = places.pop();
  if (last?.several) places.push(last);
  for (const place of places) fetchOrRead(call, place, "read", details);
  if (last !== undefined) fetchOrRead(call, last, "write", details);
}
const scpOptions = described("-346ABCdfOpqRrTtv -c: -F? -i< -J? -l: -o? -P: -S? -D? -X: ; text*");

/** `host:path` is a file elsewhere. */
function fetchOrRead(
  call: Call,
  place: Value,
  effect: "read" | "write",
  details: readonly string[],
): void {
  const address = /^(?:scp|sftp|rsync|ssh):\/\/(?:[^/@]*@)?([^/:]+)/.exec(place.text ?? "");
  if (address?.[1] !== undefined) return call.network(address[1]);
  const remote = /^(?:[^/:@]*@)?(\[[^\]]+\]|[^/:]+):/.exec(place.text ?? "");
  if (remote?.[1] !== undefined) return call.network(remote[1].replace(/^\[|\]$/g, ""));
  if (effect === "read") call.read(place, ...details);
  else call.write(place, ...details);
}

function rsync(call: Call): void {
  if (call.words.some(({ text }) => text === "--server")) return serveRsync(call);
  const given = argumentsOf(call, rsyncOptions());
  const places = [...given.operands];
  const last = places.length > 1 || places[0]?.several ? places.pop() : undefined;
  if (last?.several) places.push(last);
  const changes = hasOption(given, "--link-dest") ? ["recursive", "link"] : ["recursive"];
  for (const place of places) fetchOrRead(call, place, "read", ["recursive"]);
  if (last !== undefined) fetchOrRead(call, last, "write", changes);
  if (hasOption(given, "--delete", "--delete-after") && last !== undefined) {
    fetchOrRead(call, last, "write", ["remove", "recursive"]);
  }
  if (hasOption(given, "--remove-source-files")) {
    for (const place of places) call.write(place, "remove", "recursive");
  }
}
const rsyncOptions = described(
  "-# -aAbcCdDgGhHiIJklLmnNoOpPqrRStuUvVwWxXyzW0 -f? -T> --archive --recursive --verbose --delete " +
    "--dry-run --exclude: --include: --partial --progress --compress --checksum --times --perms " +
    "--owner --group --links --copy-links --hard-links --human-readable --stats --inplace " +
    "--size-only --update --existing --ignore-existing --remove-source-files --numeric-ids " +
    "--timeout: --bwlimit: --quiet --exclude-from< --include-from< --backup --backup-dir> " +
    "--link-dest< --compare-dest< --copy-dest< --temp-dir> --list-only --info: --delete-after ; text*",
);

/** Options of a server that only say how, by name; those of `serverValues` have a value. */
const serverFlags = new Set(
  ("delete delete-before delete-during delete-after delete-delay delete-excluded " +
    "delete-missing-args partial inplace append append-verify existing ignore-existing " +
    "ignore-missing-args size-only numeric-ids stats force ignore-errors " +
    "copy-unsafe-links mkpath fsync preallocate omit-dir-times fuzzy ignore-times " +
    "list-only super fake-super").split(" "),
);
const serverValues = new Set(
  ("timeout bwlimit max-delete max-size min-size modify-window checksum-choice checksum-seed " +
    "block-size log-format out-format info debug skip-compress usermap groupmap chown iconv " +
    "outbuf max-alloc").split(" "),
);

function saysHow(option: string): boolean {
  const [, name = "", value] = /^--([a-z-]+)(=.*)?$/s.exec(option) ?? [];
  if (value !== undefined) return serverValues.has(name);
  return serverFlags.has(name) || name.startsWith("no-");
}

/** As a client starts it: `rsync --server [--sender] <options> . <path>...`. */
function serveRsync(call: Call): void {
  const paths: Value[] = [];
  const changes = new Set<string>();
  let sender = false;
  let removes = false;
  let links = false;
  let safe = false;
  let relative = false;
  for (const word of call.words) {
    const { text } = word;
    if (text === null) call.opaque("unclear_argument");
    else if (!text.startsWith("-")) {
      paths.push(word);
      // It takes options anywhere, from names that match, too.
      if (word.patternFirst) call.opaque("pattern_as_option");
    } else if (text === "--sender") sender = true;
    else if (text === "--server") continue;
    else if (/^--remove-(source|sent)-files$/.test(text)) removes = true;
    else if (/^--(compare|copy|link)-dest=/.test(text)) {
      call.read(belowPlace(call, text));
      if (text.startsWith("--link")) changes.add("link");
    } else if (/^--(backup-dir|temp-dir|partial-dir)=/.test(text)) {
      call.write(belowPlace(call, text));
    } else if (/^-[A-Za-z0-9]+(\.[A-Za-z0-9.]*)?$/.test(text)) {
      // `s` asks for the arguments over the wire, where nobody judges them; `e` takes a word.
      const [letters = "", version] = text.split(".");
      if (/[sMTBf]/.test(letters) || letters.endsWith("e") && version === undefined) {
        call.opaque("unknown_option");
      }
      if (letters.includes("z")) call.opaque("encoded");
      links ||= letters.includes("l");
      relative ||= letters.includes("R");
    } else if (/^--(?:safe|munge)-links$/.test(text)) safe = true;
    else if (/^--(?:new-|old-)?compress/.test(text)) call.opaque("encoded");
    else if (!saysHow(text)) call.opaque("unknown_option");
    else if (text.startsWith("--delete")) changes.add("remove");
  }
  const [dot, ...places] = paths;
  if (dot?.text !== "." || places.length === 0) call.opaque("unclear_argument");
  // A link that is sent may lead anywhere, and what is asked for by its name later, there.
  if (links && !safe) changes.add("link");
  // Whole paths are then what its client sends, and one that is absolute is taken as it is.
  if (relative && !sender) call.opaque("unclear_path");
  for (const place of places) {
    if (sender) call.read(place, "recursive");
    else call.write(place, "recursive", ...changes);
    if (removes) call.write(place, "remove", "recursive");
  }
}

/** The value of an option, seen from the place that is written to. */
function belowPlace(call: Call, option: string): Value {
  const text = option.slice(option.indexOf("=") + 1);
  if (!text.startsWith("/") && text.split("/").includes("..")) call.opaque("unclear_path");
  return plain(text);
}
