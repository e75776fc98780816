/**
 * What the verifier read, counted by kind, and its result in words.
 *
 * @module
 */
import type { StoredMessage } from "#actors/_kit/bus.ts";
import { lineText } from "#actors/audit/replay/text.ts";
import type { Finding, Guarantee } from "#actors/audit/verify/finding.ts";
import type { Verification } from "#actors/audit/verify/verify.ts";
import { decisionHeader } from "#schemas/frames.ts";
import { type FrameKind, frameKinds, parseAuditSubject } from "#schemas/subjects.ts";

export type Seen = {
  readonly kinds: Record<FrameKind, number>;
  allows: number;
  frames: number;
};

export function nothingSeen(): Seen {
  const kinds: Record<FrameKind, number> = {
    open: 0,
    request: 0,
    explain: 0,
    estimate: 0,
    verdict: 0,
    approval: 0,
    outcome: 0,
    response: 0,
    close: 0,
    view: 0,
    policy: 0,
  };
  return { kinds, allows: 0, frames: 0 };
}

/** Counts frames as they pass; `onFrame` is called after each. */
export async function* counted(
  frames: AsyncIterable<StoredMessage>,
  seen: Seen,
  onFrame: () => void,
): AsyncGenerator<StoredMessage> {
  for await (const message of frames) {
    seen.frames++;
    const kind = parseAuditSubject(message.subject)?.kind;
    if (kind !== undefined) seen.kinds[kind]++;
    const allows = message.headers.get(decisionHeader)?.startsWith("allow") === true;
    if (kind === "verdict" && allows) seen.allows++;
    onFrame();
    yield message;
  }
}

export type Verified = {
  readonly log: string;
  readonly key: string;
  readonly kept: number;
  /** The one session that was there; null: all of the month. */
  readonly session: string | null;
  readonly seen: Seen;
  readonly result: Verification;
};

/** The report for people; lines without line ends. */
export function verifyReport({ log, key, kept, session, seen, result }: Verified): string[] {
  const { frames, sessions, unclosed, unanswered, untold, checkpoints, signed, through } = result;
  const { kinds, allows } = seen;
  const told = kinds.close - untold;
  const without = unanswered === 0 ? "" : `; ${unanswered} of these have none`;
  const open = unclosed === 0 ? "" : ` (${unclosed} without a close)`;
  const unsigned = Math.max(0, through - signed);
  const findings = result.ok ? [] : result.findings;
  const people = ", every principal and vote as identity signed them";
  const elsewhere = kept === 0 ? "" : `, ${kept} kept elsewhere`;
  const rows: [Guarantee | "", string][] = [
    [
      "G1",
      `${kinds.outcome} outcomes, each of its own of ${allows} allow verdicts, over the same bytes${without}`,
    ],
    [
      "G2",
      `${kinds.response} responses in order, as ${told} of ${kinds.close} closes count and hash them`,
    ],
    ["G5", `${kinds.approval} approval frames: who, for which bytes, once, in time${people}`],
    ["G6", `${frames} frames are the leaves that ${checkpoints} checkpoints sign${elsewhere}`],
  ];
  return [
    `log ${log}`,
    `key ${key}`,
    ...(session === null
      ? []
      : [`of session ${lineText(session, messageCharactersMax)} alone: ` + onlyThis]),
    `${frames} frames of ${sessions} sessions${open}, up to sequence ${through}: ` +
    frameKinds.filter((kind) => kinds[kind] > 0).map((kind) => `${kinds[kind]} ${kind}`).join(", "),
    `signed up to sequence ${signed}` +
    (unsigned === 0 ? "" : `; ${frameCount(unsigned)} not yet signed`),
    ...rows.map(([guarantee, text]) => {
      const wrong = findings.filter((finding) => finding.guarantee === guarantee).length;
      return `${guarantee}  ${wrong === 0 ? "holds " : "BROKEN"}  ${text}`;
    }),
    ...(findings.some(({ guarantee }) => guarantee === "shape") ? [oddLine] : []),
    ...(findings.some(({ guarantee }) => guarantee === "limit") ? [limitLine] : []),
    ...wrongLines(result),
  ];
}

const messageCharactersMax = 300;
const onlyThis = "others' frames are known by their hashes, and what is left out only by the month";
const oddLine = "??  BROKEN  there are frames that no honest actor writes";
const limitLine = "??  UNKNOWN not all could be checked within the verifier's limits";

/** The report for programs. */
export function verifyJson({ log, key, kept, session, seen, result }: Verified) {
  const { frames, sessions, unclosed, unanswered, untold, checkpoints, signed, through } = result;
  return {
    ok: result.ok,
    log,
    key,
    session,
    frames,
    sessions,
    unclosed,
    unanswered,
    untold,
    checkpoints,
    through,
    signed,
    unsigned: Math.max(0, through - signed),
    kinds: seen.kinds,
    checked: ["G1", "G2", "G5", "G6"],
    keptCheckpoints: kept,
    found: result.ok ? 0 : result.found,
    first: result.ok ? null : result.first,
    findings: result.ok ? [] : result.findings,
  };
}

function wrongLines(result: Verification): string[] {
  if (result.ok) return ["VERIFIED"];
  const { first, findings, found } = result;
  const others = findings.slice(1, 10);
  const left = found - 1 - others.length;
  return [
    `NOT VERIFIED: ${found === 1 ? "1 thing is" : `${found} things are`} wrong; the first:`,
    `  ${inWords(first)}`,
    ...others.map((finding) => `  ${inWords(finding)}`),
    ...(left > 0 ? [`  … and ${left} more`] : []),
  ];
}

/** A message may name what stands in a forged frame, which must not speak for us. */
function inWords({ guarantee, session, message }: Finding): string {
  const text = lineText(message, messageCharactersMax);
  return `${guarantee}${session === null ? "" : ` session ${session}`}: ${text}`;
}

function frameCount(count: number): string {
  return count === 1 ? "1 frame" : `${count} frames`;
}
