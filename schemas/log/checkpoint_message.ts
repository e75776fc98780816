/**
 * A checkpoint as it is stored on the bus: the signed note as payload, and in headers the frontier
 * from which the log goes on without reading everything again.
 *
 * **Invariant:** the headers are a convenience and trusted only as far as they hash to the root
 * that the note signs.
 *
 * @module
 */
import { decodeBase64, equalBytes } from "./bytes.ts";
import {
  type Checkpoint,
  openCheckpoint,
  type OpenedCheckpoint,
  signCheckpoint,
} from "./checkpoint.ts";
import type { Signer, Verifier } from "./key.ts";
import { decodeFrontier, encodeFrontier, type Frontier, root } from "./merkle.ts";

/** Base64 of the frontier's hashes, largest subtree first. */
export const frontierHeader = "Sallyport-Frontier";
/** The stream sequence of the newest leaf; equals the size, since leaf n is sequence n + 1. */
export const throughHeader = "Sallyport-Through";

export type CheckpointMessage = {
  readonly headers: ReadonlyMap<string, string>;
  readonly payload: Uint8Array;
};

/** Signs the tree at this frontier; the signer's name is the origin. */
export function checkpointMessage(frontier: Frontier, signer: Signer): CheckpointMessage {
  const checkpoint = { origin: signer.name, size: frontier.size, root: root(frontier) };
  const headers = new Map([
    [frontierHeader, encodeFrontier(frontier).toBase64()],
    [throughHeader, String(frontier.size)],
  ]);
  return { headers, payload: signCheckpoint(checkpoint, signer) };
}

export type ReadCheckpoint =
  | {
    readonly ok: true;
    readonly checkpoint: Checkpoint;
    /** Null when the headers do not give the frontier of the signed root. */
    readonly frontier: Frontier | null;
  }
  | Exclude<OpenedCheckpoint, { ok: true }>;

/** Verifies a stored checkpoint. */
export function readCheckpointMessage(
  message: CheckpointMessage,
  verifier: Verifier,
): ReadCheckpoint {
  const opened = openCheckpoint(message.payload, verifier);
  if (!opened.ok) return opened;
  const { checkpoint } = opened;
  const bytes = decodeBase64(message.headers.get(frontierHeader) ?? "?");
  const decoded = bytes === null ? null : decodeFrontier(checkpoint.size, bytes);
  const genuine = decoded !== null && equalBytes(root(decoded), checkpoint.root) &&
    message.headers.get(throughHeader) === String(checkpoint.size);
  return { ok: true, checkpoint, frontier: genuine ? decoded : null };
}
