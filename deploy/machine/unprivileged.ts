/**
 * Lets a program that refuses to run as root run anyway when we are root: as an unprivileged user
 * that exists, in a folder which that user can reach.
 *
 * @module
 */
import { createHash } from "node:crypto";

export type User = { readonly uid: number; readonly gid: number };

/** The user to run as: null when we are not root and so stay who we are. */
export async function unprivilegedUser(): Promise<User | null> {
  if (Deno.uid() !== 0) return null;
  const text = await Deno.readTextFile("/etc/passwd").catch(() => "");
  for (const name of ["postgres", "nobody"]) {
    const match = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, "m").exec(text);
    if (match !== null) return { uid: Number(match[1]), gid: Number(match[2]) };
  }
  return { uid: 65534, gid: 65534 };
}

/**
 * `wanted`, when `user` can pass through every folder above it; otherwise a folder of the same use
 * under the system's temporary files, the same one for the same `wanted`.
 *
 * Folders above `wanted` are somebody else's, root's home for one: they are never opened up.
 */
export async function reachableFolder(wanted: string, user: User | null): Promise<string> {
  if (user === null || await canPass(wanted, user)) return wanted;
  const digest = createHash("sha256").update(wanted).digest("hex").slice(0, 16);
  const folder = `/var/tmp/sallyport-${digest}`;
  await Deno.mkdir(folder, { mode: 0o711 }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  });
  // Anyone may make entries there: what we use must be a real folder of ours.
  const info = await Deno.lstat(folder);
  if (!info.isDirectory || info.uid !== 0) {
    throw new Error(`${folder} exists and is not a folder of root`);
  }
  await Deno.chmod(folder, 0o711);
  return folder;
}

async function canPass(path: string, user: User): Promise<boolean> {
  const parts = path.split("/").slice(1, -1);
  for (let count = 0; count <= parts.length; count++) {
    const folder = `/${parts.slice(0, count).join("/")}`;
    const info = await Deno.stat(folder).catch(() => null);
    if (info === null) return true;
    const mode = info.mode ?? 0;
    const bit = info.uid === user.uid ? 0o100 : info.gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
  }
  return true;
}
