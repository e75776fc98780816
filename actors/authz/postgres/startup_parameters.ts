/**
 * The start-up parameters a client may send: settings that are harmless with this value, and the
 * search path, which the session's state must know.
 *
 * @module
 */
import { parseSearchPath } from "#schemas/sql/search_path.ts";
import { changesReading, isHarmlessSetting, isRole } from "../analysis/settings.ts";
import { applyChange, freshSession, type SessionState } from "../analysis/session.ts";

export type StartupSession = {
  readonly session: SessionState;
  /** The first parameter that is not harmless: to set it takes the right to administer. */
  readonly administers: string | null;
  /** Statements may be read in another way than here: it takes every right. */
  readonly unread: boolean;
};

/** The session as it starts. */
export function startupSession(
  parameters: Readonly<Record<string, string>>,
  searchPath: readonly string[] | null,
): StartupSession {
  let path = searchPath;
  const settings = Object.entries(parameters).filter(([name]) => name !== "options");
  const options = parseOptions(parameters["options"] ?? "");
  // What is not understood may set the path as well.
  if (options === null) {
    return { session: freshSession(null), administers: "options", unread: true };
  }
  let unread = false;
  let administers: string | null = null;
  for (const [name, value] of [...settings, ...options]) {
    const lower = name.toLowerCase();
    const parsed = lower === "search_path" ? parseSearchPath(value) : null;
    if (lower === "search_path") path = parsed;
    const harmless = lower === "search_path" ? parsed !== null : isHarmlessSetting(lower, [value]);
    if (!harmless) administers ??= lower;
    unread ||= !harmless && changesReading(lower);
  }
  const session = freshSession(path);
  const isOther = [...settings, ...options].some(([name]) => isRole(name.toLowerCase()));
  return {
    session: isOther ? applyChange(session, { kind: "role", local: false }) : session,
    administers,
    unread,
  };
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
