/**
 * What the edge asks by itself when a statement of an open transaction was refused: a statement
 * that no server takes, so that its transaction is aborted there too. From then on the server
 * answers as it does after any error: COMMIT rolls back, ROLLBACK TO SAVEPOINT goes on.
 *
 * The words stand in the server's log, if it logs failed statements.
 *
 * @module
 */
import { frontendBytes } from "./frontend.ts";

/** The whole request. */
export const abortTransaction: Uint8Array = frontendBytes({
  kind: "query",
  text: "sallyport refused a statement of this transaction",
});

/** Whether a request is this one. */
export function isAbortTransaction(bytes: Uint8Array): boolean {
  return bytes.length === abortTransaction.length &&
    bytes.every((byte, index) => byte === abortTransaction[index]);
}
