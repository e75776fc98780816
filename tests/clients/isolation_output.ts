/**
 * What isolationtester prints, without the moments at which sessions heard notices.
 *
 * It writes each session's notices between its own lines as they come, and `<waiting ...>` once a
 * session waits for a lock and was silent for 10 ms. Sessions through the gateway are stored each
 * by itself, and which of two hears something first is promised by nobody.
 *
 * @module
 */

/** The lines of each permutation in order; behind them the notices of each session in order. */
export function withoutMoments(text: string): string {
  return text.split(/^(?=starting permutation:)/m).map((permutation) => {
    const lines: string[] = [];
    const heard = new Map<string, string[]>();
    for (const line of permutation.split("\n")) {
      const session = /^(\w+): (?:NOTICE|WARNING): {2}/.exec(line)?.[1];
      if (session === undefined) lines.push(line);
      else heard.set(session, [...heard.get(session) ?? [], line]);
    }
    const sessions = [...heard.keys()].toSorted();
    return [...lines, ...sessions.flatMap((session) => heard.get(session) ?? [])].join("\n");
  }).join("\n");
}
