/**
 * Masks a stream of text for a terminal, or of a program's output, as it comes.
 *
 * Theory of operation. The parser tells what is shown; detectors read it in two ways: as it was
 * written, and with broken lines joined and backspaces done. Both say up to where all is settled.
 * What is settled leaves: what was found as `[class]`, everything else byte for byte, and of what
 * stands within a find the control sequences, so that colours end where they ended. What is not
 * settled is held back. Of much that comes at once, what is quiet (`quiet_text.ts`) leaves without
 * all this; its last lines are read, for what follows is judged by them too.
 *
 * **Invariant:** what leaves does not depend on where the stream was cut, as long as nobody ran out
 * of patience (`release`); a byte of a find that is found never leaves. Memory is bounded: what
 * would have to be held longer than `heldBytesMax` leaves as `[opaque]`.
 *
 * @module
 */
import type { DetectorClasses, Find } from "#schemas/detectors/detect.ts";
import { isLabelled } from "#schemas/detectors/cut_off.ts";
import { redactedText } from "#schemas/detectors/redacted.ts";
import { isDigit } from "#schemas/detectors/scan.ts";
import { contextBytes, type Scan, scanOn, tailStart } from "#schemas/detectors/scan_on.ts";
import { Writer } from "#schemas/wire/cursor.ts";
import { JoinedText } from "./joined_text.ts";
import { contextStart, cutBehind, quietText } from "./quiet_text.ts";
import { type Action, TerminalParser } from "./terminal_parser.ts";
import { VisibleText } from "./visible_text.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

/**
 * What is held back: a word that an `@` may follow; a few digits, or a line's last ones; or what
 * most likely is about to become a find.
 */
export type Held = "nothing" | "word" | "digits" | "number";

type Span = { start: number; end: number; readonly className: string };

export class TextMasker {
  readonly #classes: DetectorClasses;
  readonly #form: "marker" | "same_length";
  readonly #parser: TerminalParser;
  readonly #written = new VisibleText();
  readonly #joined = new JoinedText();
  readonly #counts: Map<string, number>;
  /** Bytes that came and did not leave; the first came at `#left`. */
  #waiting: Uint8Array = nothing;
  #left = 0;
  #spans: Span[] = [];
  /** A backspace settled what stood before it here: a find behind it does not reach back. */
  #sealed = 0;
  #held: Held = "nothing";

  /**
   * `classes`: the detectors and what their finds are masked as; `counts` is added to. With
   * "same_length" a find is masked in as many bytes, each at its place.
   */
  constructor(
    classes: DetectorClasses,
    counts: Map<string, number>,
    form: "marker" | "same_length" = "marker",
  ) {
    this.#form = form;
    this.#classes = classes;
    this.#counts = counts;
    this.#parser = new TerminalParser({
      text: (source, from, to, offset) => {
        this.#written.append(source, from, to, offset);
        if (!this.#isInString) this.#joined.appendLines(source, from, to, offset);
      },
      hidden: (source, offset) => {
        this.#written.append(source, 0, source.length, offset);
        this.#joined.hide();
      },
      zero: (offset) => {
        this.#binaryFrom = Math.min(this.#binaryFrom, offset);
      },
      act: (action, offset, times) => this.#act(action, offset, times),
    });
  }
  #isInString = false;
  /** Where the stream turned out to hold more than text. */
  #binaryFrom = Infinity;

  /** Whether bytes came that are no text. */
  get isBinary(): boolean {
    return this.#binaryFrom < Infinity;
  }

  get held(): Held {
    return this.#held;
  }

  /** Where what is held back began to come, in bytes of the stream. */
  get heldFrom(): number {
    return this.#left;
  }

  /** Takes in bytes, which may be reused afterwards; gives those that leave. */
  push(chunk: Uint8Array): Uint8Array {
    if (chunk.length < muchBytes) return this.#push(chunk);
    const out: Uint8Array[] = [];
    for (let at = 0; at < chunk.length;) {
      const isSettled = at >= contextBytes && this.#isSettled();
      const quiet = isSettled ? quietText(chunk, at, this.#classes) : null;
      const context = quiet === null ? at : contextStart(chunk, quiet.end);
      if (quiet !== null && context - at >= skippedBytesMin) {
        out.push(chunk.subarray(at, context));
        this.#skip(context - at);
        at = context;
      }
      const seen = Math.min(quiet?.seen ?? 0, at + textBytesMax);
      const end = cutBehind(chunk, Math.max(seen, at + contextBytes), textBytesMax);
      out.push(this.#push(chunk.subarray(at, end)));
      at = end;
    }
    return joinBytes(out);
  }

  /** All that came has left, and the next byte is text. */
  #isSettled(): boolean {
    return this.#waiting.length === 0 && this.#spans.length === 0 && this.#parser.inText;
  }

  /** Text that leaves unread: what is known of the text before it is forgotten. */
  #skip(bytes: number): void {
    this.#left += bytes;
    this.#parser.skip(bytes);
    this.#written.clear();
    this.#joined.clear();
  }

  /** Nothing follows: everything is settled, and leaves. */
  end(): Uint8Array {
    this.#parser.end();
    return this.#leave(this.#settle("none"));
  }

  /**
   * What is held back leaves: what is a find if nothing follows is masked. What follows is judged
   * together with it all the same.
   */
  release(): Uint8Array {
    this.#find("none", { ...this.#written.scan }, { ...this.#joined.text.scan });
    return this.#leave(this.#left + this.#waiting.length);
  }

  /** What is held back leaves as one find that is not understood. */
  star(): Uint8Array {
    return this.#waiting.length === 0 ? nothing : this.#giveUp();
  }

  /** These bytes of the stream, as far as they have not left, may be of what nobody understands. */
  cover(start: number, end: number): void {
    this.#add(opaque, start, end);
  }

  /** The stream holds more than text. */
  beginBinary(): void {
    this.#binaryFrom = 0;
  }

  #push(chunk: Uint8Array): Uint8Array {
    this.#waiting = this.#waiting.length === 0 ? chunk : joinBytes([this.#waiting, chunk]);
    this.#parser.parse(chunk);
    const settled = this.#settle("more");
    const out = this.#leave(settled);
    if (this.#waiting.length > heldBytesMax) return joinBytes([out, this.#giveUp()]);
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.slice();
    return out;
  }

  #act(action: Action, offset: number, times: number): void {
    switch (action) {
      case "line":
      case "return":
      case "move":
        this.#written.put(lineFeed, offset);
        return this.#joined.breakLine(action, offset);
      case "left":
        this.#sealed = Math.max(this.#sealed, this.#settle("more"));
        this.#written.put(backspace, offset);
        return this.#joined.pop(times);
      case "right":
        // Over one or two columns a value may go on; what was written there before is not known.
        if (times > 2) return this.#act("move", offset, 1);
        for (let i = 0; i < times; i++) this.#written.put(blank, offset);
        return this.#joined.append(blanks, 0, times, offset);
      case "string":
      case "string_end":
        this.#isInString = action === "string";
        this.#written.put(lineFeed, offset);
        return this.#joined.hide();
    }
  }

  /** The offset up to which all is settled. */
  #settle(rest: "more" | "none"): number {
    const written = this.#written;
    const joined = this.#joined.text;
    const [decided, decidedJoined] = this.#find(rest, written.scan, joined.scan);
    if (rest === "none") {
      this.#held = "nothing";
      return this.#left + this.#waiting.length;
    }
    const tail = tailStart(written.view(), written.scan, this.#classes);
    const from = Math.min(decided, tail);
    let settled = this.#parser.decided;
    if (from < written.length) settled = Math.min(settled, written.offsetOf(from));
    if (decidedJoined < joined.length) {
      const place = this.#joined.undecided(decidedJoined);
      settled = Math.min(settled, joined.offsetOf(place));
    }
    this.#held = this.#judge(decided < written.length, decidedJoined < joined.length);
    return settled;
  }

  /** Notes what is found in both texts; gives the places up to which each is decided. */
  #find(rest: "more" | "none", inWritten: Scan, inJoined: Scan): readonly [number, number] {
    const written = this.#written;
    const joined = this.#joined.text;
    const decided = scanOn(written.view(), inWritten, this.#classes, rest, (find) => {
      if (this.#isChance(find)) return;
      const end = written.offsetOf(find.end - 1) + 1;
      this.#add(this.#classOf(find), written.offsetOf(find.start), end);
    });
    const decidedJoined = scanOn(joined.view(), inJoined, this.#classes, rest, (find) => {
      const start = this.#joined.accepts(find);
      if (start === null || find.detector === "email" && this.#binaryFrom < Infinity) return;
      const from = Math.max(joined.offsetOf(start), this.#sealed);
      this.#add(this.#classOf(find), from, joined.offsetOf(find.end - 1) + 1);
    }, (at) => this.#joined.matters(at));
    return [decided, decidedJoined];
  }

  /**
   * Among bytes that are no text, what looks like an address comes about by chance: one that has
   * no text before it, or is not of ASCII, is none.
   */
  #isChance({ detector, start, end }: Find): boolean {
    if (detector !== "email" || this.#written.offsetOf(start) < this.#binaryFrom) return false;
    if (start < textBytesMin) return true;
    const bytes = this.#written.view().subarray(start - textBytesMin, end);
    return !bytes.every((byte) => byte < 0x7f && byte >= 0x20 || byte === lineFeed);
  }

  #classOf({ detector }: Find): string {
    return this.#classes[detector] ?? detector;
  }

  #judge(isWritten: boolean, isJoined: boolean): Held {
    if (!isWritten && !isJoined) return "word";
    // A line that ended is most likely one that its writer ended.
    if (this.#joined.isBroken) return "digits";
    const text = isWritten ? this.#written : this.#joined.text;
    const bytes = text.view().subarray(text.scan.at);
    if (bytes[0] === atSign) return "number";
    let digits = 0;
    for (const byte of bytes) if (isDigit(byte)) digits++;
    const isNumber = digits > 4 || isLabelled(text.view(), text.scan.at, this.#classes);
    return isNumber ? "number" : "digits";
  }

  #add(className: string, start: number, end: number): void {
    if (end <= Math.max(start, this.#left)) return;
    const span: Span = { start: Math.max(start, this.#left), end, className };
    let at = this.#spans.length;
    while (at > 0 && (this.#spans[at - 1]?.start ?? 0) > span.start) at--;
    this.#spans.splice(at, 0, span);
    // Those that touch the same bytes are one, of the class that begins first.
    const next = Math.max(1, at);
    const before = this.#spans[next - 1];
    for (let own = this.#spans[next]; own !== undefined; own = this.#spans[next]) {
      if (before === undefined || own.start >= before.end) break;
      before.end = Math.max(before.end, own.end);
      this.#spans.splice(next, 1);
    }
  }

  /** Gives out what came before the offset, masked. */
  #leave(settled: number): Uint8Array {
    let until = settled;
    const cut = this.#spans.find(({ start, end }) => start < until && until < end);
    if (cut !== undefined) until = Math.max(cut.start, this.#left);
    const count = Math.max(0, until - this.#left);
    const leaving = this.#waiting.subarray(0, count);
    const [first] = this.#spans;
    const out = first === undefined || first.start >= until ? leaving : this.#masked(leaving);
    this.#waiting = this.#waiting.subarray(count);
    this.#left += count;
    if (this.#waiting.length === 0) this.#held = "nothing";
    const place = this.#written.placeOf(this.#left) ?? this.#written.length;
    this.#written.trim(place);
    this.#joined.trim(this.#joined.text.scan.at);
    return out;
  }

  #masked(leaving: Uint8Array): Uint8Array {
    const out = new Writer(leaving.length + 64);
    const end = this.#left + leaving.length;
    let at = this.#left;
    while (this.#spans.length > 0 && (this.#spans[0]?.start ?? end) < end) {
      const span = this.#spans.shift();
      if (span === undefined || span.end <= at) continue;
      const start = Math.max(span.start, at);
      out.raw(leaving.subarray(at - this.#left, start - this.#left));
      const marker = utf8.encode(redactedText(span.className));
      this.#counts.set(span.className, (this.#counts.get(span.className) ?? 0) + 1);
      const isOpaque = span.className === opaque;
      const isMarked = this.#form === "marker";
      if (isMarked) out.raw(marker);
      let shown = 0;
      for (at = start; at < span.end; at++) {
        const byte = leaving[at - this.#left] ?? 0;
        if (!this.#isShown(byte, at)) out.uint8(byte);
        else if (!isMarked) out.uint8(isOpaque ? star : marker[shown++] ?? star);
      }
    }
    return out.raw(leaving.subarray(at - this.#left)).bytes();
  }

  /** Whether a byte within a find is of its value: shown, or a backspace. */
  #isShown(byte: number, offset: number): boolean {
    if (byte === lineFeed || byte === carriageReturn) return false;
    const place = this.#written.placeOf(offset);
    // Of a sequence that a byte of the text stands for, the text has another byte.
    return place !== null && this.#written.view()[place] === byte;
  }

  /** More is held than anybody waits for: it leaves as one that is not understood. */
  #giveUp(): Uint8Array {
    const end = this.#left + this.#waiting.length;
    this.#spans = [{ start: this.#left, end, className: opaque }];
    return this.#leave(end);
  }
}

const utf8 = new TextEncoder();
const nothing = new Uint8Array(0);
const blanks = utf8.encode("  ");
const [lineFeed, carriageReturn, backspace, blank, atSign] = [0x0a, 0x0d, 0x08, 0x20, 0x40];
const star = 0x2a;
const textBytesMin = 12;
const opaque = "opaque";
/** Fewer are all read. */
const muchBytes = 2048;
const skippedBytesMin = 1024;
/** So that texts stay small, whatever comes at once. */
const textBytesMax = 65_536;
const heldBytesMax = 16_384;
