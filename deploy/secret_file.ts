/**
 * Secrets of an installation: made once, kept, and never made anew while something is there that
 * only the lost one opens or proves.
 *
 * @module
 */

/** A secret cannot be used as it is. */
export abstract class SecretError extends Error {
  /** What to do. */
  abstract readonly hint: string;
}

/** A secret is gone, and what it opens or proves is still there. */
export class LostSecretError extends SecretError {
  override readonly name = "LostSecretError";
  readonly hint: string;
  constructor(path: string, needsIt: string, otherwise?: string) {
    super(`${path} is gone, and ${needsIt} is of no use without it`);
    const anew = otherwise ?? `to begin anew without it, move ${needsIt} away`;
    this.hint = `put it back from your copy; ${anew}`;
  }
}

/** A key knows nothing of the one that is published: another was in its place already. */
export class OutdatedKeyError extends SecretError {
  override readonly name = "OutdatedKeyError";
  readonly hint: string;
  constructor(path: string, published: string) {
    super(`${path} is older than the key of ${published}, or that is not this installation's`);
    this.hint =
      `put keys/ back from your newest copy; where that is lost, move ${path} away, and ` +
      `sallyport rotate follows the published key; where nobody of yours published it, remove ` +
      `${published}, and find out who did`;
  }
}

/**
 * Reads the secret at `path`; makes it where there is none. `needsIt` is a file or folder that was
 * made with it; `otherwise` says what else may be done when only that is there.
 *
 * @throws LostSecretError when the secret is gone and `needsIt` is there.
 */
export async function ensureSecret(
  path: string,
  make: () => string | Promise<string>,
  needsIt?: string,
  otherwise?: string,
): Promise<string> {
  const kept = await Deno.readTextFile(path).catch(unlessMissing);
  if (kept !== null) return kept.trim();
  if (needsIt !== undefined && await Deno.stat(needsIt).catch(unlessMissing) !== null) {
    throw new LostSecretError(path, needsIt, otherwise);
  }
  const made = await make();
  await Deno.writeTextFile(path, `${made}\n`, { mode: 0o600, createNew: true });
  return made;
}

function unlessMissing(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}
