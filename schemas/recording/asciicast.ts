/**
 * Asciicast version 3: a recorded terminal, a JSON document a line.
 * https://docs.asciinema.org/manual/asciicast/v3/
 *
 * @module
 */
export type CastHeader = {
  readonly columns: number;
  readonly rows: number;
  /** Null where there is no terminal. */
  readonly terminal: string | null;
  /** When it began, milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly title: string;
};
export type CastEvent = {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Output, a new size `80x24`, a marker, the exit status. */
  readonly code: "o" | "r" | "m" | "x";
  readonly data: string;
};

/** The first line of a cast. */
export function castHeader(header: CastHeader): string {
  const { columns, rows, terminal, startedAtMs, title } = header;
  const type = terminal === null ? {} : { type: terminal };
  const timestamp = Math.floor(startedAtMs / 1000);
  const term = { cols: columns, rows, ...type };
  return `${JSON.stringify({ version: 3, term, timestamp, title })}\n`;
}

/** Gives the line of each event: intervals are seconds since the event before. */
export function castLines(startedAtMs: number): (event: CastEvent) => string {
  let before = startedAtMs;
  return ({ atMs, code, data }) => {
    const interval = Math.max(0, atMs - before) / 1000;
    before = Math.max(before, atMs);
    return `${JSON.stringify([interval, code, data])}\n`;
  };
}

export type Pace = {
  /** 2 is twice as fast. */
  readonly speed: number;
  /** Longer pauses are shortened to this, milliseconds, before speed is applied. */
  readonly pauseMsMax?: number;
};

/** Moves events closer together. @throws RangeError when the speed is not above 0. */
export function pacer({ speed, pauseMsMax = Infinity }: Pace): (event: CastEvent) => CastEvent {
  if (!(speed > 0)) throw new RangeError("Cannot replay: speed is not above 0");
  let before: number | null = null;
  let atMs = 0;
  return (event) => {
    const passed = before === null ? 0 : Math.max(0, event.atMs - before);
    atMs = before === null ? event.atMs : atMs + Math.min(passed, pauseMsMax) / speed;
    before = Math.max(before ?? event.atMs, event.atMs);
    return { ...event, atMs };
  };
}
