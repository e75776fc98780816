/**
 * G6: every stored frame is one leaf, and every checkpoint is signed and extends the one before.
 *
 * A root says that something below it differs, not what: so a changed frame is named by the range
 * between the last checkpoint that agreed and the first that does not. Behind that checkpoint the
 * check goes on from its own signed frontier, so that each damaged range is named, and once.
 *
 * What this cannot see alone: frames and checkpoints that were cut off together at the end. For
 * that, give it a checkpoint that was kept elsewhere.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { equalBytes } from "#schemas/log/bytes.ts";
import { type Checkpoint, openCheckpoint } from "#schemas/log/checkpoint.ts";
import { readCheckpointMessage } from "#schemas/log/checkpoint_message.ts";
import type { Verifier } from "#schemas/log/key.ts";
import { frameLeafHash } from "#schemas/log/leaf.ts";
import {
  append,
  appendRange,
  emptyFrontier,
  type Frontier,
  type LeafRange,
  root,
} from "#schemas/log/merkle.ts";
import type { Find } from "./finding.ts";

type Signed = {
  /** Sequence in the stream of checkpoints. */
  readonly at: number;
  readonly checkpoint: Checkpoint;
  readonly frontier: Frontier | null;
};

export type TreeCheck = {
  /** Reads the first checkpoint. */
  begin(): Promise<void>;
  take(message: StoredMessage): Promise<void>;
  /** No frame follows. */
  end(): Promise<void>;
  checkpoints(): number;
  /** Size of the newest checkpoint whose root was found to agree. */
  signed(): number;
};

/**
 * `kept`: checkpoints that were kept outside the system, as signed notes. `signedThrough`: frames
 * up to this sequence must be signed. `ranges`: frames that are not here, by the sequence before
 * the first of them.
 */
export function checkTree(
  checkpoints: AsyncIterable<StoredMessage>,
  verifier: Verifier,
  kept: readonly Uint8Array[],
  signedThrough: number,
  ranges: ReadonlyMap<number, LeafRange>,
  find: Find,
): TreeCheck {
  const reader = checkpoints[Symbol.asyncIterator]();
  const keptTrees = openKept(kept, verifier, find);
  /** Null behind a damage, until a checkpoint's own frontier takes it up again. */
  let frontier: Frontier | null = emptyFrontier;
  let expected = 1;
  let pending: Signed | null = null;
  let previous: Checkpoint | null = null;
  let count = 0;
  let signed = 0;
  /** Frames up to here agree with a checkpoint, or stand in a range that is named already. */
  let judged = 0;

  return {
    async begin() {
      pending = await next();
      await settle(0);
    },
    async take(message) {
      const { sequence } = message;
      await pass();
      if (sequence < expected) {
        find("G6", sequence, null, `sequence ${sequence} stands behind ${expected - 1}`);
        return;
      }
      if (sequence > expected) {
        const last = sequence - 1;
        const which = last === expected ? `${expected} is` : `${expected} to ${last} are`;
        find("G6", expected, null, `sequence ${which} missing`);
        frontier = null;
        await settle(last);
      }
      if (frontier !== null) frontier = append(frontier, frameLeafHash(message));
      expected = sequence + 1;
      await settle(sequence);
    },
    async end() {
      await pass();
      const last = expected - 1;
      for (; pending !== null; pending = await next()) {
        missingTail(`checkpoint ${pending.at}`, pending.checkpoint.size, last);
      }
      for (const { size } of keptTrees) {
        if (size > last) missingTail("the kept checkpoint", size, last);
      }
      if (signedThrough > last) missingTail("the record", signedThrough, last);
      const newest = previous?.size ?? 0;
      if (count === 0 && last > 0) {
        find("G6", 0, null, `no checkpoint signs any of the ${last} frames`);
      } else if (newest < signedThrough) {
        const which = newest + 1 === signedThrough
          ? `${signedThrough} is`
          : `${newest + 1} to ${signedThrough} are`;
        find("G6", newest + 1, null, `sequence ${which} signed by no checkpoint`);
      }
    },
    checkpoints: () => count,
    signed: () => signed,
  };

  /** Takes the frames that are next and not here by their range. */
  async function pass(): Promise<void> {
    const range = ranges.get(expected - 1);
    if (range === undefined) return;
    const known = frontier === null ? null : appendRange(frontier, range);
    if (frontier !== null && known === null) {
      find("G6", expected, null, `the hashes in the place of sequence ${expected} do not fit`);
    }
    for (const { size } of keptTrees) {
      if (size <= range.start || size >= range.end) continue;
      find("limit", size, null, `the kept checkpoint of ${size} frames ends among others' frames`);
    }
    frontier = known;
    expected = Math.max(expected, range.end + 1);
    await settle(range.end);
  }

  function missingTail(what: string, size: number, last: number): void {
    const which = size === last + 1 ? `${size} is` : `${last + 1} to ${size} are`;
    find("G6", last + 1, null, `${what} has ${size} frames: sequence ${which} missing`);
  }

  async function settle(position: number): Promise<void> {
    for (const { size, root: keptRoot } of keptTrees) {
      if (size !== position || frontier === null || equalBytes(root(frontier), keptRoot)) continue;
      find("G6", size, null, `the kept checkpoint of ${size} frames has another root`);
    }
    while (pending !== null && pending.checkpoint.size <= position) {
      if (pending.checkpoint.size === position) judge(pending);
      pending = await next();
    }
  }

  function judge({ at, checkpoint, frontier: own }: Signed): void {
    const { size } = checkpoint;
    const from = judged + 1;
    judged = size;
    if (frontier === null) {
      frontier = own;
      return;
    }
    if (equalBytes(root(frontier), checkpoint.root)) {
      signed = size;
      return;
    }
    const which = from >= size ? `frame ${size}` : `a frame from ${from} to ${size}`;
    find("G6", size, null, `${which} changed: root of checkpoint ${at} (${size} frames) differs`);
    frontier = own;
  }

  /** The next checkpoint that is worth comparing. */
  async function next(): Promise<Signed | null> {
    while (true) {
      const result = await reader.next();
      if (result.done === true) return null;
      const message = result.value;
      const at = message.sequence;
      count++;
      const read = readCheckpointMessage(message, verifier);
      if (!read.ok) {
        find("G6", 0, null, `checkpoint ${at} does not verify: ${read.fault}`);
        continue;
      }
      const { checkpoint } = read;
      const before: Checkpoint | null = previous;
      if (before !== null && checkpoint.size < before.size) {
        const sizes = `${checkpoint.size} frames, the one before it ${before.size}`;
        find("G6", checkpoint.size, null, `checkpoint ${at} shrinks: it signs ${sizes}`);
        continue;
      }
      if (before?.size === checkpoint.size && !equalBytes(before.root, checkpoint.root)) {
        const text = `checkpoint ${at} signs another root for ${checkpoint.size} frames`;
        find("G6", checkpoint.size, null, text);
        continue;
      }
      previous = checkpoint;
      return { at, checkpoint, frontier: read.frontier };
    }
  }
}

function openKept(kept: readonly Uint8Array[], verifier: Verifier, find: Find): Checkpoint[] {
  return kept.flatMap((note) => {
    const opened = openCheckpoint(note, verifier);
    if (opened.ok) return [opened.checkpoint];
    find("G6", 0, null, `the kept checkpoint does not verify: ${opened.fault}`);
    return [];
  });
}
