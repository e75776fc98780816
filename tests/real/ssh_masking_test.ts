/**
 * Masking of streams from a real host: a planted value in pieces, over time, in colours, broken by
 * a terminal's width, in files; then the same session replayed, and one ended.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { endSubject } from "#schemas/subjects.ts";
import { payloadsOf } from "./bus_user.ts";
import { command } from "./command.ts";
import { plantedForNobody } from "./planted.ts";
import { openLabSystem, printed, sshClient } from "./ssh_client.ts";
import { closeReasons } from "./ssh_frames.ts";
import { eventually, type Rig, scenario, startRig } from "./support.ts";

const [ssn = "", , phone = ""] = plantedForNobody;

Deno.test("streams of a real host are masked, replayed and ended", async (test) => {
  await using rig = await startRig(openLabSystem);
  await plant(rig);
  await using client = await sshClient(rig.system);

  await scenario(test, rig, "a value that comes in two pieces, with a pause", async () => {
    const { code, stdout } = await client.ssh(["gw", "sh pieces.sh"]);
    strictEqual(code, 0);
    strictEqual(stdout.match(/\[ssn\]/g)?.length, ssn.length - 1, stdout);
  });

  await scenario(test, rig, "a value byte by byte, on both outputs at once", async () => {
    const { code, stdout, stderr } = await client.ssh([
      "gw",
      "sh bytes.sh & sh bytes.sh >&2; wait",
    ]);
    strictEqual(code, 0);
    for (const text of [stdout, stderr]) match(text, /^call \[contact\]\*+ now\n$/);
  });

  await scenario(test, rig, "on a terminal: in colours, and broken by its width", async () => {
    const shell = await client.terminal(["gw"]);
    await printed(shell, /\$ /);
    await shell.type("sh colours.sh; echo done-$((1 + 1))\r");
    await printed(shell, /done-2/);
    match(shell.printed(), /coloured SSN \[ssn\]/);
    match(shell.printed(), /folded SSN \[ssn\]/);
    await shell.type("exit\r");
    strictEqual((await shell.finished).code, 0);
  });

  await scenario(test, rig, "a person's terminal shows a whole value as little", async () => {
    await using nora = await sshClient(rig.system, rig.system.tokens.nurse);
    const shell = await nora.terminal(["gw"]);
    await printed(shell, /\$ /);
    await shell.type("cat near.txt; echo done-$((1 + 1))\r");
    await printed(shell, /done-2/);
    await shell.type("exit\r");
    strictEqual((await shell.finished).code, 0);
    ok(!shell.printed().includes(ssn));
  });

  await scenario(test, rig, "a file, wherever a packet ends in a value", async () => {
    const got = await client.run("scp", ["gw:near.txt", "near.txt"]);
    strictEqual(got.code, 0, got.stderr);
    const text = await Deno.readTextFile(`${client.folder}/near.txt`);
    strictEqual(text.length, (await Deno.readTextFile(near(rig))).length);
    strictEqual(text.match(/\[ssn\]\*+/g)?.length, borders.length);
    const counted = await maskedOf(rig);
    ok(counted >= borders.length, "what was masked is counted");
  });

  await scenario(test, rig, "the terminal is replayed, without its hold on another", async () => {
    const id = await terminalSession(rig);
    const { directory } = rig.system;
    const { code, out, err } = await command(directory, ["replay", id, "--speed", "max"]);
    strictEqual(code, 0, err);
    match(out, /folded SSN \[ssn\]/);
    ok(!out.includes("\x1b]"), "a string for the terminal is replayed");
    const file = `${client.folder}/session.cast`;
    strictEqual((await command(directory, ["replay", id, "--asciicast", file])).code, 0);
    const [head, ...events] = (await Deno.readTextFile(file)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    strictEqual(head.version, 3);
    ok(head.term.cols > 0 && head.term.type === "xterm");
    const marks = events.filter(([, code]) => code === "m").map(([, , text]) => text);
    deepStrictEqual(marks[0], "shell");
    ok(marks.some((text: string) => text.startsWith("> sh colours.sh")), marks.join());
    deepStrictEqual(events.at(-1)?.slice(1), ["x", "0"]);
  });

  await scenario(test, rig, "a session that the console ends is over, and says so", async () => {
    const running = await client.start(["gw", "echo here; sleep 60"]);
    await printed(running, /here/);
    await endNewest(rig);
    const { code, stderr } = await running.finished;
    ok(code !== 0);
    match(stderr, /ended at the console/);
    await eventually("its end is stored", async () => {
      return (await closeReasons(rig)).includes("ended") || undefined;
    });
  });
});

/** Where sftp clients and servers cut files: OpenSSH's packets, and those of others. */
const borders = [32_768, 65_536, 261_120, 522_240] as const;

function near({ system }: Rig): string {
  if (system.lab === null) throw new Error("the lab does not run");
  return `${system.lab.home}/near.txt`;
}

/** Scripts that print planted values, and a file with one across each border. */
async function plant(rig: Rig): Promise<void> {
  const { lab } = rig.system;
  if (lab === null) throw new Error("the lab does not run");
  const cuts = Array.from(ssn.slice(1), (_, at) => at + 1);
  const pieces = cuts.map((cut) => {
    return `printf 'SSN %s' '${ssn.slice(0, cut)}'; sleep 0.06; echo '${ssn.slice(cut)} .'`;
  });
  const bytes = [...`call ${phone} now`].map((byte) => `printf '%s' '${byte}'`);
  const [first, second, third] = ssn.split("-");
  const red = `${first}-\\033[31m${second}\\033[0m-${third}`;
  const long = "a line that is as long as those are which a terminal breaks, folded SSN";
  const colours = [
    "printf '\\033]0;a title\\007'",
    `printf 'coloured SSN ${red} .\\n'`,
    `printf '%s\\n%s .\\n' '${long} ${first}-${second}-' '${third}'`,
  ];
  let text = "";
  for (const border of borders) {
    text += `${"words and more of them ".repeat(20_000)}`.slice(0, border - text.length - 10);
    text += ` SSN ${ssn} .`;
  }
  await Deno.writeTextFile(`${lab.home}/pieces.sh`, `${pieces.join("\n")}\n`);
  await Deno.writeTextFile(`${lab.home}/bytes.sh`, `${bytes.join("; ")}; echo\n`);
  await Deno.writeTextFile(`${lab.home}/colours.sh`, `${colours.join("\n")}\n`);
  await Deno.writeTextFile(near(rig), `${text} the end\n`);
}

/** Values of class ssn that were masked so far. */
async function maskedOf(rig: Rig): Promise<number> {
  await using auditor = await rig.auditor();
  const counts = (await auditor.frames()).map(({ headers }) =>
    Number(/ssn=(\d+)/.exec(headers.get("Sallyport-Masked") ?? "")?.[1] ?? 0)
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The agent's session that had a terminal. */
async function terminalSession(rig: Rig): Promise<string> {
  await using auditor = await rig.auditor();
  const frames = await auditor.frames();
  const asked = frames.find(({ kind, payload }) =>
    kind === "request" && new TextDecoder().decode(payload).includes("sh colours.sh")
  );
  if (asked === undefined) throw new Error("nobody had a terminal");
  return asked.key.session;
}

/** Says what the console says when somebody ends the newest session. */
async function endNewest(rig: Rig): Promise<void> {
  await using auditor = await rig.auditor();
  const newest = payloadsOf(await auditor.frames(), "open").at(-1)?.frame.key;
  if (newest === undefined) throw new Error("there is no session");
  await using console = await rig.console();
  console.bus.send(endSubject(newest.edge, newest.session), new Uint8Array(0));
  await console.bus.flush();
}
