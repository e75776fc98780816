/**
 * Secrets of an installation: made once, kept, and never made anew while something is there that
 * only the lost one opens or proves.
 *
 * @module
 */

/** A secret is gone, and what it opens or proves is still there. */
export class LostSecretError extends Error {
  override readonly name = "LostSecretError";
  readonly hint: string;
  constructor(path: string, needsIt: string) {
    super(`${path} is gone, and ${needsIt} is of no use without it`);
    this.hint = `put it back from your copy; to begin anew without it, move ${needsIt} away`;
  }
}

/**
 * Reads the secret at `path`; makes it where there is none. `needsIt` is a file or folder that was
 * made with it.
 *
 * @throws LostSecretError when the secret is gone and `needsIt` is there.
 */
export async function ensureSecret(
  path: string,
  make: () => string | Promise<string>,
  needsIt?: string,
): Promise<string> {
  const kept = await Deno.readTextFile(path).catch(unlessMissing);
  if (kept !== null) return kept.trim();
  if (needsIt !== undefined && await Deno.stat(needsIt).catch(unlessMissing) !== null) {
    throw new LostSecretError(path, needsIt);
  }
  const made = await make();
  await Deno.writeTextFile(path, `${made}\n`, { mode: 0o600, createNew: true });
  return made;
}

function unlessMissing(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}
