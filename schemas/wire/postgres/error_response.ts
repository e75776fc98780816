/**
 * ErrorResponse and NoticeResponse (B): fields of words, in the order they came.
 *
 * ```
 * Byte1('E' or 'N')  Int32 length  { Byte1 field code  String value }*  Byte1(0)
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-ERRORRESPONSE
 * Field codes: https://www.postgresql.org/docs/current/protocol-error-fields.html
 *
 * Before the session has an encoding a server words its errors in any, so what is not UTF-8 reads
 * as U+FFFD; the frame keeps the bytes. Unknown codes are kept.
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

/** `code` is one character, `C` for the SQLSTATE; see `fieldCodes`. */
export type ResponseField = { readonly code: string; readonly value: string };
export type ErrorResponse = {
  readonly kind: "error_response";
  readonly fields: readonly ResponseField[];
};
export type NoticeResponse = {
  readonly kind: "notice_response";
  readonly fields: readonly ResponseField[];
};

export const fieldCodes = {
  /** In the server's language. */
  severity: "S",
  /** Never translated. */
  severityNonlocalised: "V",
  sqlstate: "C",
  message: "M",
  detail: "D",
  hint: "H",
  /** In characters of the statement, from 1. */
  position: "P",
  internalPosition: "p",
  internalQuery: "q",
  where: "W",
  schema: "s",
  table: "t",
  column: "c",
  dataType: "d",
  constraint: "n",
  file: "F",
  line: "L",
  routine: "R",
} as const;

/** The words of an error or notice; an empty optional field is left out. */
export type ErrorWords = {
  readonly severity: "ERROR" | "FATAL" | "PANIC";
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: number;
};
export type NoticeWords = Omit<ErrorWords, "severity"> & {
  readonly severity: "WARNING" | "NOTICE" | "INFO" | "LOG" | "DEBUG";
};

export function errorResponse(words: ErrorWords): ErrorResponse {
  return { kind: "error_response", fields: fieldsOf(words) };
}

export function noticeResponse(words: NoticeWords): NoticeResponse {
  return { kind: "notice_response", fields: fieldsOf(words) };
}

/** The first field of that code; null when there is none. */
export function fieldOf(message: ErrorResponse | NoticeResponse, code: string): string | null {
  return message.fields.find((field) => field.code === code)?.value ?? null;
}

export function decodeErrorResponse(frame: Frame): ErrorResponse | Malformed {
  const fields = readFields(frame);
  return "kind" in fields ? fields : { kind: "error_response", fields };
}

export function decodeNoticeResponse(frame: Frame): NoticeResponse | Malformed {
  const fields = readFields(frame);
  return "kind" in fields ? fields : { kind: "notice_response", fields };
}

export function encodeErrorResponse(message: ErrorResponse, writer: Writer): Writer {
  return writeFields("E", message.fields, writer);
}

export function encodeNoticeResponse(message: NoticeResponse, writer: Writer): Writer {
  return writeFields("N", message.fields, writer);
}

function readFields(frame: Frame): ResponseField[] | Malformed {
  const reader = readerOf(frame);
  const fields: ResponseField[] = [];
  while (!reader.failed) {
    const code = reader.uint8("field code");
    if (code === 0) break;
    fields.push({ code: String.fromCharCode(code), value: reader.lossyCstring("field value") });
  }
  return reader.end(fields);
}

function writeFields(tag: "E" | "N", fields: readonly ResponseField[], writer: Writer): Writer {
  const start = writer.begin(tag);
  for (const { code, value } of fields) writer.uint8(code.charCodeAt(0)).cstring(value);
  return writer.uint8(0).end(start);
}

function fieldsOf(words: ErrorWords | NoticeWords): ResponseField[] {
  const position = words.position === undefined ? "" : String(words.position);
  const optional: readonly ResponseField[] = [
    { code: fieldCodes.detail, value: words.detail ?? "" },
    { code: fieldCodes.hint, value: words.hint ?? "" },
    { code: fieldCodes.position, value: position },
  ];
  return [
    { code: fieldCodes.severity, value: words.severity },
    { code: fieldCodes.severityNonlocalised, value: words.severity },
    { code: fieldCodes.sqlstate, value: words.sqlstate },
    { code: fieldCodes.message, value: words.message },
    ...optional.filter(({ value }) => value !== ""),
  ];
}
