/**
 * NotificationResponse (B): another session did NOTIFY.
 *
 * ```
 * Byte1('A')  Int32 length  Int32 process ID  String channel  String payload
 * ```
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-NOTIFICATIONRESPONSE
 *
 * @module
 */
import type { Malformed, Writer } from "../cursor.ts";
import { type Frame, readerOf } from "./frame.ts";

export type NotificationResponse = {
  readonly kind: "notification_response";
  readonly processId: number;
  readonly channel: string;
  readonly payload: string;
};

export function decodeNotificationResponse(frame: Frame): NotificationResponse | Malformed {
  const reader = readerOf(frame);
  const processId = reader.int32("process ID");
  const channel = reader.cstring("channel");
  const payload = reader.cstring("payload");
  return reader.end({ kind: "notification_response", processId, channel, payload });
}

export function encodeNotificationResponse(message: NotificationResponse, writer: Writer): Writer {
  const start = writer.begin("A");
  writer.int32(message.processId).cstring(message.channel).cstring(message.payload);
  return writer.end(start);
}
