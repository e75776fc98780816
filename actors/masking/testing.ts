/**
 * For the tests of this folder: plans and server messages in few words, and a player that feeds a
 * response whole, byte by byte and in random cuts, and reads what comes out with the codec.
 *
 * @module
 */
import { deepStrictEqual, fail } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { ColumnPlan, MaskPlan, Operator, ResultPlan } from "#schemas/mask_plan.ts";
import {
  backendBytes,
  type BackendMessage,
  decodeBackend,
} from "#schemas/wire/postgres/backend.ts";
import { Framer } from "#schemas/wire/postgres/frame.ts";
import type { DetectorClasses } from "#schemas/detectors/detect.ts";
import { maskingKey } from "./key.ts";
import { beginResponse, openRewriter, rewrite } from "./rewrite.ts";
import type { CatalogView, Failure, RequestPlan, Rewriter, RewriterOptions } from "./rewriter.ts";

export const key = maskingKey(Buffer.alloc(32, 7), 2026);
export const limits = {
  messageBytesMax: 1 << 20,
  copyRowBytesMax: 1 << 16,
  statementsMax: 3,
  detectionsMax: 100,
} as const;
export const detectors: DetectorClasses = {
  email: "email",
  phone: "phone",
  ssn: "ssn",
  card: "card",
  mrn: "mrn",
};
export const options: RewriterOptions = { key, detectors: {}, limits };
export const noCatalog: CatalogView = { classesOf: () => undefined, typeOf: () => undefined };

export const keep: ColumnPlan = { classes: [], mask: { operator: "keep" }, origin: null };
export function masked(mask: Operator, className = "ssn"): ColumnPlan {
  return { classes: [className], mask, origin: null };
}
export const redacted = masked({ operator: "redact" });

export function result(answers: ResultPlan["answers"], more: Partial<ResultPlan>): ResultPlan {
  const statement = answers === "query" ? null : "";
  return { answers, statement, formats: [], columns: [], copy: null, ...more };
}

export function planOf(results: ResultPlan[], errors: MaskPlan["errors"] = "generic"): MaskPlan {
  return { results, errors };
}

export function requestOf(plan: MaskPlan, more: Partial<RequestPlan> = {}): RequestPlan {
  return { plan, catalog: noCatalog, parsed: null, ...more };
}

/** A RowDescription of columns by type, in text or binary, of no table unless told. */
export function describe(
  typeOids: readonly number[],
  format: 0 | 1 = 0,
  table: readonly (readonly [number, number])[] = [],
): BackendMessage {
  const fields = typeOids.map((typeOid, index) => ({
    name: `c${index}`,
    tableOid: table[index]?.[0] ?? 0,
    attribute: table[index]?.[1] ?? 0,
    typeOid,
    typeSize: -1,
    typeModifier: -1,
    format,
  }));
  return { kind: "row_description", fields };
}

export function row(...values: (string | Uint8Array | null)[]): BackendMessage {
  return {
    kind: "data_row",
    values: values.map((value) => typeof value === "string" ? Buffer.from(value) : value),
  };
}

export function complete(tag: string): BackendMessage {
  return { kind: "command_complete", tag };
}
export const ready: BackendMessage = { kind: "ready_for_query", status: "idle" };

/** What came out: messages in short, bytes, counts. */
export type Played = {
  readonly lines: readonly string[];
  readonly bytes: Buffer;
  readonly masked: Readonly<Record<string, number>>;
  readonly failure: Failure | null;
};

/** Feeds the bytes in the cuts, and reads the output to its last byte. */
export function feed(rewriter: Rewriter, bytes: Uint8Array, cuts: readonly number[]): Played {
  const parts: Uint8Array[] = [];
  const totals = new Map<string, number>();
  let failure: Failure | null = null;
  let start = 0;
  for (const end of [...cuts, bytes.length]) {
    // The chunk is overwritten after its turn, as a socket's buffer is.
    const chunk = Uint8Array.from(bytes.subarray(start, end));
    const rewritten = rewrite(rewriter, chunk);
    chunk.fill(0xaa);
    parts.push(rewritten.bytes);
    for (const [name, times] of rewritten.masked) totals.set(name, (totals.get(name) ?? 0) + times);
    failure = rewritten.failure;
    start = end;
  }
  const output = Buffer.concat(parts);
  return { lines: linesOf(output), bytes: output, masked: Object.fromEntries(totals), failure };
}

/** Plays one response three ways: whole, byte by byte, and with the last bytes apart. */
export function play(
  messages: readonly BackendMessage[] | Uint8Array,
  plan: MaskPlan,
  more: { options?: Partial<RewriterOptions>; request?: Partial<RequestPlan> } = {},
): Played {
  const bytes = messages instanceof Uint8Array ? messages : backendBytes(...messages);
  const everyByte = Array.from({ length: Math.max(bytes.length - 1, 0) }, (_, index) => index + 1);
  const [whole, ...others] = [[], everyByte, [Math.max(bytes.length - 3, 0)]].map((cuts) => {
    const rewriter = openRewriter({ ...options, ...more.options }, null);
    beginResponse(rewriter, requestOf(plan, more.request));
    return feed(rewriter, bytes, cuts);
  });
  if (whole === undefined) return fail("nothing was played");
  for (const other of others) deepStrictEqual(other, whole);
  return whole;
}

/** One line a message, as the codec reads it; fails the test when it does not. */
export function linesOf(bytes: Uint8Array): string[] {
  const framer = new Framer({ messageBytesMax: 1 << 24 });
  framer.push(bytes);
  const lines: string[] = [];
  for (let frame = framer.next(); frame.kind !== "need"; frame = framer.next()) {
    if (frame.kind === "malformed") return fail(`malformed: ${frame.code}`);
    const message = decodeBackend(frame);
    if (message.kind === "malformed") return fail(`malformed: ${message.code} ${message.field}`);
    lines.push(lineOf(message));
  }
  if (framer.buffered > 0) return fail("bytes are left over");
  return lines;
}

function lineOf(message: BackendMessage): string {
  switch (message.kind) {
    case "data_row":
      return `D ${message.values.map(shown).join("|")}`;
    case "row_description":
      return `T ${message.fields.map((field) => field.typeOid).join("|")}`;
    case "command_complete":
      return `C ${message.tag}`;
    case "copy_data":
      return `d ${shown(message.data)}`;
    case "error_response":
    case "notice_response":
      return message.fields.map(({ code, value }) => `${code}=${value}`).join(" ");
    case "parameter_status":
      return `S ${message.name}=${message.value}`;
    case "notification_response":
      return `A ${message.channel}:${message.payload}`;
    default:
      return message.kind;
  }
}

function shown(value: Uint8Array | null): string {
  if (value === null) return "NULL";
  const text = Buffer.from(value).toString("latin1");
  return /^[\x20-\x7e\n\t]*$/.test(text) ? text : `\\x${Buffer.from(value).toString("hex")}`;
}
