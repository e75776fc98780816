/**
 * PostgreSQL messages as lines of a transcript, one a message: `F` what the client sent, `B` what
 * it received.
 *
 * **Invariant:** transcripts that are equal are of equal messages: a line leaves out only what
 * another field of its message says too, and names what the server numbers as it likes.
 *
 * @module
 */
import { kindOf } from "#actors/masking/types.ts";
import type { BackendMessage } from "#schemas/wire/postgres/backend.ts";
import { type FormatCode, formatOf } from "#schemas/wire/postgres/format_code.ts";
import type { FrontendMessage } from "#schemas/wire/postgres/frontend.ts";
import type { FieldDescription } from "#schemas/wire/postgres/row_description.ts";

/** What is known of the columns of the rows to come. */
export type Columns = {
  readonly fields: readonly FieldDescription[];
  /** Of Bind; null after a simple query, when the fields say it themselves. */
  readonly formats: readonly FormatCode[] | null;
};

/** Parameters whose value is the machine's that the test runs on. */
const ofTheMachine: ReadonlyMap<string, string> = new Map([
  ["server_version", "<version>"],
  ["TimeZone", "<zone>"],
]);

export function frontendLine(message: FrontendMessage): string {
  switch (message.kind) {
    case "password":
      return "F Password <token>";
    case "query":
      return `F Query ${quoted(message.text)}`;
    case "parse":
      return line("F Parse", name(message.statement), quoted(message.text), [
        ...message.parameterTypes.map(typeName),
      ]);
    case "bind": {
      const { portal, statement, parameters, parameterFormats, resultFormats } = message;
      const values = parameters.map((bytes, index) => {
        return value(bytes, formatOf(parameterFormats, index), "other");
      });
      return line("F Bind", name(portal), name(statement), values, resultFormats.map(formatName));
    }
    case "describe":
    case "close":
      return line(`F ${words(message.kind)}`, message.target, name(message.name));
    case "execute":
      return line("F Execute", name(message.portal), `rows=${message.rowsMax}`);
    case "copy_data":
      return `F CopyData ${value(message.data, 0, "text")}`;
    default:
      return `F ${words(message.kind)}${rest(message)}`;
  }
}

export function backendLine(message: BackendMessage, columns: Columns): string {
  switch (message.kind) {
    case "row_description":
      return line("B RowDescription", ...message.fields.map(fieldText));
    case "data_row":
      return line(
        "B DataRow",
        ...message.values.map((bytes, index) => {
          const field = columns.fields[index];
          const { formats } = columns;
          const format = formats === null ? field?.format ?? 0 : formatOf(formats, index);
          return value(bytes, format, kindOf(field?.typeOid ?? 0));
        }),
      );
    case "error_response":
    case "notice_response":
      return line(
        `B ${words(message.kind)}`,
        // The line of the server's source differs with its version.
        ...message.fields.map(({ code, value }) =>
          code === "L" ? "L=<line>" : fieldOf(code, value)
        ),
      );
    case "backend_key_data":
      return `B BackendKeyData <process> <key of ${message.secretKey.length} bytes>`;
    case "parameter_status": {
      const named = ofTheMachine.get(message.name);
      return line("B ParameterStatus", message.name, named ?? quoted(message.value));
    }
    case "parameter_description":
      return line("B ParameterDescription", message.types.map(typeName));
    case "copy_in_response":
    case "copy_out_response":
    case "copy_both_response":
      return line(
        `B ${words(message.kind)}`,
        formatName(message.format),
        message.columnFormats.map(formatName),
      );
    case "copy_data":
      return `B CopyData ${value(message.data, 0, "text")}`;
    case "command_complete":
      return `B CommandComplete ${quoted(message.tag)}`;
    case "ready_for_query":
      return `B ReadyForQuery ${message.status}`;
    default:
      return `B ${words(message.kind)}${rest(message)}`;
  }
}

/**
 * The text with each token of masking, which the installation's own random key makes, replaced by
 * its number of appearance: equal tokens stay equal, different ones different.
 */
export function withoutTokens(text: string): string {
  const numbers = new Map<string, number>();
  return text.replaceAll(/tok_[0-9a-z]+_[0-9a-z]{24}/g, (token) => {
    const number = numbers.get(token) ?? numbers.size + 1;
    numbers.set(token, number);
    return `tok_<${number}>`;
  });
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function fieldText(field: FieldDescription): string {
  const { name: column, typeOid, typeModifier, format, tableOid, attribute } = field;
  // A table's OID is the server's choice; whether there is one is not.
  const source = tableOid === 0 ? "" : ` of column ${attribute}`;
  const modifier = typeModifier === -1 ? "" : `(${typeModifier})`;
  return `[${column} ${typeName(typeOid)}${modifier} ${formatName(format)}${source}]`;
}

/** A value as text in quotes, or the bytes of a binary one that is no text. */
function value(bytes: Uint8Array | null, format: FormatCode, kind: string): string {
  if (bytes === null) return "null";
  const text = format === 0 || kind === "text" ? new TextDecoder().decode(bytes) : "\ufffd";
  // What is not UTF-8 is shown as the bytes it is.
  return text.includes("\ufffd") ? `x'${bytes.toHex()}'` : quoted(text);
}

function fieldOf(code: string, text: string): string {
  return `${code}=${/^\w+$/.test(text) ? text : quoted(text)}`;
}

/** The words of a message that has no line of its own. */
function rest(message: FrontendMessage | BackendMessage): string {
  const { kind: _, ...fields } = message;
  return Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
}

function line(...parts: readonly (string | readonly string[])[]): string {
  return parts.map((part) => typeof part === "string" ? part : `(${part.join(" ")})`).join(" ");
}

function typeName(oid: number): string {
  const kind = kindOf(oid);
  return kind === "other" || kind === "array" ? `${kind} ${oid}` : kind;
}

function formatName(format: FormatCode): string {
  return format === 1 ? "binary" : "text";
}

function name(text: string): string {
  return text === "" ? "unnamed" : text;
}

/** `ready_for_query` as the protocol's pages write it. */
function words(kind: string): string {
  return kind.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}
