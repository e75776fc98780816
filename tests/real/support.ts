/**
 * The whole system, shared by the scenarios of one file: real servers, every actor its own process,
 * real clients. A scenario ends with the guarantees held against everything that is stored.
 *
 * @module
 */
import type { ProcessKind } from "#deploy/processes.ts";
import { processKinds } from "#deploy/processes.ts";
import { startSystem, type System, type SystemOptions } from "#deploy/demo/system.ts";
import { signInToConsole } from "#deploy/demo/demo_tokens.ts";
import { type BusUser, connectAs } from "./bus_user.ts";
import { checkGuarantees } from "./guarantees.ts";
import { plantPatient } from "./planted.ts";

export type Rig = {
  readonly system: System;
  /** One line of what each part of the system says while it starts. */
  readonly said: readonly string[];
  /** The auditor: may read everything that is stored. */
  auditor(): Promise<BusUser>;
  /** The console: may ask identity and approval. */
  console(): Promise<BusUser>;
  /** A demo person's sign-in at the console. */
  signIn(username: string): ReturnType<typeof signInToConsole>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Every actor but the console: what scenarios ask of it they ask on the bus with its key. */
export const kinds: readonly ProcessKind[] = processKinds.filter((kind) =>
  kind !== "console" && kind !== "edge_ssh"
);

/** Starts a system in a folder of its own, with a planted patient. */
export async function startRig(options: Partial<SystemOptions> = {}): Promise<Rig> {
  const directory = await Deno.makeTempDir({ prefix: "sallyport-real-" });
  const said: string[] = [];
  const stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  try {
    const system = stack.use(
      await startSystem({
        directory,
        say: (line) => void said.push(line),
        ephemeral: true,
        kinds,
        ...options,
        prepare: async (postgres) => {
          await plantPatient(postgres);
          await options.prepare?.(postgres);
        },
      }),
    );
    const user = (name: string) => connectAs(system, name);
    const owned = stack.move();
    return {
      system,
      said,
      auditor: () => user("auditor"),
      console: () => user("console"),
      signIn: (username) => signInToConsole(system.issuer, username),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw new Error(`The system does not start after: ${said.slice(-8).join("; ")}`, {
      cause: error,
    });
  }
}

/**
 * A step of a test that ends with the guarantees; a failure shows what the actors said. The
 * variable SCENARIO chooses steps by a part of their name.
 */
export async function scenario(
  test: Deno.TestContext,
  rig: Rig,
  name: string,
  run: () => Promise<void>,
): Promise<void> {
  if (!name.includes(Deno.env.get("SCENARIO") ?? "")) return;
  await test.step(name, async () => {
    try {
      await run();
      await checkGuarantees(rig);
    } catch (error) {
      throw new Error(`${name}; the actors said:\n${await lastReports(rig)}`, { cause: error });
    }
  });
}

const daily =
  /"event":"(?:ready|exchanged|recovered|audit_started|catalog_published|\w+_refused|decided)"/;

/** What the actors said last that is not everyday. */
async function lastReports(rig: Rig): Promise<string> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir(`${rig.system.directory}/logs`)) {
    if (!name.endsWith(".log")) continue;
    const text = await Deno.readTextFile(`${rig.system.directory}/logs/${name}`);
    lines.push(...text.split("\n").filter((line) => line !== "" && !daily.test(line)).slice(-12));
  }
  return lines.toSorted().slice(-30).join("\n");
}

/** Waits until `probe` gives a value; the wait is long because the machine may be busy. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  waitMs = 30_000,
): Promise<T> {
  for (const until = Date.now() + waitMs;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`Waited ${waitMs} ms in vain: ${what}`);
    await pause(50);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
