import { deepStrictEqual, equal, ok } from "node:assert/strict";
import type { Continuation } from "./input.ts";
import { Terminal } from "./terminal.ts";
import { terminalInput } from "./terminal_input.ts";

const limits = { continuationBytesMax: 64, lineBytesMax: 100, echoMsMax: 100 };
const encoder = new TextEncoder();
const decoder = new TextDecoder();

function shell(hasTerminal = true) {
  const time = { ms: 1000 };
  const window = { columns: 80, rows: 24, widthPixels: 0, heightPixels: 0 };
  const terminal = hasTerminal ? new Terminal(window) : null;
  const input = terminalInput(terminal, limits, () => time.ms);
  return {
    time,
    input,
    type: (text: string) => input.push(encoder.encode(text)),
    show: (text: string) => terminal?.write(encoder.encode(text)),
  };
}
const carriedOut = true;
const underWay = false;
const noTerminal = false;

function said({ messages }: Continuation): (string | null)[] {
  return messages.flatMap((message) => {
    if (message.kind === "line") return [message.screen, message.keys];
    if (message.kind === "hidden_line") return [`hidden ${message.characters}`];
    return message.kind === "data" ? [decoder.decode(message.data)] : [];
  });
}
function given(next: ReturnType<ReturnType<typeof terminalInput>["next"]>): (string | null)[] {
  if (!("messages" in next)) throw new Error("a continuation was expected");
  return said(next);
}

Deno.test("a line that comes whole is passed on with Enter; several are several requests", () => {
  const { type, input } = shell();
  type("ls\rid\rpa");
  deepStrictEqual(given(input.next(underWay)), [null, "ls", "ls\r"]);
  deepStrictEqual(given(input.next(underWay)), [null, "id", "id\r"]);
  deepStrictEqual(given(input.next(underWay)), ["pa"]);
  deepStrictEqual(input.next(carriedOut), { wait: "bytes" });
});

Deno.test("keys are passed on as they come, and Enter behind the line of both readings", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  for (const key of "id") {
    type(key);
    deepStrictEqual(given(input.next(carriedOut)), [key]);
    show(key);
    time.ms += 120;
  }
  type("\r");
  deepStrictEqual(given(input.next(carriedOut)), ["id", "id", "\r"]);
});

Deno.test("a line of history is read off the screen, once it is there", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("\x1b[A");
  deepStrictEqual(given(input.next(carriedOut)), ["\x1b[A"]);
  type("\r");
  deepStrictEqual(input.next(underWay), { wait: "echo", afterMs: 100 });
  show("sudo reboot");
  time.ms += 100;
  deepStrictEqual(given(input.next(carriedOut)), ["sudo reboot", null, "\r"]);
});

Deno.test("Ctrl-O runs a line as Enter does, and brings in one that no key tells", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("id");
  deepStrictEqual(given(input.next(carriedOut)), ["id"]);
  show("id");
  time.ms += 120;
  type("\x0f");
  deepStrictEqual(given(input.next(carriedOut)), ["id", "id", "\x0f"]);
  show("\r\nuid=0\r\n$ reboo");
  time.ms += 120;
  type("t");
  deepStrictEqual(given(input.next(carriedOut)), ["t"]);
  show("t");
  type("\r");
  deepStrictEqual(entered(input, time, carriedOut), ["reboot", null, "\r"]);
  show("\r\n$ ");
  type("\x0f");
  deepStrictEqual(given(input.next(carriedOut)), [null, "", "\x0f"]);
});

Deno.test("keys that a shell of another encoding takes for commands are read off the screen", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("bidden\u00b2for\r");
  deepStrictEqual(given(input.next(carriedOut)), ["bidden\u00b2for"]);
  show("forbidden");
  deepStrictEqual(entered(input, time, carriedOut), ["forbidden", "bidden\u00b2for", "\r"]);
});

Deno.test("what is never carried out is not taken for what the screen shows", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("\x1b[A");
  input.next(carriedOut);
  type("\r");
  for (let waits = 0; waits < 20; waits++) {
    const next = input.next(underWay);
    if ("messages" in next) {
      deepStrictEqual(said(next), [null, null, "\r"]);
      ok(waits > 1);
      return;
    }
    ok("wait" in next && next.wait === "echo");
    time.ms += next.afterMs;
  }
  throw new Error("Enter waits for ever");
});

Deno.test("a prompt that is not known, or was drawn anew, is not guessed", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("\x1b[A");
  input.next(carriedOut);
  show("\r\x1b[Kother> x");
  time.ms += 200;
  type("\r");
  deepStrictEqual(given(input.next(carriedOut)), [null, null, "\r"]);
});

Deno.test("a full-screen program's keys are no lines", () => {
  const { type, show, input } = shell();
  show("\x1b[?1049h");
  type(":wq");
  input.next(carriedOut);
  type("\r");
  deepStrictEqual(given(input.next(carriedOut)), [null, null, "\r"]);
});

Deno.test("lines that the shell joins are joined", () => {
  const { type, input } = shell();
  type("rm \\\r-rf /\rls\r");
  deepStrictEqual(given(input.next(underWay))[1], "rm \\");
  deepStrictEqual(given(input.next(underWay))[1], "rm \\\n-rf /");
  deepStrictEqual(given(input.next(underWay))[1], "ls");
  type("echo 'a\rb'\r");
  input.next(underWay);
  deepStrictEqual(given(input.next(underWay))[1], "echo 'a\nb'");
});

/** Types key by key; `echo` says what the terminal shows of each. */
function typed(text: string, prompt: string, echo: (key: string) => string): (string | null)[] {
  const { type, show, input, time } = shell();
  show(prompt);
  time.ms += 500;
  for (const key of text) {
    type(key);
    input.next(carriedOut);
    show(echo(key));
    time.ms += 20;
  }
  type("\r");
  return entered(input, time, carriedOut);
}
function entered(
  input: ReturnType<typeof terminalInput>,
  time: { ms: number },
  isCarriedOut: boolean,
): (string | null)[] {
  for (let waits = 0; waits < 30; waits++) {
    const next = input.next(isCarriedOut);
    if ("messages" in next) return said(next);
    ok("wait" in next && next.wait === "echo", JSON.stringify(next));
    time.ms += next.afterMs;
  }
  throw new Error("Enter waits for ever");
}

Deno.test("of what is typed unseen the length is told, whatever the prompt", () => {
  for (const prompt of ["[sudo] password for lab: ", "? ", ""]) {
    deepStrictEqual(typed("hunter2", prompt, () => ""), ["hidden 7", "\r"], prompt);
  }
  // Backspace took one of them back.
  deepStrictEqual(typed("hunter3\x7f2", "PIN: ", () => ""), ["hidden 7", "\r"]);
  deepStrictEqual(typed("hunter2", "password: ", () => "*"), ["hidden 7", "\r"]);
  // What is shown is no password, wherever it is typed, and stars may be typed.
  deepStrictEqual(typed("ls", "password: ", (key) => key), [null, "ls", "\r"]);
  deepStrictEqual(typed("***", "$ ", (key) => key), [null, "***", "\r"]);
});

Deno.test("a password that is sent whole waits for its echo", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("sudo id\r");
  deepStrictEqual(given(input.next(carriedOut)), [null, "sudo id", "sudo id\r"]);
  show("sudo id\r\n[sudo] password for lab: ");
  // Typed ahead of the prompt, or not: it is the prompt that tells.
  type("hunter2\r");
  deepStrictEqual(given(input.next(carriedOut)), ["hunter2"]);
  deepStrictEqual(entered(input, time, carriedOut), ["hidden 7", "\r"]);
  // The same where the command is shown.
  show("\r\npassword: ");
  type("id\r");
  deepStrictEqual(given(input.next(carriedOut)), ["id"]);
  show("id");
  deepStrictEqual(entered(input, time, carriedOut), [null, "id", "\r"]);
});

Deno.test("a password that is never seen to be carried out is not told", () => {
  const { type, show, input, time } = shell();
  show("Enter passphrase for key '/x': ");
  time.ms += 500;
  type("hunter2\r");
  deepStrictEqual(given(input.next(underWay)), ["hunter2"]);
  deepStrictEqual(entered(input, time, underWay), ["hidden 7", "\r"]);
});

Deno.test("without a terminal lines are as they are sent", () => {
  const { type, input } = shell(noTerminal);
  type("echo \x15a\r\nid");
  deepStrictEqual(given(input.next(underWay)), [null, "echo \x15a\r", "echo \x15a\r\n"]);
  deepStrictEqual(given(input.next(underWay)), ["id"]);
  type("\n");
  deepStrictEqual(given(input.next(underWay)), [null, "id", "\n"]);
  input.push(Uint8Array.of(0xff, 0x0a));
  equal(given(input.next(underWay))[1], null);
});

Deno.test("long input goes in pieces, and its line is not known beyond the limit", () => {
  const { type, input } = shell();
  type(`${"x".repeat(150)}\r`);
  equal(given(input.next(carriedOut))[0]?.length, 64);
  equal(given(input.next(carriedOut))[0]?.length, 64);
  input.next(carriedOut);
  const { wait } = { wait: "echo", ...input.next(underWay) };
  equal(wait, "echo");
});

/** What takes a refused line back. */
function takenBack({ takeBack }: ReturnType<typeof terminalInput>) {
  const back = takeBack?.();
  return back === undefined || typeof back === "string" ? back : said(back);
}

Deno.test("of a refused line what the shell has is erased, and nothing came behind it", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  type("sudo");
  deepStrictEqual(given(input.next(carriedOut)), ["sudo"]);
  show("sudo");
  time.ms += 500;
  type("\r");
  const entered = input.next(carriedOut);
  ok("messages" in entered && entered.alone);
  deepStrictEqual(takenBack(input), ["\x05\x15\x03"]);
  type("ls\r");
  deepStrictEqual(given(input.next(underWay)), [null, "ls", "ls\r"]);
});

Deno.test("who types ahead while a program runs does not end it by a refused line", () => {
  const { type, show, input, time } = shell();
  show("making...\r\n");
  type("sudo");
  input.next(carriedOut);
  show("sudo");
  time.ms += 500;
  type("\r");
  input.next(carriedOut);
  deepStrictEqual(takenBack(input), ["\x05\x15"]);
  type("sudo\r");
  input.next(carriedOut);
  show("\r\n");
  equal(takenBack(input), "nothing", "sent whole, it was not passed on");
});

Deno.test("a refused line that was sent whole brings the prompt again, unless more was typed", () => {
  const { type, show, input } = shell();
  show("$ ");
  type("sudo\r");
  const entered = input.next(carriedOut);
  ok("messages" in entered && entered.alone === false);
  deepStrictEqual(takenBack(input), ["\x03"]);
  type("sudo\rl");
  input.next(carriedOut);
  equal(takenBack(input), "nothing");
});

Deno.test("lines that were joined are given up with the one that is refused", () => {
  const { type, show, input } = shell();
  show("$ ");
  type("su\\\r");
  input.next(carriedOut);
  show("su\\\r\n> ");
  type("do\r");
  const entered = input.next(carriedOut);
  ok("messages" in entered && entered.alone);
  deepStrictEqual(takenBack(input), ["\x05\x15\x03"]);
  type("ls\r");
  deepStrictEqual(given(input.next(carriedOut)), [null, "ls", "ls\r"]);
});

Deno.test("without a terminal nothing takes back what was sent in pieces", () => {
  const { type, input } = shell(noTerminal);
  type("sudo\n");
  input.next(carriedOut);
  equal(takenBack(input), "nothing");
  type("su");
  input.next(carriedOut);
  type("do\n");
  input.next(carriedOut);
  input.next(carriedOut);
  equal(takenBack(input), "impossible");
});

Deno.test("a line that a stopped terminal does not show is no password", () => {
  const { type, show, input, time } = shell();
  show("$ ");
  time.ms += 500;
  for (const keys of ["\x13", "sudo"]) {
    type(keys);
    deepStrictEqual(given(input.next(carriedOut)), [keys]);
  }
  time.ms += 500;
  type("\r");
  deepStrictEqual(given(input.next(carriedOut)), ["", "sudo", "\r"]);
});
