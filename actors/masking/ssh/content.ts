/**
 * What the data of a channel is masked as: text of a terminal or a program, packets of sftp, or the
 * bytes of a tunnel.
 *
 * @module
 */
import { detectionWithout, type DetectorClasses } from "#schemas/detectors/detect.ts";
import type { StreamPlan } from "#schemas/mask_plan.ts";
import { unreachable } from "#schemas/unreachable.ts";
import { sftpContent } from "./sftp.ts";
import type { SftpReads } from "./sftp_reads.ts";
import { TextMasker } from "./text_masker.ts";
import { joinBytes } from "#schemas/join_bytes.ts";

export type ContentMasker = {
  /** What leaves, which may be a view of what came; null: it is not understood. */
  push(data: Uint8Array): Uint8Array | null;
  /** `waitMs` are over: what was held back at the time before this leaves. */
  timePassed(): Uint8Array;
  /** Nothing follows. */
  end(): Uint8Array;
  /** When to say that time passed; null: what is held back waits for more bytes. */
  readonly waitMs: number | null;
  /** The session's requests are needed that were not read yet: `requests` says that they were. */
  readonly wantsRequests: boolean;
  requests(): Uint8Array;
  /** What came cannot be understood after all. */
  readonly isBroken: boolean;
};

/** Opens the content of standard output, or of standard error, which is text in any case. */
export function openContent(
  plan: StreamPlan,
  isError: boolean,
  detectors: DetectorClasses,
  counts: Map<string, number>,
  reads: SftpReads,
): ContentMasker {
  const classes = detectionWithout(detectors, plan.revealed, 1)?.classes ?? null;
  const content = isError ? "output" : plan.content;
  if (classes === null) return verbatim;
  switch (content) {
    case "tunnel":
      return verbatim;
    case "terminal":
      return textContent(new TextMasker(classes, counts), plan.holdMsMax);
    case "output":
      // Programs that speak a protocol with their client (scp, rsync, git, tar) count bytes.
      return textContent(new TextMasker(classes, counts, "same_length"), plan.holdMsMax);
    case "sftp":
      return sftpContent(classes, plan.files, reads, counts);
    default:
      return unreachable(content);
  }
}

const nothing = new Uint8Array(0);
/** What needs nothing but the data itself. */
const byItself = { wantsRequests: false, requests: () => nothing, isBroken: false } as const;
const verbatim: ContentMasker = {
  ...byItself,
  push: (data) => data,
  timePassed: () => nothing,
  end: () => nothing,
  waitMs: null,
};

/**
 * How long a word or a few digits are held back where nobody said how long: a program may wait for
 * an answer to them.
 */
const wordsMs = 20;
/** An echo of a key is not longer than one character of UTF-8. */
const echoBytesMax = 4;

/**
 * Text. A person waits at most `holdMsMax` for what is held back. Else numbers wait until they are
 * decided, and only words and a few digits leave when nothing follows them.
 */
function textContent(masker: TextMasker, holdMsMax: number | null): ContentMasker {
  /** Where what was held back the last time began to come. */
  let heldFrom: number | null = null;
  return {
    ...byItself,
    push(data) {
      const out = masker.push(data);
      // A key's echo is at once on the screen; a word is not known to go on to an address.
      const isEcho = holdMsMax !== null && data.length <= echoBytesMax && masker.held === "word";
      return isEcho ? joinBytes([out, masker.release()]) : out;
    },
    timePassed() {
      const isDue = mayLeave() && heldFrom === masker.heldFrom;
      heldFrom = isDue || !mayLeave() ? null : masker.heldFrom;
      return isDue ? masker.release() : nothing;
    },
    end: () => masker.end(),
    get waitMs() {
      // What comes between two times leaves at the second one after it.
      return mayLeave() ? Math.max(1, Math.floor((holdMsMax ?? wordsMs) / 2)) : null;
    },
  };

  function mayLeave(): boolean {
    if (masker.held === "nothing") return false;
    // Among bytes that are no text, what looks like a number may be what the other side awaits.
    return holdMsMax !== null || masker.held !== "number" || masker.isBinary;
  }
}
