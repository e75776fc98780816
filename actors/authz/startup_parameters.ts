/**
 * The start-up parameters a client may send: settings that are harmless with this value, and the
 * search path, which the session's state must know.
 *
 * @module
 */
import { isHarmlessSetting, parseSearchPath } from "./analysis/settings.ts";
import { freshSession, type SessionState } from "./analysis/session.ts";

/** The session as it starts; or the name of the parameter that is refused. */
export function startupSession(
  parameters: Readonly<Record<string, string>>,
  searchPath: readonly string[] | null,
): SessionState | string {
  let path = searchPath;
  const settings = Object.entries(parameters).filter(([name]) => name !== "options");
  const options = parseOptions(parameters["options"] ?? "");
  if (options === null) return "options";
  for (const [name, value] of [...settings, ...options]) {
    const lower = name.toLowerCase();
    if (lower === "search_path") {
      const parsed = parseSearchPath(value);
      if (parsed === null) return lower;
      path = parsed;
    } else if (!isHarmlessSetting(lower, [value])) return lower;
  }
  return freshSession(path);
}

/** `-c name=value` and `--name=value`, with backslash escapes; null for anything else. */
function parseOptions(text: string): [string, string][] | null {
  const words = text.match(/(?:\\.|[^\s\\])+/g) ?? [];
  const plain = words.map((word) => word.replace(/\\(.)/g, "$1"));
  const settings: [string, string][] = [];
  for (let index = 0; index < plain.length; index++) {
    const word = plain[index] ?? "";
    const body = word === "-c" ? plain[++index] ?? "" : word.replace(/^(-c|--)(?=\w)/, "");
    const match = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(body);
    if (match?.[1] === undefined || match[2] === undefined || body === word) return null;
    settings.push([match[1].replaceAll("-", "_"), match[2]]);
  }
  return settings;
}
