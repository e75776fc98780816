/**
 * What an agent saw, read from its masked responses: results as rows, ends, errors and notices.
 *
 * **Invariant:** memory is bounded by the limits, whatever a result holds; what is left out is
 * counted.
 *
 * @module
 */
import { type BackendMessage, decodeBackend } from "#schemas/wire/postgres/backend.ts";
import {
  type ErrorResponse,
  fieldCodes,
  fieldOf,
  type NoticeResponse,
} from "#schemas/wire/postgres/error_response.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import type { FieldDescription } from "#schemas/wire/postgres/row_description.ts";
import { valueText } from "./value.ts";

export type OutputItem =
  /** Rows of one result; `begins` when its columns are to be shown. */
  | {
    readonly kind: "rows";
    readonly begins: boolean;
    readonly columns: readonly string[];
    /** Null is SQL NULL. */
    readonly rows: readonly (readonly (string | null)[])[];
    readonly omitted: number;
  }
  | { readonly kind: "copy"; readonly lines: readonly string[]; readonly omittedBytes: number }
  | { readonly kind: "complete"; readonly tag: string }
  | {
    readonly kind: "error" | "notice";
    readonly severity: string;
    readonly sqlstate: string;
    readonly message: string;
    readonly detail: string | null;
    readonly hint: string | null;
  }
  | { readonly kind: "notification"; readonly channel: string }
  /** The bytes could not be read as the protocol's; nothing more of this response is shown. */
  | { readonly kind: "unreadable" };

export type OutputLimits = {
  /** One message of the server. */
  readonly messageBytesMax: number;
  /** Rows shown of one result. */
  readonly rowsMax: number;
  readonly columnsMax: number;
  /** Characters kept of one value. */
  readonly valueCharactersMax: number;
  /** Bytes shown of one COPY. */
  readonly copyBytesMax: number;
};

export type OutputReader = {
  /** Reads the bytes of one response part; `request` is the one it answers. */
  take(request: number, bytes: Uint8Array): OutputItem[];
};

type Result = { columns: readonly FieldDescription[] | null; begun: boolean; rows: number };
type MutableRows = {
  columns: string[];
  begins: boolean;
  rows: (string | null)[][];
  omitted: number;
};

export function readOutput(limits: OutputLimits): OutputReader {
  let framer = new Framer(limits);
  let current = -1;
  let lost = false;
  let result: Result = { columns: null, begun: false, rows: 0 };
  let copied = 0;
  return { take };

  function take(request: number, bytes: Uint8Array): OutputItem[] {
    if (request !== current) {
      current = request;
      // Between requests no message is cut in two; what was lost may be found again here.
      if (lost) framer = new Framer(limits);
      lost = false;
    }
    if (lost) return [];
    framer.push(bytes);
    const items: OutputItem[] = [];
    let rows: MutableRows | null = null;
    let copy: { lines: string[]; omittedBytes: number } | null = null;
    while (true) {
      const frame = framer.next();
      if (frame.kind === "need") break;
      const message = frame.kind === "frame" ? decodeBackend(frame) : frame;
      if (message.kind === "malformed") {
        lost = true;
        flush();
        items.push({ kind: "unreadable" });
        break;
      }
      if (message.kind === "data_row") addRow(message.values);
      else if (message.kind === "copy_data") addCopy(message.data);
      else {
        flush();
        const item = other(message);
        if (item !== null) items.push(item);
      }
    }
    flush();
    return items;

    function flush(): void {
      if (rows !== null) items.push({ kind: "rows", ...rows });
      if (copy !== null) items.push({ kind: "copy", ...copy });
      rows = null;
      copy = null;
    }

    function addRow(values: readonly (Uint8Array | null)[]): void {
      const columns = result.columns;
      rows ??= {
        columns: values.slice(0, limits.columnsMax).map((_, index) =>
          columns?.[index]?.name ?? `column${index + 1}`
        ),
        begins: !result.begun,
        rows: [],
        omitted: 0,
      };
      result.begun = true;
      if (result.rows++ >= limits.rowsMax) {
        rows.omitted++;
        return;
      }
      rows.rows.push(
        values.slice(0, limits.columnsMax).map((value, index) => {
          return value === null ? null : valueText(value, columns?.[index], limits);
        }),
      );
    }

    function addCopy(data: Uint8Array): void {
      copy ??= { lines: [], omittedBytes: 0 };
      const room = Math.max(0, limits.copyBytesMax - copied);
      copied += data.length;
      const shown = data.subarray(0, room);
      if (shown.length > 0) copy.lines.push(...textOf(shown).replace(/\n$/, "").split("\n"));
      copy.omittedBytes += data.length - shown.length;
    }
  }

  function other(message: BackendMessage): OutputItem | null {
    switch (message.kind) {
      case "row_description":
        result = { columns: message.fields, begun: false, rows: 0 };
        return null;
      case "copy_out_response":
      case "copy_both_response":
        copied = 0;
        return null;
      case "command_complete": {
        // The same portal's description may serve a further Execute.
        result = { ...result, begun: false, rows: 0 };
        return { kind: "complete", tag: message.tag };
      }
      case "portal_suspended":
        return { kind: "complete", tag: "(more rows wait)" };
      case "ready_for_query":
        result = { columns: null, begun: false, rows: 0 };
        return null;
      case "error_response":
        return words("error", message);
      case "notice_response":
        return words("notice", message);
      case "notification_response":
        return { kind: "notification", channel: message.channel };
      default:
        return null;
    }
  }
}

function words(
  kind: "error" | "notice",
  message: ErrorResponse | NoticeResponse,
): OutputItem {
  return {
    kind,
    severity: fieldOf(message, fieldCodes.severityNonlocalised) ??
      fieldOf(message, fieldCodes.severity) ?? "",
    sqlstate: fieldOf(message, fieldCodes.sqlstate) ?? "",
    message: fieldOf(message, fieldCodes.message) ?? "",
    detail: fieldOf(message, fieldCodes.detail),
    hint: fieldOf(message, fieldCodes.hint),
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
