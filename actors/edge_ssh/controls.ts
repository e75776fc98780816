/**
 * Signals and new sizes of the terminal, which overtake the input that waits.
 *
 * @module
 */
import type { FromAgent } from "./agent_channel.ts";
import type { Continuation, InputError } from "./input.ts";

type Control = Extract<FromAgent, { kind: "window_change" | "signal" }>;

export class Controls {
  readonly #max: number;
  readonly #waiting: Control[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Of the sizes that wait the last is the terminal's. */
  add(control: Control): void {
    const last = this.#waiting.at(-1);
    if (control.kind === "window_change" && last?.kind === "window_change") this.#waiting.pop();
    if (this.#waiting.length <= this.#max) this.#waiting.push(control);
  }

  next(): Continuation | InputError | null {
    if (this.#waiting.length > this.#max) return { error: "too many signals at once" };
    const control = this.#waiting.shift();
    return control === undefined ? null : { messages: [control] };
  }
}
