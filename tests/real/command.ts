/** The `sallyport` command as an operator runs it. @module */

const root = new URL("../../", import.meta.url).pathname;

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** Runs `sallyport <words>` on the installation in a directory, to its end. */
export async function command(directory: string, words: readonly string[]): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    ...commandOptions(directory, words),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

export function commandOptions(directory: string, words: readonly string[]) {
  return {
    args: ["run", "-A", "--no-prompt", `${root}deploy/sallyport/main.ts`, ...words],
    cwd: directory,
    env: { SALLYPORT_DIR: directory, NO_COLOR: "1" },
  };
}
