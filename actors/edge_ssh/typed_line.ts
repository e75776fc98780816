/**
 * The line that keys alone give: what was typed since the last Enter, as line editors with Emacs'
 * keys take it. Keys that bring in text of the editor's own (history, completion, yanking) make it
 * unknown until the next line.
 *
 * @module
 */

const word = /\S+\s*$/;

export class TypedLine {
  readonly #charsMax: number;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #characters: string[] = [];
  #cursor = 0;
  #known = true;
  #escape = "";
  #touched = false;
  #plain = true;
  /** Between the marks of what is pasted, where editors take every character as it is. */
  #pasting = false;
  #stopped = false;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** No key was pressed since the line began. */
  get untouched(): boolean {
    return !this.#touched;
  }

  /** The text; null where it is not known. */
  get text(): string | null {
    return this.#known && this.#escape === "" ? this.#characters.join("") : null;
  }

  /** Only ASCII: to a shell of another encoding the bytes of other characters are other keys. */
  get isPlain(): boolean {
    return this.#plain;
  }

  /** The terminal was told to show nothing more (Ctrl-S), and not to go on (Ctrl-Q). */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** A new line begins with text of the editor's own. */
  bringIn(): void {
    this.#touched = true;
    this.#known = false;
  }

  /** A new line begins. */
  reset(): void {
    this.#utf8.decode();
    this.#characters = [];
    this.#cursor = 0;
    this.#known = true;
    this.#escape = "";
    this.#touched = false;
    this.#plain = true;
  }

  /** Keys without Enter. */
  type(bytes: Uint8Array): void {
    this.#touched = true;
    for (const character of this.#utf8.decode(bytes, { stream: true })) this.#key(character);
  }

  #key(character: string): void {
    if (this.#escape !== "") return this.#inEscape(character);
    const code = character.codePointAt(0) ?? 0;
    if (code > 0x7f) this.#plain = false;
    if (code >= 0x20 && code !== 0x7f && code !== 0xfffd) return this.#insert(character);
    if (this.#pasting && code !== 0x1b) this.#known = false;
    switch (code) {
      case 0x7f:
      case 0x08:
        if (this.#cursor > 0) this.#characters.splice(--this.#cursor, 1);
        return;
      case 0x01:
        this.#cursor = 0;
        return;
      case 0x02:
        return this.#move(-1);
      case 0x03:
        this.#pasting = false;
        return this.reset();
      case 0x04:
        this.#characters.splice(this.#cursor, 1);
        return;
      case 0x05:
        this.#cursor = this.#characters.length;
        return;
      case 0x06:
        return this.#move(1);
      case 0x0b:
        this.#characters.length = this.#cursor;
        return;
      case 0x0c:
        return;
      case 0x11:
      case 0x13:
        // An editor that is given them searches its history: then the screen tells.
        this.#stopped = code === 0x13;
        this.#plain = false;
        return;
      case 0x15:
        this.#characters.splice(0, this.#cursor);
        this.#cursor = 0;
        return;
      case 0x17: {
        const before = this.#characters.slice(0, this.#cursor).join("");
        const kept = [...before.replace(word, "")];
        this.#characters.splice(0, this.#cursor, ...kept);
        this.#cursor = kept.length;
        return;
      }
      case 0x1b:
        this.#escape = character;
        return;
      default:
        this.#known = false;
    }
  }

  #inEscape(character: string): void {
    this.#escape += character;
    // deno-lint-ignore no-control-regex -- ESC begins what is looked for
    if (/^\x1b(?:[[O][\d;]{0,8})?$/.test(this.#escape)) return;
    const sequence = this.#escape.slice(1);
    this.#escape = "";
    if (this.#pasting && sequence !== "[201~") this.#known = false;
    switch (sequence) {
      case "[C":
      case "OC":
        return this.#move(1);
      case "[D":
      case "OD":
        return this.#move(-1);
      case "[H":
      case "OH":
      case "[1~":
        this.#cursor = 0;
        return;
      case "[F":
      case "OF":
      case "[4~":
        this.#cursor = this.#characters.length;
        return;
      case "[3~":
        this.#characters.splice(this.#cursor, 1);
        return;
      // What is pasted stands between these.
      case "[200~":
        this.#pasting = true;
        return;
      case "[201~":
        this.#pasting = false;
        return;
      // Focus of the window.
      case "[I":
        return;
      default:
        this.#known = false;
    }
  }

  #insert(character: string): void {
    if (this.#characters.length >= this.#charsMax) this.#known = false;
    else this.#characters.splice(this.#cursor++, 0, character);
  }

  #move(by: number): void {
    this.#cursor = Math.min(Math.max(this.#cursor + by, 0), this.#characters.length);
  }
}
