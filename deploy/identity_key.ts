/**
 * Identity's signing key in an installation's folder: made once, published, and followed by another
 * when it is rotated. `keys/identity.jwk` holds the key and what it says of those before it;
 * `public/identity.jwks` is what of it anybody verifies with.
 *
 * **Invariant:** each file is replaced whole. Wherever a rotation is cut off, the next start ends
 * it. A key that does not know the published one, as one from a copy of before a rotation, is not
 * signed with, nor published, nor followed: what was signed since would verify no more, and it may
 * be the one that was stolen.
 *
 * @module
 */
import {
  followingKey,
  newSigningKey,
  type SigningKey,
  signingKey,
} from "#actors/identity/signing_key.ts";
import { identityKeys } from "#actors/_kit/identity_keys.ts";
import { ensureSecret, OutdatedKeyError } from "#deploy/secret_file.ts";

/** How long a key that is followed is good, so that identity may go on until it takes the next. */
const handoverSeconds = 60;

/**
 * Makes the key where there is none, and publishes its public half.
 * @throws LostSecretError when it is gone, and what it signed is in the record; OutdatedKeyError.
 */
export async function ensureIdentityKey(directory: string): Promise<void> {
  const { key, next, published } = filesOf(directory);
  const make = async () => JSON.stringify(await newSigningKey());
  const otherwise = `sallyport rotate makes one that follows the key of ${published}`;
  const kept = await ensureSecret(key, make, published, otherwise);
  if (await knowsPublished(directory, kept)) return void await publish(directory, kept);
  // A rotation that was cut off has published its key, and not put it in its place.
  const begun = await readIfThere(next);
  const isBegun = begun !== null && await knowsPublished(directory, begun).catch(() => false);
  if (!isBegun) throw new OutdatedKeyError(key, published);
  await putInPlace(directory, begun);
}

/** A key was put in place of the one before. */
export type Rotation = {
  /** The new key's id. */
  readonly kid: string;
  /** How many keys before it are published with it. */
  readonly earlier: number;
};

/**
 * Makes another key that vouches for those before it, and puts it in their place; the private half
 * before is gone with that. Where it is lost already, the published one is followed.
 *
 * @throws TypeError when nothing that is there can be followed; OutdatedKeyError; AlreadyExists
 * while another rotation is under way.
 */
export async function rotateIdentityKey(directory: string, nowSeconds: number): Promise<Rotation> {
  const { next } = filesOf(directory);
  const before = await followed(directory);
  const following = JSON.stringify(await followingKey(before, nowSeconds, handoverSeconds));
  await writeNew(next, following, 0o600);
  try {
    // First, so that who verifies knows the key before identity signs with it.
    await publish(directory, following);
    const { kid, publicKeys: { earlier } } = await putInPlace(directory, following);
    return { kid, earlier: earlier.length };
  } catch (error) {
    await Deno.remove(next).catch(() => {});
    throw error;
  }
}

/** Where a rotation that is under way has its key. */
export function nextKeyFile(directory: string): string {
  return filesOf(directory).next;
}

function filesOf(directory: string) {
  const key = `${directory}/keys/identity.jwk`;
  return { key, next: `${key}.next`, published: `${directory}/public/identity.jwks` };
}

async function followed(directory: string): Promise<unknown> {
  const { key, published } = filesOf(directory);
  const kept = await readIfThere(key);
  if (kept !== null) {
    if (await knowsPublished(directory, kept)) return JSON.parse(kept);
    throw new OutdatedKeyError(key, published);
  }
  const { keys: [last] = [], earlier = [] } = JSON.parse(await readIfThere(published) ?? "{}");
  return { ...last, earlier };
}

/** Whether a key is the published one, or came after it; true where no set of keys is published. */
async function knowsPublished(directory: string, jwk: string): Promise<boolean> {
  const { keys } = await signingKey(JSON.parse(jwk));
  const kid = await publishedKid(filesOf(directory).published);
  return kid === null || keys.get(kid) !== undefined;
}

async function publishedKid(published: string): Promise<string | null> {
  try {
    const [kid = null] = identityKeys(JSON.parse(await readIfThere(published) ?? "")).keys();
    return kid;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** From where a rotation has it; a start may have done so meanwhile. */
async function putInPlace(directory: string, jwk: string): Promise<SigningKey> {
  const { key, next } = filesOf(directory);
  try {
    await Deno.rename(next, key);
  } catch (error) {
    const isThere = error instanceof Deno.errors.NotFound && await readIfThere(key) === jwk;
    if (!isThere) throw error;
  }
  // A start in between would have published the key before.
  return await publish(directory, jwk);
}

async function readIfThere(path: string): Promise<string | null> {
  return await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
}

async function publish(directory: string, jwk: string): Promise<SigningKey> {
  const { published } = filesOf(directory);
  const key = await signingKey(JSON.parse(jwk));
  const text = `${JSON.stringify(key.publicKeys, null, 2)}\n`;
  await Deno.remove(`${published}.next`).catch(() => {});
  await writeNew(`${published}.next`, text, 0o644);
  await Deno.rename(`${published}.next`, published);
  return key;
}

/** On disk when it returns. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.sync();
}
