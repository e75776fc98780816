/**
 * Checkpoints (c2sp.org/tlog-checkpoint): the text of a signed note that states a log's origin, its
 * size and its root.
 *
 * **Invariant:** one checkpoint has one spelling: numbers and base64 that are not canonical are
 * refused. We write no extension lines, and read those of others as opaque.
 *
 * @module
 */
import { decodeBase64 } from "./bytes.ts";
import type { Signer, Verifier } from "./key.ts";
import { hashBytes } from "./merkle.ts";
import { type NoteFault, openNote, signNote } from "./note.ts";

export type Checkpoint = {
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  readonly root: Uint8Array;
};

/** The note text. @throws RangeError when a field cannot stand in a checkpoint. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin.length === 0 || origin.includes("\n")) {
    throw new RangeError("Cannot format checkpoint: origin is empty or has a newline");
  }
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError("Cannot format checkpoint: size is not a count");
  }
  if (root.length !== hashBytes) {
    throw new RangeError("Cannot format checkpoint: root is not 32 bytes");
  }
  return `${origin}\n${size}\n${root.toBase64()}\n`;
}

/** Parses a note text; null when it is not a checkpoint's, or larger than 2^53 - 1 leaves. */
export function parseCheckpoint(
  text: string,
): (Checkpoint & { readonly extensions: readonly string[] }) | null {
  if (!text.endsWith("\n")) return null;
  const [origin, count, encoded, ...extensions] = text.slice(0, -1).split("\n");
  if (origin === undefined || count === undefined || encoded === undefined) return null;
  if (origin.length === 0 || extensions.includes("")) return null;
  if (!/^(0|[1-9]\d{0,15})$/.test(count)) return null;
  const size = Number(count);
  const root = decodeBase64(encoded);
  if (!Number.isSafeInteger(size) || root?.length !== hashBytes) return null;
  return { origin, size, root, extensions };
}

/** Signs a checkpoint; its origin should be the signer's name. */
export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): Uint8Array {
  return signNote(formatCheckpoint(checkpoint), [signer]);
}

export type OpenedCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly fault: NoteFault | "not_a_checkpoint" | "other_origin" };

/** Opens a checkpoint of the log that `verifier` names: signature, shape and origin are checked. */
export function openCheckpoint(note: Uint8Array, verifier: Verifier): OpenedCheckpoint {
  const opened = openNote(note, [verifier]);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint === null) return { ok: false, fault: "not_a_checkpoint" };
  if (checkpoint.origin !== verifier.name) return { ok: false, fault: "other_origin" };
  const { origin, size, root } = checkpoint;
  return { ok: true, checkpoint: { origin, size, root } };
}
