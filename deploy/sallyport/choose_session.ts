/** Which sessions are meant by what the command line says. @module */
import { CommandError } from "./failure.ts";
import type { OpenedSession } from "./log_reader.ts";
import { secondOf } from "./session_list.ts";

/** Sessions that are named when a beginning fits several. */
const namedMax = 5;

/** Says whether a person or agent of the chain is meant by `text`. */
export function concerns(
  { principal }: Pick<OpenedSession, "principal">,
  text: string | null,
): boolean {
  if (text === null) return true;
  const wanted = text.toLowerCase();
  const names = [principal.person, principal.name, ...principal.actors];
  return names.some((name) => name.toLowerCase().includes(wanted));
}

/** The one session whose id is, or begins with, `wanted`. @throws CommandError when not one. */
export async function findSession(
  sessions: AsyncIterable<OpenedSession> | Iterable<OpenedSession>,
  wanted: string,
  epoch: string,
): Promise<OpenedSession> {
  const found: OpenedSession[] = [];
  let count = 0;
  for await (const session of sessions) {
    const { session: id } = session.key;
    if (id === wanted) return session;
    if (wanted === "" || !id.startsWith(wanted)) continue;
    count++;
    if (found.length < namedMax) found.push(session);
  }
  const [first] = found;
  if (first !== undefined && count === 1) return first;
  if (first === undefined) {
    const hint = "sallyport sessions lists them; --epoch names another month";
    throw new CommandError(`no session of ${epoch} has an id that begins so`, hint);
  }
  const names = found.map(({ key, openedAt }) => `${key.session} (${secondOf(openedAt)})`);
  const more = count > found.length ? `, and ${count - found.length} more` : "";
  throw new CommandError(
    `${count} sessions begin so: ${names.join(", ")}${more}`,
    "write more characters of the id",
  );
}
