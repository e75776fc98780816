/**
 * A timeline for people: text with its pauses, for a terminal; asciicast v3, for players; JSON
 * lines, for programs. All three come from the same entries.
 *
 * @module
 */
import { unreachable } from "#schemas/unreachable.ts";
import type { OutputItem } from "./output.ts";
import { tableWriter } from "./table.ts";
import { blockText, lineText } from "./text.ts";
import type { TimelineEntry } from "./timeline.ts";

export type RenderOptions = {
  /** 1 as it was, 2 twice as fast; `Infinity` without pauses. */
  readonly speed: number;
  /** A longer pause is shortened to this, milliseconds, before speed is applied. */
  readonly pauseMsMax?: number;
  readonly limits?: RenderLimits;
};
export type RenderLimits = {
  readonly cellCharactersMax: number;
  readonly lineCharactersMax: number;
  readonly statementLinesMax: number;
  readonly copyLinesMax: number;
};
const renderLimits: RenderLimits = {
  cellCharactersMax: 40,
  lineCharactersMax: 200,
  statementLinesMax: 40,
  copyLinesMax: 50,
};
const pauseMsMaxDefault = 3000;

/** Lines end in "\n"; wait `delayMs` before showing `text`. */
export type Chunk = { readonly delayMs: number; readonly text: string };
type Timeline = AsyncIterable<TimelineEntry> | Iterable<TimelineEntry>;

/** The timeline as text. @throws RangeError when the speed is not above 0. */
export async function* renderReplay(
  timeline: Timeline,
  options: RenderOptions,
): AsyncGenerator<Chunk> {
  const { speed, pauseMsMax = pauseMsMaxDefault, limits = renderLimits } = options;
  if (!(speed > 0)) throw new RangeError("Cannot replay: speed is not above 0");
  const table = tableWriter(limits);
  let before: number | null = null;
  for await (const entry of timeline) {
    const passed = before === null ? 0 : Math.max(0, entry.at - before);
    before = entry.at;
    const lines = linesOf(entry, table, limits);
    const text = lines.map((line) => `${line}\n`).join("");
    yield { delayMs: Math.min(passed, pauseMsMax) / speed, text };
  }
}

/** The timeline as one JSON document a line. */
export async function* replayJson(timeline: Timeline): AsyncGenerator<string> {
  for await (const entry of timeline) yield `${JSON.stringify(entry)}\n`;
}

/**
 * The timeline as an asciicast, version 3: a header, then `[seconds since the one before, code,
 * data]`. https://docs.asciinema.org/manual/asciicast/v3/
 */
export async function* asciicast(
  timeline: Timeline,
  options: Partial<RenderOptions> & { readonly title?: string; readonly columns?: number } = {},
): AsyncGenerator<string> {
  const { title, columns = 120, ...rest } = options;
  let begun = false;
  let startedAt: number | null = null;
  const chunks = renderReplay(noted(timeline, (at) => startedAt ??= at), { speed: 1, ...rest });
  for await (const { delayMs, text } of chunks) {
    if (!begun) yield header();
    begun = true;
    const seconds = Math.round(delayMs) / 1000;
    yield `${JSON.stringify([seconds, "o", text.replaceAll("\n", "\r\n")])}\n`;
  }
  if (!begun) yield header();
  yield `${JSON.stringify([0, "x", "0"])}\n`;

  function header(): string {
    const timestamp = startedAt === null ? {} : { timestamp: Math.floor(startedAt / 1000) };
    const name = title === undefined ? {} : { title };
    return `${
      JSON.stringify({ version: 3, term: { cols: columns, rows: 40 }, ...timestamp, ...name })
    }\n`;
  }
}

async function* noted(
  timeline: Timeline,
  note: (at: number) => void,
): AsyncGenerator<TimelineEntry> {
  for await (const entry of timeline) {
    note(entry.at);
    yield entry;
  }
}

type WriteTable = ReturnType<typeof tableWriter>;

function linesOf(entry: TimelineEntry, table: WriteTable, limits: RenderLimits): string[] {
  const short = (text: string) => lineText(text, limits.lineCharactersMax);
  const head = (text: string) => `${clock(entry.at)}  ${short(text)}`;
  const under = (text: string) => `          ${short(text)}`;
  switch (entry.kind) {
    case "opened": {
      const { principal, connection, client } = entry;
      const through = principal.actors.map((actor) => ` through ${actor}`).join("");
      const purpose = principal.purpose === "" ? "" : `, purpose ${principal.purpose}`;
      return [
        head(`session opens: ${principal.name} (${principal.person})${through}`),
        under(`to ${connection} as ${client.user}${purpose}, ${client.application}`),
      ];
    }
    case "request": {
      const bytes = `request ${entry.request}, ${entry.bytes} bytes`;
      const what = entry.operation === "" ? bytes : `${bytes}: ${entry.operation}`;
      const more = entry.omitted > 0 ? [under(`… ${entry.omitted} more messages`)] : [];
      const statements = entry.statements.flatMap(({ message, text }) => {
        const lines = blockText(text, limits.statementLinesMax, limits.lineCharactersMax);
        return lines.map((line, index) => index === 0 ? `> ${message} ${line}` : `>   ${line}`);
      });
      return [head(what), ...statements, ...more];
    }
    case "verdict": {
      const by = entry.policies.length === 0 ? "" : ` by ${entry.policies.join(", ")}`;
      const reasons = entry.reasons.flatMap(({ message, hint }) =>
        hint === "" ? [under(message)] : [under(message), under(`hint: ${hint}`)]
      );
      return [head(`verdict on ${entry.request}: ${entry.decision}${by}`), ...reasons];
    }
    case "approval":
      return approvalLines(entry, head, under);
    case "outcome": {
      const { request, status, rows, durationMs, sqlstate, cut, refused } = entry;
      const code = sqlstate === null ? "" : `, SQLSTATE ${sqlstate}`;
      const count = rows === 1 ? "1 row" : `${rows} rows`;
      const ended = cut === null ? "" : `, ended at the ${cut.of}'s limit of ${cut.by}`;
      const what = `${status}, ${count}, ${durationMs} ms${code}${ended}`;
      return [head(`outcome of ${request}: ${what}`), ...refused === null ? [] : [under(refused)]];
    }
    case "output": {
      const counts = Object.entries(entry.masked).map(([name, count]) => `${count} ${name}`);
      const masked = counts.length === 0 ? [] : [under(`masked: ${counts.join(", ")}`)];
      return [...entry.items.flatMap((item) => itemLines(item, table, limits)), ...masked];
    }
    case "closed":
      return [head(`session closes: ${entry.reason}, ${entry.requests} requests`)];
    case "viewed":
      return [head(`${entry.what} read by ${entry.by.name} (${entry.by.person})`)];
    case "unreadable":
      return [head(`[${entry.frame} frame ${entry.sequence} is not understood]`)];
    default:
      return unreachable(entry);
  }
}

function approvalLines(
  entry: Extract<TimelineEntry, { kind: "approval" }>,
  head: (text: string) => string,
  under: (text: string) => string,
): string[] {
  const { id, state, needs, by } = entry;
  if (by !== null) {
    const what = state === "voted" ? (by.decision === "approve" ? "approved" : "refused") : state;
    const why = by.justification === "" ? [] : [under(`because: ${by.justification}`)];
    return [head(`approval ${id}: ${what} by ${by.name} (${by.person})`), ...why];
  }
  const wanted = needs.map(({ group, quorum }) => `${quorum} of ${group}`).join(", ");
  const until = state === "asked" ? `: ${wanted}, until ${entry.expiresAt}` : "";
  return [head(`approval ${id}: ${state}${until}`)];
}

function itemLines(item: OutputItem, table: WriteTable, limits: RenderLimits): string[] {
  const short = (text: string) => lineText(text, limits.lineCharactersMax);
  switch (item.kind) {
    case "rows":
      return table(item);
    case "copy": {
      const lines = blockText(item.lines.join("\n"), limits.copyLinesMax, limits.lineCharactersMax);
      return item.omittedBytes > 0 ? [...lines, `… ${item.omittedBytes} more bytes`] : lines;
    }
    case "complete":
      return [short(item.tag)];
    case "error":
    case "notice": {
      const { detail, hint } = item;
      return [
        short(`${item.severity}:  ${item.message} (${item.sqlstate})`),
        ...(detail === null ? [] : [short(`DETAIL:  ${detail}`)]),
        ...(hint === null ? [] : [short(`HINT:  ${hint}`)]),
      ];
    }
    case "notification":
      return [short(`notification on ${item.channel}`)];
    case "unreadable":
      return ["[what follows of this response is not understood]"];
    default:
      return unreachable(item);
  }
}

/** Time of day in UTC, `09:00:00`. */
function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
