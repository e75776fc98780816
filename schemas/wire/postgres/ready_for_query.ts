/**
 * ReadyForQuery (B): the server waits for the next request.
 *
 * ```
 * Byte1('Z')  Int32(5)  Byte1('I' idle, 'T' in a transaction, 'E' in a failed one)
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-READYFORQUERY
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type TransactionStatus = "idle" | "in_transaction" | "failed_transaction";
export type ReadyForQuery = {
  readonly kind: "ready_for_query";
  readonly status: TransactionStatus;
};

const letters = { idle: "I", in_transaction: "T", failed_transaction: "E" } as const;

export function decodeReadyForQuery(frame: Frame): ReadyForQuery | Malformed {
  const reader = readerOf(frame);
  switch (String.fromCharCode(reader.uint8("transaction status"))) {
    case "I":
      return reader.end({ kind: "ready_for_query", status: "idle" });
    case "T":
      return reader.end({ kind: "ready_for_query", status: "in_transaction" });
    case "E":
      return reader.end({ kind: "ready_for_query", status: "failed_transaction" });
    default:
      reader.fail("invalid_value", "transaction status");
      return reader.end({ kind: "ready_for_query", status: "failed_transaction" });
  }
}

export function encodeReadyForQuery(message: ReadyForQuery, writer: Writer): Writer {
  const start = writer.begin("Z");
  return writer.uint8(letters[message.status].charCodeAt(0)).end(start);
}
