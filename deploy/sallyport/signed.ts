/** How far the log is signed. @module */
import { throughHeader } from "#schemas/log/checkpoint_message.ts";
import { checkpointStream, checkpointSubject } from "#schemas/subjects.ts";
import type { RecordBus } from "./evidence_file.ts";
import type { Terminal } from "./verb.ts";

/** Audit signs every second; a machine that is busy may take longer. */
const signWaitMsMax = 15_000;
const signPollMs = 50;

/** The newest checkpoint: how many frames it signs, and its sequence; zeros when there is none. */
export type Signature = { readonly frames: number; readonly checkpoint: number };

/** Waits until the newest checkpoint covers `frames`; those that come meanwhile may be unsigned. */
export async function waitForSignature(
  bus: RecordBus,
  log: string,
  frames: number,
  terminal: Terminal,
): Promise<Signature> {
  for (const until = performance.now() + signWaitMsMax;;) {
    const newest = await bus.last(checkpointStream, checkpointSubject(log));
    const signed = Number(newest?.headers.get(throughHeader) ?? 0);
    const signature = { frames: signed, checkpoint: newest?.sequence ?? 0 };
    if (signed >= frames) return signature;
    if (performance.now() > until) {
      terminal.say(`the newest checkpoint signs ${signed} frames: is audit running?`);
      return signature;
    }
    await new Promise((resolve) => setTimeout(resolve, signPollMs));
  }
}
