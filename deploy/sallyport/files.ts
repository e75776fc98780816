/** Files that the command line names. @module */
import { CommandError } from "./failure.ts";

/** Longer files are not what is asked for here. */
const fileBytesMax = 4 * 1024 * 1024;

/** Reads a file, or standard input for `-`. @throws CommandError naming it and why it cannot be. */
export async function readNamed(path: string, what: string): Promise<Uint8Array> {
  try {
    if (path === "-") return await readStream(Deno.stdin.readable, what);
    using file = await Deno.open(path);
    return await readStream(file.readable, what);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = error instanceof Deno.errors.NotFound
      ? "it is not there"
      : error instanceof Error
      ? error.name
      : "unknown";
    throw new CommandError(`cannot read ${what} from ${path}: ${why}`, "name another file");
  }
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  what: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length > fileBytesMax) {
      throw new CommandError(`${what} is longer than ${fileBytesMax} bytes`, "name another file");
    }
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

const tokenBytesMax = 64 * 1024;

/** Reads a token from a file or standard input. @throws CommandError when there is none in it. */
export async function readToken(path: string, what: string): Promise<string> {
  if (path === "-" && Deno.stdin.isTerminal()) {
    throw new CommandError(`${what} is missing`, "name its file, or send it to standard input");
  }
  const text = new TextDecoder().decode(await readNamed(path, what)).trim();
  if (text.length > 0 && text.length <= tokenBytesMax && /^[\x21-\x7e]+$/.test(text)) return text;
  const hint = "it is one word in a file of its own, such as a JWT";
  throw new CommandError(`${what} is no token (${text.length} characters)`, hint);
}
