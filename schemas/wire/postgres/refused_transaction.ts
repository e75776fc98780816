/**
 * What the edge asks by itself when a statement of an open transaction was refused, or of a batch
 * of which the server has run a part: a statement that no server takes, so that its transaction is
 * aborted there too, and a Sync, with which the batch is over. From then on the server answers as
 * it does after any error: COMMIT rolls back, ROLLBACK TO SAVEPOINT goes on. And when a part of a
 * COPY was refused: CopyFail, by which the server gives up the COPY as a whole; it ignores one that
 * comes when the COPY is over.
 *
 * The words stand in the server's log, if it logs failed statements.
 *
 * @module
 */
import { frontendBytes } from "./frontend.ts";

/** The whole request. */
export const abortTransaction: Uint8Array = frontendBytes({
  kind: "parse",
  statement: "",
  text: "sallyport refused a statement of this transaction",
  parameterTypes: [],
}, { kind: "sync" });

/** Whether a request is this one. */
export function isAbortTransaction(bytes: Uint8Array): boolean {
  return areSame(bytes, abortTransaction);
}

/** The whole request. */
export const abortCopy: Uint8Array = frontendBytes({
  kind: "copy_fail",
  reason: "sallyport refused a part of it",
});

/** Whether a request is this one. */
export function isAbortCopy(bytes: Uint8Array): boolean {
  return areSame(bytes, abortCopy);
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
