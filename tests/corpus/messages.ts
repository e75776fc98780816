/**
 * A step of the corpus as the messages of a client. A step that begins with `\wire` writes them
 * out, with ` | ` between them and `-` for a name that is empty; a Sync stands behind the last:
 *
 * ```text
 * \wire parse s(text,careful): select $1, $2 | bind p=s[1,0] x y | describe portal p | execute p 1
 * ```
 *
 * @module
 */
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { Step } from "./entries.ts";

/** How statements without parameters go: as simple queries, or extended with binary results. */
export type Mode = "simple" | "binary";

/** The types of parameters that a step names. */
export function typeNamesOf({ sql }: Step): readonly string[] {
  return wireParts(sql).flatMap((part) => listed(parseForm.exec(part)?.groups?.["types"]));
}

/** `types` are the oids of those names. */
export function messagesOf(
  { sql, parameters }: Step,
  mode: Mode,
  types: ReadonlyMap<string, number>,
): readonly FrontendMessage[] {
  const parts = wireParts(sql);
  if (parts.length > 0) {
    return [...parts.map((part) => messageOf(part, types)), { kind: "sync" }];
  }
  if (parameters === null && mode === "simple") return [{ kind: "query", text: sql }];
  return [
    { kind: "parse", statement: "", text: sql, parameterTypes: [] },
    {
      kind: "bind",
      portal: "",
      statement: "",
      parameterFormats: [],
      parameters: (parameters ?? []).map(encode),
      resultFormats: mode === "binary" ? [1] : [0],
    },
    { kind: "describe", target: "portal", name: "" },
    { kind: "execute", portal: "", rowsMax: 0 },
    { kind: "sync" },
  ];
}

const prefix = "\\wire ";
const parseForm = /^parse (?<name>[\w-]+)(?:\((?<types>[^)]*)\))?: (?<text>.+)$/s;
const bindForm = /^bind (?<portal>[\w-]+)=(?<from>[\w-]+)(?:\[(?<formats>[01,]*)\])?(?<values>.*)$/;
const namedForm = /^(?<kind>describe|close) (?<target>statement|portal) (?<name>[\w-]+)$/;
const executeForm = /^execute (?<name>[\w-]+)(?: (?<rows>\d+))?$/;

function messageOf(part: string, types: ReadonlyMap<string, number>): FrontendMessage {
  if (part === "sync" || part === "flush" || part === "copy_done") return { kind: part };
  const parse = parseForm.exec(part)?.groups;
  if (parse !== undefined) {
    const { name = "", text = "" } = parse;
    const parameterTypes = listed(parse["types"]).map((type) => types.get(type) ?? 0);
    return { kind: "parse", statement: nameOf(name), text, parameterTypes };
  }
  const bind = bindForm.exec(part)?.groups;
  if (bind !== undefined) {
    const { portal = "", from = "", formats, values = "" } = bind;
    return {
      kind: "bind",
      portal: nameOf(portal),
      statement: nameOf(from),
      parameterFormats: [],
      parameters: values.split(/\s+/).filter((word) => word !== "").map(encode),
      resultFormats: listed(formats).map((format) => format === "1" ? 1 : 0),
    };
  }
  const named = namedForm.exec(part)?.groups;
  if (named !== undefined) {
    const target = named["target"] === "portal" ? "portal" : "statement";
    const kind = named["kind"] === "close" ? "close" : "describe";
    return { kind, target, name: nameOf(named["name"] ?? "") };
  }
  const execute = executeForm.exec(part)?.groups;
  if (execute === undefined) throw new Error(`no message: ${part}`);
  const { name = "", rows = "0" } = execute;
  return { kind: "execute", portal: nameOf(name), rowsMax: Number(rows) };
}

/** The messages that a step writes out; none when it is SQL. */
function wireParts(text: string): readonly string[] {
  if (!text.startsWith(prefix)) return [];
  return text.slice(prefix.length).split(" | ").map((part) => part.trim());
}

function listed(text: string | undefined): readonly string[] {
  return (text ?? "").split(",").filter((word) => word !== "");
}

function nameOf(word: string): string {
  return word === "-" ? "" : word;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
