/**
 * Tells what bytes for a terminal show from what they do (ECMA-48, XTerm control sequences).
 *
 * **Invariant:** every byte is either shown or part of what is done, wherever the bytes are cut;
 * a sequence that is not known shows nothing and does nothing.
 *
 * @module
 */

/** What is done besides showing. */
export type Action =
  /** The cursor goes to another line: a line feed, or one that this stands for. */
  | "line"
  /** To the first column. */
  | "return"
  /** Anywhere else. */
  | "move"
  /** One column to the left, or to the right. */
  | "left"
  | "right"
  /** A string for the terminal begins, or ends (OSC, DCS, SOS, PM, APC). */
  | "string"
  | "string_end";

export type Shown = {
  /** Bytes that are shown, with line feeds between them; or the content of a string. */
  text(source: Uint8Array, from: number, to: number, offset: number): void;
  /** Of a sequence: what a terminal does not show, but whoever reads the bytes as text does. */
  hidden(source: Uint8Array, offset: number): void;
  /** A byte of zeros, which no text holds. */
  zero(offset: number): void;
  /** What is done by a sequence whose last byte came at `offset`; `times` in a row. */
  act(action: Action, offset: number, times: number): void;
};

type State =
  | "ground"
  | "escape"
  | "intermediate"
  | "csi"
  /** One that no program writes: what it holds may be anything. */
  | "odd_csi"
  | "string"
  | "string_escape";

/** Numbers, then marks; no number behind a mark. */
const usual = /^[<-?]?[\d;:]*[ !"$'*+]*$/;
const [lineFeedToo, plainOnly] = [1, 2];

export class TerminalParser {
  readonly #to: Shown;
  #state: State = "ground";
  /** Whether BEL ends the string: of OSC alone. */
  #isOsc = false;
  #parameters = "";
  /** Digits that follow each other in the parameters, so far. */
  #digits = 0;
  /** Bytes of a character that may become a control or one without width; not shown yet. */
  readonly #lead: number[] = [];
  #offset = 0;

  constructor(to: Shown) {
    this.#to = to;
  }

  /** The offset behind what was parsed, without the beginning of a character or of a sequence. */
  get decided(): number {
    return this.#offset - this.#lead.length - (this.#state === "csi" ? this.#parameters.length : 0);
  }

  /** Whether the next byte begins something, and is shown if it is text. */
  get inText(): boolean {
    return this.#state === "ground" && this.#lead.length === 0;
  }

  /** Passes over bytes that are text, with line feeds between them. */
  skip(bytes: number): void {
    this.#offset += bytes;
  }

  parse(chunk: Uint8Array): void {
    const { length } = chunk;
    for (let at = 0; at < length;) {
      const isText = this.#state === "ground" || this.#state === "string";
      if (isText && this.#lead.length === 0) {
        const most = this.#state === "ground" ? lineFeedToo : plainOnly;
        let end = at;
        while (end < length && (plain[chunk[end] ?? 0] ?? 0) >= most) end++;
        if (end > at) this.#to.text(chunk, at, end, this.#offset);
        this.#offset += end - at;
        at = end;
        if (at >= length) return;
      }
      this.#byte(chunk[at++] ?? 0);
      this.#offset++;
    }
  }

  /** Nothing follows: what was begun is text. */
  end(): void {
    this.#showLead();
    if (this.#state === "csi") this.#showParameters();
  }

  #byte(byte: number): void {
    if (this.#lead.length > 0) {
      if (byte >= 0x80 && byte < 0xc0) return this.#character(byte);
      this.#showLead();
    }
    if (this.#state === "string" || this.#state === "string_escape") return this.#inString(byte);
    // Controls act in the middle of a sequence too.
    if (byte < 0x20 || byte === 0x7f) return this.#control(byte);
    switch (this.#state) {
      case "ground":
        if (byte === 0xc2 || byte === 0xe2 || byte === 0xef) this.#lead.push(byte);
        else this.#show(byte);
        return;
      case "escape":
        return this.#escape(byte);
      case "intermediate":
        this.#hide(byte);
        if (byte >= 0x30) this.#state = "ground";
        return;
      case "odd_csi":
        this.#hide(byte);
        if (byte >= 0x40) this.#state = "ground";
        return;
      case "csi":
        return this.#csi(byte);
    }
  }

  /** A byte that may be the second or third of a character. */
  #character(byte: number): void {
    const [first, second] = this.#lead;
    if (first === 0xc2 && byte < 0xa0) {
      this.#lead.length = 0;
      if (this.#state === "string") {
        if (byte === 0x9c) this.#endString();
        return;
      }
      return this.#escape(byte - 0x40);
    }
    const isWidthless = second === undefined
      ? first === 0xc2 && byte === 0xad
      : first === 0xe2 && second === 0x80 && byte >= 0x8b && byte <= 0x8f ||
        first === 0xe2 && second === 0x81 && byte >= 0xa0 && byte <= 0xa4 ||
        first === 0xef && second === 0xbb && byte === 0xbf;
    if (isWidthless) this.#lead.length = 0;
    else if (second === undefined && first !== 0xc2) this.#lead.push(byte);
    else {
      this.#showLead();
      this.#show(byte);
    }
  }

  #showLead(): void {
    const bytes = Uint8Array.from(this.#lead);
    if (bytes.length === 0) return;
    this.#lead.length = 0;
    this.#to.text(bytes, 0, bytes.length, this.#offset - bytes.length);
  }

  #show(byte: number): void {
    this.#to.text(Uint8Array.of(byte), 0, 1, this.#offset);
  }

  #control(byte: number): void {
    switch (byte) {
      case 0x00:
        return this.#to.zero(this.#offset);
      case 0x08:
        return this.#act("left");
      case 0x0a:
      case 0x0b:
      case 0x0c:
        return this.#act("line");
      case 0x0d:
        return this.#act("return");
      case 0x18:
      case 0x1a:
        this.#state = "ground";
        return;
      case 0x1b:
        this.#state = "escape";
        return;
      default:
        return;
    }
  }

  /** The byte behind ESC, which C1 controls have as well (ECMA-48 section 5.3). */
  #escape(byte: number): void {
    this.#state = "ground";
    if (byte < 0x40) this.#hide(byte);
    if (byte < 0x30) this.#state = "intermediate";
    else if (byte === 0x5b) {
      this.#state = "csi";
      this.#parameters = "";
      this.#digits = 0;
    } else if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) {
      this.#state = "string";
      this.#isOsc = byte === 0x5d;
      this.#act("string");
    } else if (byte === 0x44 || byte === 0x45 || byte === 0x4d) this.#act("line");
    else if (byte === 0x38 || byte === 0x63) this.#act("move");
  }

  #csi(byte: number): void {
    if (byte < 0x40) {
      this.#parameters += String.fromCharCode(byte);
      this.#digits = byte >= 0x30 && byte <= 0x39 ? this.#digits + 1 : 0;
      if (this.#digits <= 4 && this.#parameters.length <= 64 && usual.test(this.#parameters)) {
        return;
      }
      this.#state = "odd_csi";
      return this.#showParameters();
    }
    this.#state = "ground";
    const final = String.fromCharCode(byte);
    const count = Math.min(Math.max(Number(/^\d{1,3}$/.exec(this.#parameters)?.[0] ?? 1), 1), 999);
    if (final === "D") this.#act("left", count);
    else if (final === "C" || final === "a") this.#act("right", count);
    else if ("ABEFGHIZdefjkrsu`".includes(final)) this.#act("move");
  }

  #inString(byte: number): void {
    const wasEscape = this.#state === "string_escape";
    if (wasEscape && byte === 0x5c) return this.#endString();
    if (wasEscape) {
      // Any other sequence ends the string and begins.
      this.#endString();
      this.#state = "escape";
      return this.#byte(byte);
    }
    if (byte === 0x1b) this.#state = "string_escape";
    else if (byte === 0x07 && this.#isOsc || byte === 0x18 || byte === 0x1a) this.#endString();
    else if (byte === 0xc2 || byte === 0xe2 || byte === 0xef) this.#lead.push(byte);
    else if (byte >= 0x20 && byte !== 0x7f) this.#show(byte);
  }

  #endString(): void {
    this.#state = "ground";
    this.#act("string_end");
  }

  #hide(byte: number): void {
    this.#to.hidden(Uint8Array.of(byte), this.#offset);
  }

  /** The parameters up to the byte that is parsed, or all of them at the end. */
  #showParameters(): void {
    const bytes = new TextEncoder().encode(this.#parameters);
    const isEnd = this.#state === "csi";
    this.#to.hidden(bytes, this.#offset - bytes.length + (isEnd ? 0 : 1));
    this.#parameters = "";
  }

  #act(action: Action, times = 1): void {
    this.#to.act(action, this.#offset, times);
  }
}

/** 2 for bytes that are shown as they are: all but controls and the first of some characters. */
const plain = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x0a) return lineFeedToo;
  const isControl = byte < 0x20 && byte !== 0x09 || byte === 0x7f;
  return isControl || byte === 0xc2 || byte === 0xe2 || byte === 0xef ? 0 : plainOnly;
});
