/**
 * The repository's files as text, for the tidy tests.
 *
 * @module
 */

/** Text by path, relative to the root, `/` between folders. */
export type Tree = ReadonlyMap<string, string>;

const folders: readonly string[] = [".ci", "schemas", "actors", "deploy", "tests"];

/** Reads the root's files and all below our folders. What is no UTF-8 is no text and left out. */
export async function readTree(root: URL): Promise<Tree> {
  const tree = new Map<string, string>();
  await readFolder(root, "", tree);
  return tree;
}

async function readFolder(root: URL, folder: string, tree: Map<string, string>): Promise<void> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder || ".", root))) {
    const path = `${folder}${name}`;
    if (isDirectory && (folder !== "" || folders.includes(name))) {
      await readFolder(root, `${path}/`, tree);
    }
    if (!isFile) continue;
    const text = decode(await Deno.readFile(new URL(path, root)));
    if (text !== null) tree.set(path, text);
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
