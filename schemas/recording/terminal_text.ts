/**
 * What a recorded program wrote on its terminal, as it may be written on the terminal of whoever
 * replays it.
 *
 * **Invariant:** only what paints a screen comes through: text, colours, cursor moves, erasing,
 * scrolling, the alternate screen. What makes a terminal answer, keep, send or become something
 * does not: no string for the terminal at all (titles, clipboards, links, images: OSC, DCS, APC,
 * PM, SOS), no query, no report, no mouse, no window operation, no change of character sets. Line
 * drawing of the alternate set is written as what it looks like.
 *
 * @example A clipboard is not written, a colour is
 * ```ts
 * import { terminalText } from "#schemas/recording/terminal_text.ts";
 * import { strictEqual } from "node:assert/strict";
 * const text = terminalText();
 * strictEqual(text.take("\x1b]52;c;cm0gLXJm\x07\x1b[31mred\x1b[6n"), "\x1b[31mred");
 * ```
 * @module
 */
export type TerminalText = {
  /** What may be written of the next text, in order. */
  take(text: string): string;
};

type State = "ground" | "escape" | "charset" | "skip" | "csi" | "string" | "string_escape";

/** Opens one recorded terminal. */
export function terminalText(): TerminalText {
  let state: State = "ground";
  let parameters = "";
  /** G0 and G1 hold line drawing; which of them is in use. */
  const drawing = [false, false];
  let [designated, used] = [0, 0];
  return {
    take(text) {
      let out = "";
      for (const character of text) out += one(character);
      return out;
    },
  };

  function one(character: string): string {
    const code = character.codePointAt(0) ?? 0;
    if (state === "string" || state === "string_escape") return inString(code);
    if (code === 0x1b) {
      state = "escape";
      return "";
    }
    if (code === 0x18 || code === 0x1a) {
      state = "ground";
      return "";
    }
    if (code < 0x20) return control(code);
    if (code >= 0x7f && code < 0xa0) return c1(code);
    switch (state) {
      case "ground":
        return shown(character, code);
      case "escape":
        return escape(code);
      case "charset":
        drawing[designated] = code === 0x30;
        state = "ground";
        return "";
      case "skip":
        if (code >= 0x30) state = "ground";
        return "";
      case "csi":
        return csi(character, code);
    }
  }

  /** Backspace, tab, line feed and its kin, carriage return. */
  function control(code: number): string {
    if (code === 0x0e || code === 0x0f) {
      used = code === 0x0e ? 1 : 0;
      return "";
    }
    return code >= 0x08 && code <= 0x0d ? String.fromCharCode(code) : "";
  }

  /** C1 controls as characters of their own, as some terminals take them. */
  function c1(code: number): string {
    if (code === 0x7f) return "";
    return escape(code - 0x40);
  }

  function shown(character: string, code: number): string {
    if (formats.test(character)) return "";
    return drawing[used] === true ? lines[code - 0x60] ?? character : character;
  }

  function escape(code: number): string {
    state = "ground";
    switch (code) {
      case 0x5b:
        state = "csi";
        parameters = "";
        return "";
      case 0x5d:
      case 0x50:
      case 0x58:
      case 0x5e:
      case 0x5f:
        state = "string";
        return "";
      case 0x28:
      case 0x29:
        state = "charset";
        designated = code - 0x28;
        return "";
      // Save and restore the cursor; index, next line, reverse index.
      case 0x37:
      case 0x38:
      case 0x44:
      case 0x45:
      case 0x4d:
        return `\x1b${String.fromCharCode(code)}`;
      default:
        if (code >= 0x20 && code < 0x30) state = "skip";
        return "";
    }
  }

  function csi(character: string, code: number): string {
    if (code < 0x40) {
      parameters += parameters.length < parametersMax ? character : "";
      return "";
    }
    state = "ground";
    return mayPaint(character) ? `\x1b[${parameters}${character}` : "";
  }

  function mayPaint(final: string): boolean {
    if (/^\?\d{1,4}$/.test(parameters)) {
      return (final === "h" || final === "l") && screenModes.has(parameters.slice(1));
    }
    if (!/^[\d;:]*$/.test(parameters) || /\d{5}/.test(parameters)) return false;
    if (parameters.length >= parametersMax) return false;
    // Insert mode; no other mode of ANSI.
    if (final === "h" || final === "l") return parameters === "4";
    return "@ABCDEFGHJKLMPSTXZdfmrsu`ae".includes(final);
  }

  function inString(code: number): string {
    const wasEscape = state === "string_escape";
    if (wasEscape && code !== 0x5c) {
      // Any other sequence ends the string and begins.
      state = "ground";
      return escape(code);
    }
    if (wasEscape || code === 0x07 || code === 0x9c || code === 0x18 || code === 0x1a) {
      state = "ground";
    } else if (code === 0x1b) state = "string_escape";
    return "";
  }
}

const parametersMax = 64;
/** Origin, autowrap, the cursor, and the alternate screen with what belongs to it. */
const screenModes: ReadonlySet<string> = new Set(["6", "7", "25", "47", "1047", "1048", "1049"]);
/** Bidirectional and other marks that make a text look like another one. */
const formats = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/;
/** DEC special graphics, from 0x60 on. */
const lines = [..."◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"];

/** Written at the end of a replay, so that the terminal is as it was. */
export const terminalReset = "\x1b[0m\x1b[r\x1b[?25h\x1b[?7h\x1b[?6l\x1b[4l\x1b[?1049l";
