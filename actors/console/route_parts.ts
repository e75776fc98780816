/** What every route is made of. @module */
import { z } from "zod";
import type { BusClient } from "./bus_client.ts";
import { decide } from "./decision.ts";
import type { Events } from "./events.ts";
import type { Guard } from "./guard.ts";
import type { ApprovalEntry, Ledger } from "./ledger.ts";
import type { CheckpointView } from "./pages/overview.ts";
import { ConsoleError, type ConsolePorts, type Viewer } from "./ports.ts";
import { isShownWhole, type Recordings } from "./recording.ts";
import type { Sight } from "./rights.ts";

export type RouteParts = {
  readonly ports: ConsolePorts;
  readonly guard: Guard;
  readonly ledger: Ledger;
  readonly sight: Sight;
  readonly recordings: Recordings;
  readonly client: BusClient;
  readonly events: Events;
  readonly checkpoint: () => CheckpointView | null;
};

export const DecisionBody = z.strictObject({
  decision: z.enum(["approve", "deny"]),
  justification: z.string(),
  /** The binding that was shown; left out: the newest. */
  binding: z.string().optional(),
});
export type DecisionBody = z.infer<typeof DecisionBody>;

/** Sends a person's decision on its way. @throws ConsoleError */
export function send(
  { client, ledger, recordings, ports: { config, clock } }: RouteParts,
  viewer: Viewer,
  entry: ApprovalEntry,
  { decision, justification, binding = "" }: DecisionBody,
): Promise<"voted" | "granted" | "denied"> {
  const rules = {
    justificationMin: config.approvals.justification_chars_min,
    nowMs: clock.nowMs(),
    isShownWhole: async () => {
      return isShownWhole(
        await recordings.approval(viewer, entry, ledger.session(entry.key.session)),
      );
    },
  };
  return decide(client, viewer, entry, { decision, justification, binding }, rules);
}

export function malformed(): ConsoleError {
  const message = "Send a decision, approve or deny, and a justification.";
  return new ConsoleError(400, "request_malformed", message);
}
