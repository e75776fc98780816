/**
 * Input of a shell or of whatever else has a terminal: cut at the Enter key and at Ctrl-O, which
 * runs a line too, each with the line that it completes, so that the line may be judged before the
 * key is passed on.
 *
 * Two readings of a line, for neither is always right: from the keys, which know nothing of history
 * and completion, and from the screen, which lags behind the keys. The screen counts only where
 * what was typed has been carried out and its echo has had time to come; where the keys do not
 * tell, Enter waits that long. It does so too where nothing of the keys is shown: what is not
 * echoed then is a password, and of that only the length is said.
 *
 * @module
 */
import type { Continuation, InputCutter, InputWait, TakenBack } from "./input.ts";
import type { Terminal } from "./terminal.ts";
import { TypedLine } from "./typed_line.ts";

export type TerminalInputLimits = {
  readonly continuationBytesMax: number;
  readonly lineBytesMax: number;
  readonly echoMsMax: number;
};

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
/** Ctrl-O: line editors run the line, and bring in the one behind it in their history. */
const runAndNext = 0x0f;
/** Ctrl-C. */
const interrupt = 0x03;
/** To the end of the line (Ctrl-E), then all before it (Ctrl-U, by which terminals erase too). */
const eraseLine = [0x05, 0x15];

/** `terminal` is null for a shell without one, whose lines are as they were sent. */
export function terminalInput(
  terminal: Terminal | null,
  limits: TerminalInputLimits,
  nowMs: () => number,
): InputCutter {
  const line = new TypedLine(limits.lineBytesMax);
  let pending: Uint8Array = new Uint8Array(0);
  /** What stood before the cursor when the line's first key came; null: not known. */
  let prompt: string | null = null;
  let typedMs = -Infinity;
  let enteredMs = -Infinity;
  /** Lines that the shell still joins with the next: it ends in a backslash or an open quote. */
  let unfinished = "";
  /** The newest line that was completed, until it is known to be refused. */
  let newest = { typed: "", remains: false, before: "" };
  return { push, next, waiting: () => pending.length, takeBack };

  function push(bytes: Uint8Array): void {
    const all = new Uint8Array(pending.length + bytes.length);
    all.set(pending);
    all.set(bytes, pending.length);
    pending = all;
  }

  function next(carriedOut: boolean): Continuation | InputWait {
    if (pending.length === 0) return { wait: "bytes" };
    const enter = pending.findIndex((byte) => isEnter(byte));
    const end = enter < 0 ? pending.length : enter;
    if (end > limits.continuationBytesMax) return keys(limits.continuationBytesMax, carriedOut);
    if (enter < 0) return keys(end, carriedOut);
    if (end === 0) return entered(0, carriedOut);
    // A line that was sent whole is passed on whole, or not at all.
    return line.untouched && end < limits.lineBytesMax ? whole(end) : keys(end, carriedOut);
  }

  function keys(end: number, carriedOut: boolean): Continuation {
    if (line.untouched) {
      const hasPrompt = carriedOut && nowMs() - enteredMs >= limits.echoMsMax;
      prompt = hasPrompt ? terminal?.line()?.beforeCursor ?? null : null;
    }
    const data = take(end);
    line.type(data);
    typedMs = nowMs();
    return { messages: [{ kind: "data", data }] };
  }

  function whole(end: number): Continuation {
    const typed = pending.subarray(0, end);
    if (terminal === null) return completed(end, plainText(typed), null);
    line.type(typed);
    const isTold = line.text !== null && line.isPlain && !terminal.alternate;
    if (isTold && !asksForSecret(terminal)) return completed(end, line.text, null);
    line.reset();
    // What the keys do not tell is asked of the screen, once it shows it.
    prompt = terminal.line()?.beforeCursor ?? null;
    const data = take(end);
    line.type(data);
    typedMs = nowMs();
    return { messages: [{ kind: "data", data }] };
  }

  /** Enter stands first. */
  function entered(end: number, carriedOut: boolean): Continuation | InputWait {
    if (terminal === null) return completed(end, line.untouched ? "" : line.text, null);
    if (terminal.alternate) return completed(end, null, null);
    const typed = line.text;
    const waitMs = typedMs + limits.echoMsMax - nowMs();
    const isShown = carriedOut && waitMs <= 0;
    const isHidden = typed !== null && typed.trim() !== "" && !line.stopped &&
      isUnseen(typed, terminal);
    if ((typed === null || !line.isPlain || isHidden) && !isShown) {
      // The target was given this long to carry out and show what was typed; then it is unknown.
      const lostMs = typedMs + echoWaits * limits.echoMsMax - nowMs();
      const afterMs = waitMs > 0 ? waitMs : Math.min(lostMs, limits.echoMsMax);
      if (lostMs > 0) return { wait: "echo", afterMs };
    }
    // A rule may forbid what was typed: without an echo in time, the prompt alone tells.
    if (isHidden && (isShown || asksForSecret(terminal))) return hidden(end, typed);
    return completed(end, typed, isShown ? shown() : null);
  }

  /** Nothing of what was typed is on the screen, or stars in its place. */
  function isUnseen(typed: string, terminal: Terminal): boolean {
    const screen = shown();
    if (screen === null) return asksForSecret(terminal);
    return screen === "" || /^[*•●]+$/u.test(screen) && screen !== typed.trim();
  }

  /** The line as the screen has it. */
  function shown(): string | null {
    const found = terminal?.line() ?? null;
    if (found === null || prompt === null || !found.text.startsWith(prompt)) return null;
    return found.text.slice(prompt.length).trimEnd();
  }

  /** Passes on Enter behind the length of what is not shown to anybody. */
  function hidden(end: number, typed: string): Continuation {
    const { messages, ...rest } = completed(end, null, null);
    const said = { kind: "hidden_line", characters: [...typed].length } as const;
    return { ...rest, messages: [said, ...messages.filter(({ kind }) => kind === "data")] };
  }

  /** Passes on what stands before Enter, and Enter, behind the line. */
  function completed(end: number, typed: string | null, screen: string | null): Continuation {
    // Some of it is in the shell's hands before Enter comes.
    const remains = end === 0 && !line.untouched || unfinished !== "";
    newest = { typed: typed ?? "", remains, before: unfinished };
    const data = take(end + 1);
    const joined = typed === null ? null : unfinished + typed;
    unfinished = joined !== null && isUnfinished(joined) && joined.length < limits.lineBytesMax
      ? `${joined}\n`
      : "";
    line.reset();
    if (data.at(-1) === runAndNext) line.bringIn();
    else prompt = null;
    enteredMs = typedMs = nowMs();
    const said = { kind: "line", screen, keys: joined } as const;
    return { messages: [said, { kind: "data", data }], alone: remains };
  }

  /**
   * Erases what the line editor has of the line. Where it stands behind a prompt the line is given
   * up as by Ctrl-C, which ends those that were joined with it, and the prompt comes again; whoever
   * types ahead while a program runs does not end that.
   */
  function takeBack(): TakenBack {
    const { typed, remains, before } = newest;
    if (terminal === null) return remains ? "impossible" : "nothing";
    const shown = terminal.line()?.beforeCursor.trimEnd() ?? null;
    const hasPrompt = shown === null ? remains : shown !== "" && shown !== typed.trimEnd();
    if (!remains && (!hasPrompt || !line.untouched || pending.length > 0)) return "nothing";
    line.reset();
    prompt = null;
    enteredMs = typedMs = nowMs();
    unfinished = hasPrompt ? "" : before;
    const keys = [...remains ? eraseLine : [], ...hasPrompt ? [interrupt] : []];
    return keys.length === 0
      ? "nothing"
      : { messages: [{ kind: "data", data: Uint8Array.from(keys) }] };
  }

  function take(length: number): Uint8Array {
    const taken = pending.subarray(0, length);
    pending = pending.subarray(length);
    return taken;
  }

  function isEnter(byte: number): boolean {
    if (byte === lineFeed) return true;
    return terminal !== null && (byte === carriageReturn || byte === runAndNext);
  }
}

/** How many times the time of an echo an Enter waits for what was typed to be carried out. */
const echoWaits = 10;

/** What stands in the cursor's line is a question for something secret. */
function asksForSecret(terminal: Terminal): boolean {
  return secretPrompt.test(terminal.line()?.beforeCursor ?? "");
}

const secretPrompt =
  /\b(?:password|passwort|passphrase|passcode|pin|secret|token|otp|verification code)\b[^:]*:\s*[*•●]*$/iu;

function plainText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The shell goes on reading: behind a backslash, or inside quotes. */
function isUnfinished(text: string): boolean {
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'") {
      at++;
      if (at >= text.length) return true;
    } else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = "";
  }
  return quote !== "";
}
