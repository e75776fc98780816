/**
 * The statements' texts in a request's bytes, by the message that holds each.
 *
 * @module
 */
import { Framer } from "./frame.ts";
import { decodeParse } from "./parse.ts";
import { decodeQuery } from "./query.ts";

/** `parameterTypes` are the OIDs that a Parse declares; 0 for one that it leaves open. */
export type StatementText = {
  readonly text: string;
  readonly parameterTypes: readonly number[];
};

/**
 * The texts of Query and Parse messages, by the message's number in the request, from 0; null for
 * bytes that are not whole messages of the protocol.
 */
export function statementTexts(bytes: Uint8Array): ReadonlyMap<number, StatementText> | null {
  const texts = new Map<number, StatementText>();
  const framer = new Framer({ messageBytesMax: Number.MAX_SAFE_INTEGER });
  framer.push(bytes);
  for (let number = 0;; number++) {
    const frame = framer.next();
    if (frame.kind === "need") return framer.buffered > 0 ? null : texts;
    if (frame.kind === "malformed") return null;
    if (frame.tag !== "Q" && frame.tag !== "P") continue;
    const message = frame.tag === "Q" ? decodeQuery(frame) : decodeParse(frame);
    if (message.kind === "malformed") return null;
    const parameterTypes = message.kind === "parse" ? message.parameterTypes : [];
    texts.set(number, { text: message.text, parameterTypes });
  }
}
