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

function said({ messages }: Continuation): (string | null)[] {
  return messages.flatMap((message) => {
    if (message.kind === "line") return [message.screen, message.keys];
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

Deno.test("without a terminal lines are as they are sent", () => {
  const noTerminal = false;
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
