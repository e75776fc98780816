/**
 * The messages of one SSH channel, masked: data by what it is content of, words of the server by
 * detection, everything else as it came.
 *
 * **Invariant (G8):** without a plan for its stream no data leaves. A message that is not a
 * target's, or not whole, ends the channel.
 *
 * @module
 */
import { int32At } from "#schemas/wire/cursor.ts";
import { detectionWithout, type DetectorClasses, maskDetected } from "#schemas/detectors/detect.ts";
import type { StreamPlan } from "#schemas/mask_plan.ts";
import {
  ChannelFramer,
  type ChannelMessage,
  encodeChannelMessages,
} from "#schemas/wire/ssh/channel.ts";
import type { Masked, ResponsePlan, SessionRewriter } from "../session_rewriter.ts";
import { type ContentMasker, openContent } from "./content.ts";
import { SftpReads } from "./sftp_reads.ts";

/** The channel's own request, and the session's opening; all others are input for the first. */
const answeredMax = 1;
const messageBytesMax = 1_000_000;
const findsMax = 100;

/** Opens a session's rewriter. */
export function channelRewriter(detectors: DetectorClasses): SessionRewriter {
  let stream: StreamPlan | null = null;
  let isVerbatim = false;
  /** What standard output and standard error hold back; made when they first say something. */
  const contents = new Map<number, ContentMasker>();
  const counts = new Map<string, number>();
  const reads = new SftpReads();
  let failed = false;
  let isWaiting = false;
  return {
    answers: (request) => request <= answeredMax,
    begin,
    rewrite,
    timePassed() {
      isWaiting = false;
      const messages: ChannelMessage[] = [];
      for (const [type, content] of contents) put(messages, type, content.timePassed());
      return masked(messages);
    },
    requests(parts) {
      for (const part of parts) reads.take(part);
      const messages: ChannelMessage[] = [];
      for (const [type, content] of contents) put(messages, type, content.requests());
      return masked(messages);
    },
    lost: () => endedWith("the response was interrupted and cannot be masked, so it was withheld"),
    cut,
  };

  function begin({ plan }: ResponsePlan): void {
    stream = plan.stream ?? null;
    isVerbatim = plan.verbatim === true;
    contents.clear();
  }

  function rewrite(part: Uint8Array, rest: "more" | "none"): Masked {
    const messages: ChannelMessage[] = [];
    const framer = new ChannelFramer({ messageBytesMax });
    framer.push(part);
    for (let message = framer.next(); !failed; message = framer.next()) {
      if (message.kind === "need") {
        // A length alone is four bytes: more is wanted exactly when a message was cut.
        failed = message.bytes !== 4;
        break;
      }
      failed = message.kind === "malformed" || !take(message, messages);
    }
    if (rest === "none" && !failed) flush(messages);
    return masked(messages);
  }

  /** Says whether the message is one of a target's that may leave. */
  function take(message: ChannelMessage, messages: ChannelMessage[]): boolean {
    switch (message.kind) {
      case "data":
        return takeData(outputType, message.data, messages);
      case "extended_data":
        return takeData(message.type, message.data, messages);
      case "eof":
      case "close":
        flush(messages);
        messages.push(message);
        return true;
      case "open_confirmation":
      case "success":
      case "failure":
      case "exit_status":
        messages.push(message);
        return true;
      case "open_failure":
        messages.push({ ...message, description: wordsOf(message.description) });
        return true;
      case "exit_signal":
        messages.push({
          ...message,
          name: wordsOf(message.name),
          message: wordsOf(message.message),
        });
        return true;
      default:
        return false;
    }
  }

  function takeData(type: number, data: Uint8Array, messages: ChannelMessage[]): boolean {
    if (stream === null) return false;
    let content = contents.get(type);
    if (content === undefined) {
      // RFC 4254 section 5.2 defines no other type than standard error.
      if (type !== outputType && type !== errorType) return false;
      content = openContent(stream, type === errorType, isVerbatim ? {} : detectors, counts, reads);
      contents.set(type, content);
    }
    const out = content.push(data);
    put(messages, type, out);
    return out !== null;
  }

  function flush(messages: ChannelMessage[]): void {
    for (const [type, content] of contents) put(messages, type, content.end());
  }

  function masked(messages: ChannelMessage[]): Masked {
    const taken = new Map(counts);
    counts.clear();
    const all = [...contents.values()];
    failed ||= all.some((content) => content.isBroken);
    if (failed) {
      const bytes = endedWith("the target's answer could not be understood and was withheld");
      return { bytes, masked: taken, failed, waitMs: null, wantsRequests: false };
    }
    const wantsRequests = all.some((content) => content.wantsRequests);
    const waits = all.flatMap(({ waitMs }) => waitMs === null ? [] : [waitMs]);
    const waitMs = isWaiting || waits.length === 0 ? null : Math.min(...waits);
    isWaiting ||= waitMs !== null;
    return { bytes: encodeChannelMessages(messages), masked: taken, failed, waitMs, wantsRequests };
  }

  function wordsOf(text: string): string {
    const detection = detectionWithout(detectors, stream?.revealed ?? [], findsMax);
    if (detection === null) return text;
    const count = (name: string, times: number) => {
      counts.set(name, (counts.get(name) ?? 0) + times);
    };
    return utf8.decode(maskDetected(new TextEncoder().encode(text), "text", detection, count));
  }
}

const utf8 = new TextDecoder();
const outputType = 0;
const errorType = 1;

/** Data of a message that leaves; so pieces of a cut part hold whole messages. */
const dataBytesMax = 65_536;

function put(messages: ChannelMessage[], type: number, all: Uint8Array | null): void {
  if (all === null) return;
  for (let from = 0; from < all.length; from += dataBytesMax) {
    const data = all.subarray(from, from + dataBytesMax);
    messages.push(
      type === outputType ? { kind: "data", data } : { kind: "extended_data", type, data },
    );
  }
}

/** Pieces of whole messages: who reads a part knows nothing of the one before. */
function cut(bytes: Uint8Array, bytesMax: number): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  let end = 0;
  while (end < bytes.length) {
    const next = end + 4 + int32At(bytes, end);
    if (next - start > bytesMax && end > start) {
      pieces.push(bytes.subarray(start, end));
      start = end;
    }
    end = next;
  }
  return [...pieces, bytes.subarray(start)];
}

/** Words on standard error, and the end of the channel. */
function endedWith(words: string): Uint8Array {
  const data = new TextEncoder().encode(`sallyport: ${words}\r\n`);
  return encodeChannelMessages([
    { kind: "extended_data", type: errorType, data },
    { kind: "close" },
  ]);
}
