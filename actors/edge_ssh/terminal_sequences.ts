/**
 * Reads what a program sends to a terminal: characters, controls, escape sequences. Bytes may come
 * cut anywhere.
 *
 * @see https://vt100.net/emu/dec_ansi_parser
 * @module
 */
export type SequenceEvents = {
  /** One character; `width` is how many columns it takes. */
  text(character: string, width: number): void;
  control(code: number): void;
  /** ESC and one character. */
  escape(final: string): void;
  /** CSI; `prefix` is one of `<=>?` or empty, or what stands between parameters and final. */
  sequence(prefix: string, parameters: readonly number[], final: string): void;
};

type State = "ground" | "escape" | "charset" | "sequence" | "string" | "string_escape";

/** A longer sequence is not one. */
const sequenceCharsMax = 64;
/** A string (title, hyperlink, image) that does not end is given up. */
const stringCharsMax = 1_000_000;
const escapeCode = 0x1b;

export class SequenceReader {
  readonly #on: SequenceEvents;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #state: State = "ground";
  #sequence = "";
  #chars = 0;

  constructor(on: SequenceEvents) {
    this.#on = on;
  }

  read(bytes: Uint8Array): void {
    for (const character of this.#utf8.decode(bytes, { stream: true })) this.#take(character);
  }

  /** Passes over output of which only changes of mode matter. */
  skip(bytes: Uint8Array): void {
    const text = this.#utf8.decode(bytes, { stream: true });
    for (const [, prefix = "", numbers = "", final = ""] of text.matchAll(modes)) {
      this.#on.sequence(prefix, numbersOf(numbers), final);
    }
    this.#state = "ground";
  }

  #take(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    switch (this.#state) {
      case "ground":
        return this.#ground(character, code);
      case "escape":
        return this.#escape(character, code);
      case "charset":
        this.#state = "ground";
        return;
      case "sequence":
        return this.#inSequence(character, code);
      case "string":
        if (code === 0x07 || code === 0x9c || ++this.#chars > stringCharsMax) {
          this.#state = "ground";
        } else if (code === escapeCode) this.#state = "string_escape";
        return;
      case "string_escape":
        if (character === "\\") {
          this.#state = "ground";
          return;
        }
        this.#state = "escape";
        return this.#escape(character, code);
    }
  }

  #ground(character: string, code: number): void {
    if (code === escapeCode) this.#state = "escape";
    else if (code === 0x9b) this.#begin();
    else if (code < 0x20 || code >= 0x7f && code < 0xa0) this.#on.control(code);
    else this.#on.text(character, widthOf(code));
  }

  #escape(character: string, code: number): void {
    this.#state = "ground";
    if (character === "[") return this.#begin();
    if ("]PX^_".includes(character)) {
      this.#chars = 0;
      this.#state = "string";
    } else if ("()*+-./%#".includes(character)) this.#state = "charset";
    else if (code === escapeCode) this.#state = "escape";
    else if (code < 0x20) this.#on.control(code);
    else this.#on.escape(character);
  }

  #begin(): void {
    this.#sequence = "";
    this.#state = "sequence";
  }

  #inSequence(character: string, code: number): void {
    if (code === escapeCode) {
      this.#state = "escape";
    } else if (code === 0x18 || code === 0x1a || this.#sequence.length > sequenceCharsMax) {
      this.#state = "ground";
    } else if (code < 0x20) this.#on.control(code);
    else if (code < 0x40 || code > 0x7e) this.#sequence += character;
    else {
      this.#state = "ground";
      const [, prefix = "", numbers = "", between = ""] =
        /^([<=>?]?)([\d;:]*)([ -/]*)$/.exec(this.#sequence) ?? ["", "!", "", ""];
      this.#on.sequence(`${prefix}${between}`, numbersOf(numbers), character);
    }
  }
}

// deno-lint-ignore no-control-regex -- ESC begins what is looked for
const modes = /\x1b\[([?]?)([\d;]{1,32})([hl])/g;

function numbersOf(text: string): number[] {
  return text.split(";").map((one) => Number.parseInt(one, 10) || 0);
}

/** Columns of a character, as terminals have it: East Asian wide ones and emoji take two. */
export function widthOf(code: number): number {
  if (code < 0x300) return 1;
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(String.fromCodePoint(code))) return 0;
  const isWide = code >= 0x1100 && code <= 0x115f || code >= 0x2e80 && code <= 0xa4cf ||
    code >= 0xac00 && code <= 0xd7a3 || code >= 0xf900 && code <= 0xfaff ||
    code >= 0xfe30 && code <= 0xfe6f || code >= 0xff00 && code <= 0xff60 ||
    code >= 0xffe0 && code <= 0xffe6 || code >= 0x1f300 && code <= 0x1faff ||
    code >= 0x20000 && code <= 0x3fffd;
  return isWide ? 2 : 1;
}
