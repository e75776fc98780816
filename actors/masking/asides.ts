/**
 * Rewrites what a server says beside its answers: settings that changed, and notifications.
 *
 * **Invariant:** a setting leaves with its value only where the value cannot be made of data: any
 * session may `set_config('application_name', ssn, false)`.
 *
 * @module
 */
import type { Malformed, Writer } from "#schemas/wire/cursor.ts";
import type { Frame } from "#schemas/wire/postgres/frame.ts";
import {
  decodeNotificationResponse,
  encodeNotificationResponse,
} from "#schemas/wire/postgres/notification_response.ts";
import {
  decodeParameterStatus,
  encodeParameterStatus,
} from "#schemas/wire/postgres/parameter_status.ts";

/** The client encoding, when the message told a new one; null when it told something else. */
export type ToldEncoding = { readonly kind: "told"; readonly clientEncoding: string | null };

/**
 * Appends the setting. Its value is emptied unless the name is known and the value is one that the
 * server itself chose; with `open`, the request touches no class and known names keep any value.
 */
export function rewriteParameterStatus(
  frame: Frame,
  words: "open" | "closed",
  out: Writer,
): ToldEncoding | Malformed {
  const message = decodeParameterStatus(frame);
  if (message.kind === "malformed") return message;
  const { name, value } = message;
  const isKept = ownWords.get(name)?.test(value) === true ||
    words === "open" && anyWords.has(name);
  if (isKept) out.raw(frame.raw);
  else encodeParameterStatus({ ...message, name: isName(name) ? name : "", value: "" }, out);
  return { kind: "told", clientEncoding: name === "client_encoding" ? value : null };
}

/** Appends the notification without its payload: it comes of another session's data. */
export function rewriteNotification(frame: Frame, out: Writer): Malformed | null {
  const message = decodeNotificationResponse(frame);
  if (message.kind === "malformed") return message;
  encodeNotificationResponse({ ...message, payload: "" }, out);
  return null;
}

const onOff = /^(?:on|off)$/;
/** Settings with a vocabulary of their own, which the server checks. */
const ownWords: ReadonlyMap<string, RegExp> = new Map([
  ["client_encoding", /^[A-Za-z][A-Za-z0-9_-]{1,31}$/],
  ["server_encoding", /^[A-Za-z][A-Za-z0-9_-]{1,31}$/],
  ["server_version", /^[\x20-\x7e]{1,100}$/],
  ["DateStyle", /^[A-Za-z]+, [A-Z]{3}$/],
  ["IntervalStyle", /^[a-z_0-9]{1,20}$/],
  ["TimeZone", /^(?:UTC|GMT|[A-Z][A-Za-z_+-]{1,20}(?:\/[A-Z][A-Za-z_+-]{1,20}){1,2})$/],
  ["integer_datetimes", onOff],
  ["standard_conforming_strings", onOff],
  ["is_superuser", onOff],
  ["in_hot_standby", onOff],
  ["default_transaction_read_only", onOff],
  ["scram_iterations", /^\d{1,10}$/],
]);
/** Settings whose value may be any text. */
const anyWords: ReadonlySet<string> = new Set([
  "application_name",
  "search_path",
  "session_authorization",
  "TimeZone",
]);

/** Names of settings, of extensions too: two identifiers at most. */
function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_$]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$/.test(name);
}
