/**
 * What the agent saw: the stored, masked response bytes of a session as tables and words.
 *
 * **Invariant:** only stored response frames are read, so nothing stands here that was not masked;
 * what is not understood is named, never guessed.
 *
 * @module
 */
import { decodeBackend } from "#schemas/wire/postgres/backend.ts";
import { fieldCodes, fieldOf } from "#schemas/wire/postgres/error_response.ts";
import { type Frame as Message, Framer } from "#schemas/wire/postgres/frame.ts";

export type OutputBlock =
  | {
    readonly kind: "table";
    readonly columns: readonly string[];
    /** Null is SQL NULL. */
    readonly rows: (readonly (string | null)[])[];
    /** Rows beyond those that are shown. */
    omitted: number;
  }
  | { readonly kind: "command"; readonly tag: string }
  | {
    readonly kind: "error" | "notice";
    readonly sqlstate: string;
    readonly message: string;
    readonly detail: string;
    readonly hint: string;
  }
  | { readonly kind: "copy"; messages: number; bytes: number }
  | { readonly kind: "unreadable" };

export type OutputLimits = {
  readonly messageBytesMax: number;
  readonly rowsShownMax: number;
  readonly cellCharsMax: number;
  readonly blocksMax: number;
};
export type OutputReader = {
  /** Takes the next response part, of request `request`, in order of the parts. */
  take(request: number, payload: Uint8Array): void;
  /** What was seen in answer to a request; an answer is its last part's. */
  of(request: number): readonly OutputBlock[];
};

/** Reads the responses of one session in order. */
export function outputReader(limits: OutputLimits): OutputReader {
  const framer = new Framer(limits);
  const blocks = new Map<number, OutputBlock[]>();
  /** Format codes of the columns that rows to come have. */
  let formats: readonly number[] = [];
  let broken = false;
  return { take, of: (request) => blocks.get(request) ?? [] };

  function take(request: number, payload: Uint8Array): void {
    if (broken) return;
    const own = blocks.get(request) ?? [];
    blocks.set(request, own);
    framer.push(payload);
    for (;;) {
      const message = framer.next();
      if (message.kind === "need") return;
      if (message.kind === "malformed") {
        broken = true;
        own.push({ kind: "unreadable" });
        return;
      }
      takeMessage(own, message);
    }
  }

  function takeMessage(own: OutputBlock[], raw: Message): void {
    if (own.length >= limits.blocksMax) return;
    const message = decodeBackend(raw);
    switch (message.kind) {
      case "row_description":
        formats = message.fields.map(({ format }) => format);
        own.push({
          kind: "table",
          columns: message.fields.map(({ name }) => name),
          rows: [],
          omitted: 0,
        });
        return;
      case "data_row": {
        const table = tableOf(own);
        if (table.rows.length >= limits.rowsShownMax) table.omitted++;
        else table.rows.push(message.values.map((value, index) => cell(value, index)));
        return;
      }
      case "command_complete":
        own.push({ kind: "command", tag: message.tag });
        return;
      case "error_response":
      case "notice_response":
        own.push({
          kind: message.kind === "error_response" ? "error" : "notice",
          sqlstate: fieldOf(message, fieldCodes.sqlstate) ?? "",
          message: fieldOf(message, fieldCodes.message) ?? "",
          detail: fieldOf(message, fieldCodes.detail) ?? "",
          hint: fieldOf(message, fieldCodes.hint) ?? "",
        });
        return;
      case "copy_data": {
        const newest = own.at(-1);
        if (newest?.kind === "copy") {
          newest.messages++;
          newest.bytes += message.data.length;
        } else own.push({ kind: "copy", messages: 1, bytes: message.data.length });
        return;
      }
      case "malformed":
        own.push({ kind: "unreadable" });
        return;
      default:
        return;
    }
  }

  /** The table that rows belong to; rows of a portal described before come without a heading. */
  function tableOf(own: OutputBlock[]): Extract<OutputBlock, { kind: "table" }> {
    const newest = own.at(-1);
    if (newest?.kind === "table") return newest;
    const table = { kind: "table" as const, columns: [], rows: [], omitted: 0 };
    own.push(table);
    return table;
  }

  function cell(value: Uint8Array | null, index: number): string | null {
    if (value === null) return null;
    if (formats[index] === 1) return `binary, ${value.length} bytes`;
    const cut = value.length > limits.cellCharsMax;
    const text = decoder.decode(cut ? value.subarray(0, limits.cellCharsMax) : value);
    return cut ? `${text}… (${value.length} bytes)` : text;
  }
}

// What is not UTF-8 reads as U+FFFD; the frame keeps the bytes.
const decoder = new TextDecoder("utf-8");
