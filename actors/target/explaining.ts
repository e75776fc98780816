/**
 * Questions of authz's to the server's planner: which texts of a request they are about, and what
 * becomes of the answer.
 *
 * **Invariant (G1):** a text is planned only when it stands in bytes whose SHA-256 is that of a
 * stored `explain`, and once for each.
 *
 * @module
 */
import type { Effect } from "#actors/_kit/actor.ts";
import type { Frame } from "#actors/_kit/frame.ts";
import { decodeControl, encodeControl, type Estimate, type Explain } from "#schemas/frames.ts";
import { joinBytes } from "#schemas/join_bytes.ts";
import { statementTexts } from "#schemas/wire/postgres/statement_texts.ts";
import type { TargetCommand } from "./inputs.ts";
import { sha256 } from "./pending.ts";
import type { Planned } from "./reach.ts";
import type { TargetState } from "./state.ts";

/** Which question an answer is to. */
export type Asked = Pick<Estimate, "request" | "digest" | "explain">;

/** Has the statements planned that are asked about; what cannot be is answered at once. */
export function explain(
  state: TargetState,
  frame: Frame,
  redelivered: boolean,
  out: Effect<TargetCommand>[],
): void {
  // Whoever was given it before may have answered; without an answer authz goes on by itself.
  if (redelivered) return;
  const question = decodeControl("explain", frame.payload);
  if (question === null) return;
  const { request, digest } = question;
  const asked = { request, digest, explain: frame.sequence };
  const statements = state.phase === "ready" ? plannedOf(state, question) : null;
  const { connection } = state;
  if (statements === null) return estimated(asked, question.statements.map(() => null), out);
  out.push({ kind: "run", command: { kind: "estimate", connection, asked, statements } });
}

/** Stores an answer. */
export function estimated<C>(
  asked: Asked,
  rows: readonly (number | null)[],
  out: Effect<C>[],
): void {
  const place = { request: asked.request, part: 0, more: false };
  const payload = encodeControl("estimate", { version: 1, ...asked, rows: [...rows] });
  out.push({ kind: "publish", frame: "estimate", place, payload });
}

/** The statements as they stand in the request; null unless all its bytes are those named. */
function plannedOf(state: TargetState, question: Explain): readonly Planned[] | null {
  const pending = state.pending.get(question.request);
  if (pending === undefined || !pending.complete || pending.operation.kind !== "statements") {
    return null;
  }
  if (sha256(pending.parts) !== question.digest) return null;
  const texts = statementTexts(joinBytes(pending.parts));
  const planned = question.statements.flatMap(({ message, searchPath }) => {
    const found = texts?.get(message);
    return found === undefined ? [] : [{ ...found, searchPath }];
  });
  return planned.length === question.statements.length ? planned : null;
}
